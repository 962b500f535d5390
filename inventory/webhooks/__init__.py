"""Webhook endpoints, their deliveries and low-stock events.

May import `audit`, `idempotency` and `stock` and the layers below.
"""
