"""Version 1 of the API: /api/v1."""

from inventory.api.v1 import codes, entries, items, lots, operations, recalls, reservations
from inventory.api.v1.blueprint import v1

__all__ = ["codes", "entries", "items", "lots", "operations", "recalls", "reservations", "v1"]
