"""Errors, quantities, validation and clock.

May import no other package of the product.
"""
