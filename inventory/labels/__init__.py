"""Labels for lots, items and locations: PDF for paper, ZPL for label printers.

May import `verification` and `barcodes` and the layers below.
"""

from inventory.labels.content import (
    MAX_LABELS,
    Label,
    copies_of,
    item_labels,
    location_labels,
    lot_labels,
)
from inventory.labels.paper_layouts import LAYOUTS, Layout, layout_of
from inventory.labels.pdf import to_pdf
from inventory.labels.zpl import to_zpl

__all__ = [
    "LAYOUTS",
    "MAX_LABELS",
    "Label",
    "Layout",
    "copies_of",
    "item_labels",
    "layout_of",
    "location_labels",
    "lot_labels",
    "to_pdf",
    "to_zpl",
]
