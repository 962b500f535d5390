"""Paginated lists of the whole warehouse, for pages, API and exports.

The balance tables `lot_heads` and `open_lines` find the rows, and `item_heads` has an item's sums;
every other figure comes from the latest ledger entries.

May import `verification` and `barcodes` and the layers below.
"""

from inventory.queries.audit_log import AUDIT_CHOICES, AuditEntry, list_audit
from inventory.queries.barcodes import list_codes
from inventory.queries.entries import list_entries
from inventory.queries.items import (
    ITEM_SORTS,
    StockedItem,
    list_items,
    stocked_items,
    suggest_items,
    units,
)
from inventory.queries.lots import LOT_SORTS, LotDecision, decisions_on, list_lots
from inventory.queries.operations import list_operations
from inventory.queries.pagination import MAX_ROWS, USUAL_ROWS, Page, all_pages
from inventory.queries.references import MAX_REFERENCES, Reference, find_reference, list_references
from inventory.queries.reservations import list_reservations

__all__ = [
    "AUDIT_CHOICES",
    "ITEM_SORTS",
    "LOT_SORTS",
    "MAX_REFERENCES",
    "MAX_ROWS",
    "USUAL_ROWS",
    "AuditEntry",
    "LotDecision",
    "Page",
    "Reference",
    "StockedItem",
    "all_pages",
    "decisions_on",
    "find_reference",
    "list_audit",
    "list_codes",
    "list_entries",
    "list_items",
    "list_lots",
    "list_operations",
    "list_references",
    "list_reservations",
    "stocked_items",
    "suggest_items",
    "units",
]  # fmt: skip
