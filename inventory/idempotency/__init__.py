"""Idempotency keys: each key of a user has one outcome."""
