"""Idempotency keys: each key of a user has one outcome.

May import `models` and the layers below.
"""
