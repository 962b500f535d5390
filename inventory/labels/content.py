"""Content of labels: the barcode and the text lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from sqlalchemy.engine import Connection

from inventory import barcodes
from inventory.barcodes import internal_codes
from inventory.common import validation
from inventory.common.errors import InvalidCode, InvalidInput, NotFound
from inventory.common.messages import message
from inventory.common.quantity import format_qty
from inventory.stock import queries as stock
from inventory.stock.entities import Item, Lot

#: Labels in one print at most.
MAX_LABELS = 1000

Symbol = Literal["datamatrix", "qr"]


@dataclass(frozen=True, slots=True)
class Line:
    """A text line; one with `may` is dropped if the label is too small."""

    text: str
    bold: bool = False
    #: Height relative to the other lines, if there is room.
    size: float = 1.0
    optional: bool = False
    #: Whether the end can be cut off: true for names, never for codes.
    can_truncate: bool = False


@dataclass(frozen=True, slots=True)
class Label:
    """A label.

    `code` is a GS1 message with brackets in a DataMatrix, or an internal code in a QR code.
    """

    symbol: Symbol
    code: str
    lines: tuple[Line, ...]

    @property
    def is_gs1(self) -> bool:
        """Return whether the barcode is a GS1 DataMatrix."""
        return self.symbol == "datamatrix"

    @property
    def typed(self) -> str:
        """Return what a scanner sends for the barcode."""
        if not self.is_gs1:
            return self.code
        return "".join(field.ai + field.value for field in barcodes.parse_scan(self.code).fields)


def lot_label(lot: Lot, *, gtin: str | None = None, qty: int | None = None) -> Label:
    """Return the label of a lot.

    The barcode is GS1 if the item has a GTIN and the lot number fits, else internal. `qty` is
    printed if given.
    """
    words = _words(lot.item)
    words.append(Line(f"Lot {lot.lot_code}", bold=True, size=1.3))
    if lot.expires_on:
        words.append(Line(f"Exp {lot.expires_on.isoformat()}", bold=True))
    if qty is not None:
        words.append(Line(f"Qty {format_qty(qty)} {lot.item.unit}", optional=True))
    assert lot.id is not None
    code = internal_codes.lot_content(lot.id, lot.item.code, lot.lot_code)
    return _label(_gs1(gtin, lot.expires_on, lot.lot_code), code, words)


def item_label(item: Item, *, gtin: str | None = None) -> Label:
    """Return the label of an item, for its location."""
    words = _words(item)
    words.append(Line(f"Unit {item.unit}", optional=True))
    return _label(_gs1(gtin), internal_codes.item_content(item.id, item.code), words)


def location_label(location: str) -> Label:
    """Return the label of a location."""
    words = (Line(location, bold=True, size=2.5),)
    return Label("qr", internal_codes.location_content(location), words)


def lot_labels(conn: Connection, lot_ids: Iterable[int], *, with_qty: bool = False) -> list[Label]:
    """Return the labels of these lots in their order.

    `with_qty` adds the quantity on hand.

    Raises:
        NotFound: a lot does not exist.
    """
    ids = list(lot_ids)
    known = {lot.id: lot for lot in stock.read_lots(conn, ids)}
    for id in ids:
        if id not in known:
            raise NotFound(message("There is no lot with the ID %(id)s.", id=id), lot_id=id)
    gtins = _gtins(conn, {lot.item.id for lot in known.values()})
    lots = [known[id] for id in ids]
    return [
        lot_label(lot, gtin=gtins[lot.item.id], qty=lot.on_hand if with_qty else None)
        for lot in lots
    ]


def item_labels(conn: Connection, codes_: Iterable[str]) -> list[Label]:
    """Return the labels of the items with these codes.

    Raises:
        NotFound: an item does not exist.
    """
    items = [stock.get_item(conn, code) for code in codes_]
    gtins = _gtins(conn, {item.id for item in items})
    return [item_label(item, gtin=gtins.get(item.id)) for item in items]


def location_labels(locations: Iterable[str]) -> list[Label]:
    """Return the labels of these locations.

    Raises:
        InvalidInput: a name is invalid.
    """
    return [
        location_label(validation.validate_code(location, field="location"))
        for location in locations
    ]


def _gtins(conn: Connection, item_ids: Iterable[int]) -> dict[int, str | None]:
    return {id: barcodes.gtin_of(barcodes.read_links(conn, item_id=id)) for id in item_ids}


def _words(item: Item) -> list[Line]:
    return [Line(item.code, bold=True, size=1.2), Line(item.name, optional=True, can_truncate=True)]


def _label(gs1: str | None, own_code: str, words: list[Line]) -> Label:
    code = gs1 or own_code
    if len(code) <= 64:  # longer codes cannot be typed
        words.append(Line(code, size=0.7, optional=True))
    return Label("datamatrix" if gs1 else "qr", code, tuple(words))


def _gs1(gtin: str | None, expires_on: date | None = None, lot_code: str = "") -> str | None:
    """Return the GS1 message, or None if GS1 cannot express it.

    Reasons are characters, length, or an expiry date too far away. The lot number comes last, so
    that no separator after it can be lost.
    """
    if gtin is None:
        return None
    message = f"(01){gtin}"
    message += f"(17){expires_on:%y%m%d}" if expires_on else ""
    message += f"(10){lot_code}" if lot_code else ""
    if set("()") & set(lot_code):
        return None
    try:
        read = barcodes.parse_scan(message)
    except InvalidCode:
        return None
    same = (read.lot_code or "", read.expires_on) == (lot_code, expires_on)
    return message if same else None


def copies_of(labels: list[Label], copies: int) -> list[Label]:
    """Return each label `copies` times, one after the other.

    Raises:
        InvalidInput: there are no labels, or too many.
    """
    if not labels:
        raise InvalidInput(message("Choose lots, items or locations."), field="lots")
    if not 1 <= copies <= MAX_LABELS or len(labels) * copies > MAX_LABELS:
        raise InvalidInput(
            message(
                "One print has 1 to %(max_labels)s labels. Print in several parts.",
                max_labels=MAX_LABELS,
            ),
            field="copies",
        )
    return [label for label in labels for _ in range(copies)]
