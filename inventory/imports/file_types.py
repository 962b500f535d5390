"""The kinds of import files and their columns."""

from __future__ import annotations

from dataclasses import dataclass

from inventory.common.messages import message
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
    "item",
    "item code",
    "item no",
    "item number",
    "part",
    "part no",
    "part number",
    "sku",
    "product",
    "product code",
    "article",
    "article no",
    "material",
    "code",
    "stock code",
)
_LOT_NAMES = ("lot", "lot code", "lot no", "lot number", "batch", "batch no", "batch number")
_QTY_NAMES = (
    "qty",
    "quantity",
    "on hand",
    "stock",
    "in stock",
    "amount",
    "count",
    "balance",
    "qty on hand",
    "quantity on hand",
    "opening stock",
    "opening balance",
)


def _item() -> Field:
    hint = message("The item's code. The item must exist.")
    return Field("item", message("Item"), hint, cell_parsers.code, True, _ITEM_NAMES)


_LOT = Field(
    "lot_code",
    message("Lot"),
    message("The lot number, from the label."),
    cell_parsers.new_code,
    True,
    _LOT_NAMES,
)

ITEMS = FileType(
    "items",
    message("Items"),
    message("Items with code, name and unit. Existing items are updated."),
    (
        Field(
            "code",
            message("Code"),
            message("Unique; cannot change once the item has entries."),
            cell_parsers.new_code,
            True,
            _ITEM_NAMES,
        ),
        Field(
            "name",
            message("Name"),
            message("The name of the item."),
            cell_parsers.words(200),
            True,
            ("description", "item name", "product name", "title", "designation"),
        ),
        Field(
            "unit",
            message("Unit"),
            message("The unit of measure: pcs, kg, m. Default: pcs."),
            cell_parsers.words(16),
            False,
            ("uom", "unit of measure", "units", "measure"),
        ),
        Field(
            "decimals",
            message("Decimal places"),
            message("Decimal places of its quantities, 0 to 6. Default: 0."),
            cell_parsers.decimals,
            False,
            ("decimal places", "precision"),
        ),
        Field(
            "qc_required",
            message("QC required"),
            message("yes or no: whether new lots start in quarantine."),
            cell_parsers.yes_or_no,
            False,
            ("qc", "inspection", "needs qc", "quality control"),
        ),
        Field(
            "reorder_point",
            message("Reorder point"),
            message("The item is low if the free quantity is at or below this."),
            cell_parsers.qty_or_none,
            False,
            (
                "reorder at",
                "reorder level",
                "min",
                "minimum",
                "min stock",
                "minimum stock",
                "safety stock",
            ),
        ),
    ),
    ("code",),
    "item",
)
STOCK = FileType(
    "stock",
    message("Opening stock"),
    message("Stock on hand today, each lot with its quantity."),
    (
        _item(),
        _LOT,
        Field(
            "qty",
            message("Quantity"),
            message("Quantity on hand. Rows with 0 are skipped."),
            cell_parsers.qty,
            True,
            _QTY_NAMES,
        ),
        Field(
            "qc_status",
            message("QC status"),
            message(
                "approved, quarantine or rejected. Default: quarantine for items that require QC."
            ),
            cell_parsers.status,
            False,
            ("status", "qc", "quality", "state", "quality status"),
        ),
        Field(
            "expires_on",
            message("Expires on"),
            message("The last day on which the lot can be reserved and issued."),
            cell_parsers.day,
            False,
            (
                "expiry",
                "expires",
                "expiry date",
                "expiration date",
                "best before",
                "use by",
                "bbd",
                "exp date",
            ),
        ),
        Field(
            "location",
            message("Location"),
            message("The location."),
            cell_parsers.line(64),
            False,
            ("bin", "shelf", "place", "storage", "warehouse location", "storage bin"),
        ),
        Field(
            "supplier_lot",
            message("Supplier's lot number"),
            message("The lot number of the supplier."),
            cell_parsers.line(64),
            False,
            (
                "supplier lot",
                "vendor lot",
                "supplier batch",
                "vendor batch",
                "manufacturer lot",
                "supplier's lot",
            ),
        ),
    ),
    ("item", "lot_code"),
    "lot",
    True,
)
REORDER_POINTS = FileType(
    "reorder-points",
    message("Reorder points"),
    message("The quantities at which items are low."),
    (
        _item(),
        Field(
            "reorder_point",
            message("Reorder point"),
            message(
                "The item is low if the free quantity is at or below this. Write “none” to delete"
                " the reorder point."
            ),
            cell_parsers.qty_or_none,
            True,
            (
                "reorder at",
                "reorder level",
                "min",
                "minimum",
                "min stock",
                "minimum stock",
                "safety stock",
            ),
        ),
    ),
    ("item",),
    "item",
)
CODES = FileType(
    "codes",
    message("Barcodes"),
    message("Linked barcodes and the item or lot that each identifies."),
    (
        Field(
            "code",
            message("Barcode"),
            message("As printed or scanned: a GTIN or any other barcode."),
            cell_parsers.barcode,
            True,
            ("barcode", "gtin", "ean", "upc", "ean code", "gtin 13", "ean 13", "scan code"),
        ),
        _item(),
        Field(
            "lot_code",
            message("Lot"),
            message("Only if the barcode identifies one lot."),
            cell_parsers.code,
            False,
            _LOT_NAMES,
        ),
        Field(
            "qty",
            message("Quantity per scan"),
            message("Quantity per scan. Default: 1."),
            cell_parsers.positive_qty,
            False,
            ("qty", "quantity", "pack", "pack size", "per scan", "units per pack", "one scan is"),
        ),
    ),
    ("code",),
    "code",
)
COUNTS = FileType(
    "counts",
    message("Counts"),
    message("Counted quantities; the difference is posted."),
    (
        _item(),
        _LOT,
        Field(
            "counted",
            message("Counted"),
            message("The counted quantity; 0 is allowed."),
            cell_parsers.qty,
            True,
            ("counted qty", "count", "found", "actual", "physical", "qty", "quantity"),
        ),
        Field(
            "expected",
            message("Expected"),
            message(
                "The quantity on hand on the counting sheet. A lot whose quantity has changed"
                " since then is refused."
            ),
            cell_parsers.qty,
            False,
            ("on hand", "book", "system", "expected qty", "book qty", "system qty"),
        ),
    ),
    ("item", "lot_code"),
    "lot",
    True,
)

KINDS = {kind.name: kind for kind in (ITEMS, STOCK, REORDER_POINTS, CODES, COUNTS)}
