"""Reports on many items: analytics, overview and tables."""
