"""Lists over the whole warehouse, page by page: for the API, the pages and exports.

The read cache (`lot_heads`, `open_lines`) finds the rows, and `item_heads` has what an item's lots
add up to; every other figure comes from the ledger's latest entries.
"""

from inventory.listing.audits import AUDIT_CHOICES, Note, list_audit
from inventory.listing.codes import list_codes
from inventory.listing.entries import list_entries
from inventory.listing.items import (
    ITEM_SORTS,
    StockedItem,
    list_items,
    stocked_items,
    suggest_items,
    units,
)
from inventory.listing.lots import LOT_SORTS, Decision, decisions_on, list_lots
from inventory.listing.operations import list_operations
from inventory.listing.paging import MOST_ROWS, USUAL_ROWS, Page, all_pages
from inventory.listing.references import MOST_REFERENCES, Reference, find_reference, list_references
from inventory.listing.reservations import list_reservations

__all__ = [
    "AUDIT_CHOICES", "ITEM_SORTS", "LOT_SORTS", "MOST_REFERENCES", "MOST_ROWS", "USUAL_ROWS",
    "Decision", "Note", "Page", "Reference", "StockedItem", "all_pages", "decisions_on",
    "find_reference",
    "list_audit", "list_codes", "list_entries",
    "list_items", "list_lots", "list_operations",
    "list_references", "list_reservations", "stocked_items", "suggest_items",
    "units",
]  # fmt: skip
