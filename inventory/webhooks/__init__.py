"""Webhook endpoints, their deliveries and low-stock events."""
