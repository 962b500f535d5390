"""Hostile requests to every route: real forms and bodies with hostile values."""
