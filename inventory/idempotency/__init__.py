"""Idempotency keys: one key, one outcome. Imports `models` and below."""
