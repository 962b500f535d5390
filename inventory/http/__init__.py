"""Middleware and Flask hooks shared by pages and API.

May import `exports`, `demo` and `doctor` and the layers below.
"""
