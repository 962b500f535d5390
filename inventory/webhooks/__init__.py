"""Webhook endpoints, their delivery and low-stock events. Imports `stock` and below."""
