"""The kinds of import files and their columns."""

from __future__ import annotations

from dataclasses import dataclass

from inventory.imports import cell_parsers
from inventory.imports.cell_parsers import Reader


@dataclass(frozen=True, slots=True)
class Field:
    """A column: its names, and the parser of its cells."""

    name: str
    label: str
    hint: str
    read: Reader
    required: bool = False
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FileType:
    """A kind of import file."""

    name: str
    title: str
    what: str
    fields: tuple[Field, ...]
    #: The fields that identify a row; two rows cannot have the same values.
    identity: tuple[str, ...]
    #: What a row describes.
    one: str
    #: Whether the import is a ledger operation, which can have a reference.
    moves_stock: bool = False

    def field(self, name: str) -> Field:
        """Return the field with this name."""
        return next(field for field in self.fields if field.name == name)


_ITEM_NAMES = (
    "item", "item code", "item no", "item number", "part", "part no", "part number", "sku",
    "product", "product code", "article", "article no", "material", "code", "stock code",
)  # fmt: skip
_LOT_NAMES = ("lot", "lot code", "lot no", "lot number", "batch", "batch no", "batch number")
_QTY_NAMES = (
    "qty", "quantity", "on hand", "stock", "in stock", "amount", "count", "balance", "qty on hand",
    "quantity on hand", "opening stock", "opening balance",
)  # fmt: skip


def _item() -> Field:
    hint = "The item's code. The item must exist."
    return Field("item", "Item", hint, cell_parsers.code, True, _ITEM_NAMES)


_LOT = Field(
    "lot_code", "Lot", "The lot's code, as on its label.", cell_parsers.new_code, True, _LOT_NAMES
)

ITEMS = FileType(
    "items", "Items", "What you stock: codes, names, units. Known items are brought up to date.",
    (
        Field("code", "Code", "Unique, and kept for ever once used.", cell_parsers.new_code, True,
              _ITEM_NAMES),
        Field("name", "Name", "What it is.", cell_parsers.words(200), True,
              ("description", "item name", "product name", "title", "designation")),
        Field("unit", "Unit", "What it is counted in: pcs, kg, m. pcs when empty.",
              cell_parsers.words(16), False, ("uom", "unit of measure", "units", "measure")),
        Field("decimals", "Decimals", "How finely it is counted, 0 to 6. 0 when empty.",
              cell_parsers.decimals, False, ("decimal places", "precision")),
        Field("qc_required", "QC required", "yes or no: whether new lots wait for inspection.",
              cell_parsers.yes_or_no, False, ("qc", "inspection", "needs qc", "quality control")),
        Field("reorder_point", "Reorder point", "Warn when what is free falls to this.",
              cell_parsers.qty_or_none, False,
              ("reorder at", "reorder level", "min", "minimum", "min stock", "minimum stock",
               "safety stock")),
    ),
    ("code",), "item",
)  # fmt: skip
STOCK = FileType(
    "stock", "Opening stock", "What stands on the shelves today, each lot with its quantity.",
    (
        _item(), _LOT,
        Field("qty", "Quantity", "What is there. Rows with 0 are left out.", cell_parsers.qty, True,
              _QTY_NAMES),
        Field("qc_status", "QC status",
              "approved, quarantine or rejected. When empty: quarantine for items that require QC.",
              cell_parsers.status, False, ("status", "qc", "quality", "state", "quality status")),
        Field("expires_on", "Expires on", "The last day on which it may be used.", cell_parsers.day,
              False, ("expiry", "expires", "expiry date", "expiration date", "best before",
                      "use by", "bbd", "exp date")),
        Field("location", "Location", "Where it stands.", cell_parsers.line(64), False,
              ("bin", "shelf", "place", "storage", "warehouse location", "storage bin")),
        Field("supplier_lot", "Supplier's lot", "How the supplier names the lot.",
        cell_parsers.line(64),
              False, ("supplier lot", "vendor lot", "supplier batch", "vendor batch",
                      "manufacturer lot")),
    ),
    ("item", "lot_code"), "lot", True,
)  # fmt: skip
REORDER_POINTS = FileType(
    "reorder-points", "Reorder points", "When to warn that an item runs low.",
    (
        _item(),
        Field("reorder_point", "Reorder point", "Warn at this much. none takes it away.",
              cell_parsers.qty_or_none, True,
              ("reorder at", "reorder level", "min", "minimum", "min stock", "minimum stock",
               "safety stock")),
    ),
    ("item",), "item",
)  # fmt: skip
CODES = FileType(
    "codes", "Codes", "Barcodes that scanners read, and the item or lot that each stands for.",
    (
        Field("code", "Code", "As it is printed or scanned: a GTIN, or any other.",
              cell_parsers.barcode, True,
              ("barcode", "gtin", "ean", "upc", "ean code", "gtin 13", "ean 13", "scan code")),
        _item(),
        Field("lot_code", "Lot", "Only when the code stands for one lot.", cell_parsers.code, False,
              _LOT_NAMES),
        Field("qty", "One scan is", "How much one scan stands for. 1 when empty.",
              cell_parsers.positive_qty, False,
              ("qty", "quantity", "pack", "pack size", "per scan", "units per pack")),
    ),
    ("code",), "code",
)  # fmt: skip
COUNTS = FileType(
    "counts", "Counts", "What was counted on the shelves; stock is set right by the difference.",
    (
        _item(), _LOT,
        Field("counted", "Counted", "What was found; 0 is an answer.", cell_parsers.qty, True,
              ("counted qty", "count", "found", "actual", "physical", "qty", "quantity")),
        Field("expected", "Expected", "What the counting sheet said; when given, a lot that"
              " moved on since is refused.", cell_parsers.qty, False,
              ("on hand", "book", "system", "expected qty", "book qty", "system qty")),
    ),
    ("item", "lot_code"), "lot", True,
)  # fmt: skip

KINDS = {kind.name: kind for kind in (ITEMS, STOCK, REORDER_POINTS, CODES, COUNTS)}
