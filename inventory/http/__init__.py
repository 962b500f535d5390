"""Middleware and Flask hooks shared by pages and API; imports neither of them."""
