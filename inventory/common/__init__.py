"""Errors, quantities, validation and clock; imports nothing else of the package."""
