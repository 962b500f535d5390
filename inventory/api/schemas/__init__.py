"""Models of request bodies, query parameters and responses."""
