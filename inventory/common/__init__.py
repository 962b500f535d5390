"""Errors, quantities, validation and clock. Imports nothing of the inventory."""
