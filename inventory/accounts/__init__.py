"""Users, sign-in, sessions, two-factor authentication and API tokens.

May import `audit`, `idempotency` and `stock` and the layers below.
"""
