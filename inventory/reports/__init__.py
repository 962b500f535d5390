"""Figures over many items: analytics, overview and tables. Imports `exports` and below."""
