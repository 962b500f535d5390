"""Resolve scans to lots, items, new lots and locations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory import catalog
from inventory.barcodes.links import CodeLink, read_links
from inventory.barcodes.parser import Scan, parse_scan
from inventory.common.errors import InvalidCode
from inventory.common.messages import message
from inventory.common.quantity import MAX, ONE, SCALE, Qty, format_qty
from inventory.stock import queries as stock
from inventory.stock.entities import Item, Lot
from inventory.stock.statements import lots

#: The most lots that are offered if several have the code.
MAX_CHOICES = 50

#: A larger count probably includes the next field.
MAX_PLAUSIBLE_COUNT = 9_999

#: Factors from a label's unit of measure to the units of items.
_UNITS: dict[str, dict[str, Decimal]] = {
    "kg": {"kg": Decimal(1), "g": Decimal(1000)},
    "l": {"l": Decimal(1), "ml": Decimal(1000)},
    "m": {"m": Decimal(1), "cm": Decimal(100), "mm": Decimal(1000)},
    "m2": {"m2": Decimal(1), "m²": Decimal(1)},
    "m3": {"m3": Decimal(1), "m³": Decimal(1)},
}

Kind = Literal["lot", "item", "new_lot", "location", "several", "unknown"]
#: How the record was found.
How = Literal["own_label", "gtin", "linked_code", "lot_code", "supplier_lot", "item_code"]


@dataclass(frozen=True, slots=True)
class ScanWarning:
    """A contradiction between the label and the stored data."""

    code: str
    detail: str
    figures: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the warning, ready for JSON."""
        return {"code": self.code, "detail": self.detail, **self.figures}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResolution:
    """The record that a scan resolves to.

    The kinds: `lot`: this lot. `item`: this item, without a lot. `new_lot`: this item and a lot
    that does not exist; it is received as new only after a user confirmed the lot code. `location`:
    a location. `several`: one of `choices`. `unknown`: no record; the code can be linked if
    `linkable`.
    """

    kind: Kind
    scan: Scan
    how: How | None = None
    item: Item | None = None
    lot: Lot | None = None
    #: The quantity of one scan in 10^-6 units, if the label or the link has it.
    qty: int | None = None
    choices: tuple[ScanResolution, ...] = ()
    warnings: tuple[ScanWarning, ...] = ()

    @property
    def linkable(self) -> bool:
        """Return whether the code is unknown and can be linked."""
        return self.kind == "unknown" and self.scan.key is not None and not self.scan.expected_digit

    def to_dict(self, today: date) -> dict[str, Any]:
        """Return the result, ready for JSON."""
        return {
            **self._record(today),
            "choices": [choice._record(today) for choice in self.choices],
            "scan": self.scan.to_dict(),
        }

    def _record(self, today: date) -> dict[str, Any]:
        expires_on = self.lot.expires_on if self.lot else self.scan.usable_until
        return {
            "kind": self.kind,
            "how": self.how,
            "code": self.scan.key,
            "linkable": self.linkable,
            "item": self.item and catalog.item_record(self.item),
            "lot": self.lot and self.lot.to_dict(today),
            "lot_code": self.lot.lot_code if self.lot else self.scan.lot_code,
            "expires_on": expires_on and expires_on.isoformat(),
            "serial": self.scan.serial,
            "location": self.scan.own.location if self.scan.own else None,
            "qty": None if self.qty is None else format_qty(self.qty),
            "warnings": [warning.to_dict() for warning in self.warnings],
        }


def resolve(conn: Connection, raw: object, *, separator: str | None = None) -> ScanResolution:
    """Parse a scan and find its record; writes nothing.

    Args:
        separator: what this site's scanners send for FNC1, besides GS and its usual names.

    Raises:
        InvalidCode: the code cannot be read, or is a label of another warehouse.
    """
    scanned = parse_scan(raw, separator=separator)
    if scanned.own:
        return _with_warnings(conn, _of_own_label(conn, scanned))
    found = _look_up(conn, scanned)
    if scanned.form == "gs1" and found.kind != "lot":
        found = _restore_separator(conn, found)
    return _with_warnings(conn, found)


def _of_own_label(conn: Connection, scanned: Scan) -> ScanResolution:
    label = scanned.own
    assert label is not None
    if label.kind == "location":
        return ScanResolution(kind="location", scan=scanned, how="own_label")
    assert label.id is not None
    if label.kind == "lot":
        for lot in stock.read_lots(conn, [label.id]):
            if label.is_of(lot.item.code, lot.lot_code):
                return ScanResolution(
                    kind="lot", scan=scanned, how="own_label", item=lot.item, lot=lot
                )
    else:
        for item in stock.read_items(conn, ids=[label.id]):
            if label.is_of(item.code):
                return ScanResolution(kind="item", scan=scanned, how="own_label", item=item)
    raise InvalidCode(
        message("This is a label of another warehouse."),
        problem="FOREIGN_LABEL",
    )


def _look_up(conn: Connection, scanned: Scan) -> ScanResolution:
    """Find all records for the scan: none is `unknown`, more than one `several`."""
    found = _of_gs1(conn, scanned) if scanned.form == "gs1" else _of_plain(conn, scanned)
    distinct = {(one.item and one.item.id, one.lot and one.lot.id): one for one in found}
    if len(distinct) == 1:
        return next(iter(distinct.values()))
    if not distinct:
        return ScanResolution(kind="unknown", scan=scanned)
    by_use = sorted(
        distinct.values(),
        key=lambda one: (-(one.lot.on_hand if one.lot else 0), one.item.code if one.item else ""),
    )
    return ScanResolution(kind="several", scan=scanned, choices=tuple(by_use[:MAX_CHOICES]))


def _of_plain(conn: Connection, scanned: Scan) -> list[ScanResolution]:
    """Find records by linked barcode, lot code and item code; in any case where none has it."""
    code = scanned.text
    keys = {key for key in (scanned.key, code) if key}
    found = [_of_link(conn, scanned, link) for link in read_links(conn, codes_=keys)]
    if len(code) > 64:
        return found
    named_lots = _lots_called(conn, code)
    named_items = list(stock.find_items(conn, [code]).values())
    exact_lots = [lot for lot in named_lots if lot.lot_code == code]
    exact_items = [item for item in named_items if item.code == code]
    if found or exact_lots or exact_items:
        named_lots, named_items = exact_lots, exact_items
    found += _of_lots(scanned, named_lots, "lot_code")
    found += [
        ScanResolution(kind="item", scan=scanned, how="item_code", item=item)
        for item in named_items
    ]
    return found


def _of_gs1(conn: Connection, scanned: Scan) -> list[ScanResolution]:
    keys = {f"(00){scanned.sscc}"} if scanned.sscc else set()
    if scanned.gtin:
        keys.add(scanned.gtin)
    links = read_links(conn, codes_=keys)
    whole = [link for link in links if link.code.startswith("(00)")]
    if whole:  # A link of this pallet is more precise than one of its GTIN.
        return [_of_link(conn, scanned, whole[0])]
    if links:
        return _of_gtin(conn, scanned, links[0])
    if scanned.gtin or not scanned.lot_code:
        return []
    return _of_lots(scanned, _lots_called(conn, scanned.lot_code), "lot_code")


def _of_gtin(conn: Connection, scanned: Scan, link: CodeLink) -> list[ScanResolution]:
    """Find the GTIN's item, and its lot with the label's lot code."""
    found = replace(_of_link(conn, scanned, link), how="gtin")
    if not scanned.lot_code:
        return [found]
    how: How = "lot_code"
    lot = stock.find_lot(conn, link.item_id, scanned.lot_code)
    named = [lot] if lot else []
    if not named:
        wanted = sa.and_(lots.c.item_id == link.item_id, lots.c.supplier_lot == scanned.lot_code)
        named, how = _newest_lots(conn, wanted), "supplier_lot"
    if not named:
        return [replace(found, kind="new_lot")]
    return [replace(found, kind="lot", lot=lot, item=lot.item, how=how) for lot in named]


def _of_link(conn: Connection, scanned: Scan, link: CodeLink) -> ScanResolution:
    if link.lot_id is not None:
        lot = stock.get_lot(conn, link.lot_id)
        found = ScanResolution(kind="lot", scan=scanned, how="linked_code", item=lot.item, lot=lot)
    else:
        (item,) = stock.read_items(conn, ids=[link.item_id])
        how: How = "gtin" if link.kind == "GTIN" else "linked_code"
        found = ScanResolution(kind="item", scan=scanned, how=how, item=item)
    return replace(found, qty=_qty(scanned, link))


def _of_lots(scanned: Scan, named: Iterable[Lot], how: How) -> list[ScanResolution]:
    return [
        ScanResolution(kind="lot", scan=scanned, how=how, item=lot.item, lot=lot) for lot in named
    ]


def _lots_called(conn: Connection, code: str) -> list[Lot]:
    """Return the lots with this lot code, in any case where none has it."""
    return _newest_lots(conn, stock.with_lot_code(stock.lot_codes_meant(conn, code)))


def _newest_lots(conn: Connection, wanted: sa.ColumnElement[bool]) -> list[Lot]:
    chosen = sa.select(lots.c.id).where(wanted).order_by(lots.c.id.desc())
    return stock.read_lots(conn, conn.execute(chosen.limit(MAX_CHOICES)).scalars().all())


def _qty(scanned: Scan, link: CodeLink) -> int:
    """Return the quantity of one scan: the label's count, otherwise the link's.

    For a count of contents the link's quantity is multiplied. `_with_warnings` prefers a weight.
    """
    if scanned.count is not None:
        return scanned.count * (link.qty if scanned.contents else ONE)
    return link.qty


def _weight(scanned: Scan, item: Item) -> int | None:
    factor = _UNITS.get(scanned.measure_unit or "", {}).get(item.unit.lower())
    if scanned.measure is None or factor is None:
        return None
    return int(scanned.measure * factor * ONE)


def _restore_separator(conn: Connection, found: ScanResolution) -> ScanResolution:
    """Find the lot that the label means if its separator was lost.

    Only an existing lot with the expiry date of that reading is used; otherwise the user gets a
    warning to check the label.
    """
    readings = found.scan.other_readings()
    meant = {}
    for reading in readings:
        known = _look_up(conn, reading)
        if known.lot and _is_evident(found.scan, reading, known.lot):
            meant[known.lot.id] = known
    if len(meant) == 1:
        (known,) = meant.values()
        assert known.lot is not None
        detail = message(
            "The scanner lost a separator: this was read as lot %(lot)s. Compare it with the label,"
            " and check the settings of the scanner.",
            lot=known.lot.lot_code,
        )
        return replace(known, warnings=(_lost(detail, [known.scan]),))
    odd = len(meant) > 1 or (found.scan.count or 0) > MAX_PLAUSIBLE_COUNT
    likely = [one for one in readings if odd or one.usable_until or one.produced_on]
    if not likely:
        return found
    shown = found.scan.lot_code or found.scan.serial or found.scan.text
    detail = message(
        "Check the label: is “%(shown)s” printed on it? The scanner can lose separators.",
        shown=shown,
    )
    return replace(found, warnings=(_lost(detail, likely),))


def _is_evident(scanned: Scan, reading: Scan, lot: Lot) -> bool:
    """Return whether a reading surely means this lot.

    The lot's own expiry date, or a GTIN with a valid check digit, cannot follow another lot code by
    chance.
    """
    if reading.usable_until is not None:
        return lot.expires_on == reading.usable_until
    return scanned.gtin is None and reading.gtin is not None


def _lost(detail: str, readings: list[Scan]) -> ScanWarning:
    shown = [
        {
            "text": reading.text,
            "lot_code": reading.lot_code,
            "expires_on": reading.usable_until and reading.usable_until.isoformat(),
            "serial": reading.serial,
        }
        for reading in readings[:5]
    ]
    return ScanWarning("SEPARATOR_LOST", detail, {"readings": shown})


def _with_warnings(conn: Connection, found: ScanResolution) -> ScanResolution:
    """Add the warnings that a user must see before posting."""
    warnings, qty = list(found.warnings), found.qty
    if found.kind == "unknown" and found.scan.expected_digit:
        detail = message(
            "This looks like a GTIN, but its last digit should be %(digit)s. Check it.",
            digit=found.scan.expected_digit,
        )
        warnings.append(
            ScanWarning("CHECK_DIGIT", detail, {"expected_digit": found.scan.expected_digit})
        )
    if found.item and found.item.archived_at:
        detail = message("Item %(item)s is archived.", item=found.item.code)
        warnings.append(ScanWarning("ITEM_ARCHIVED", detail))
    if found.lot:
        warnings += _expiry_differs(found.scan, found.lot)
    if found.item and (weight := _weight(found.scan, found.item)) is not None:
        qty = weight
    if found.item and qty is not None and not _possible(qty, found.item):
        detail = message(
            "The label says %(qty)s, but %(item)s has another unit. Type the quantity.",
            qty=Qty(qty, found.item.unit),
            item=found.item.code,
        )
        warnings.append(ScanWarning("QTY_NOT_POSSIBLE", detail, {"label_qty": format_qty(qty)}))
        qty = None
    choices = tuple(_with_warnings(conn, choice) for choice in found.choices)
    return replace(found, warnings=tuple(warnings), qty=qty, choices=choices)


def _expiry_differs(scanned: Scan, lot: Lot) -> list[ScanWarning]:
    told = {day for day in (scanned.expires_on, scanned.best_before) if day}
    if not told or lot.expires_on in told:
        return []
    label = scanned.usable_until
    assert label is not None
    stored = lot.expires_on.isoformat() if lot.expires_on else None
    if lot.expires_on:
        detail = message(
            "The label says %(label)s, but lot %(lot)s expires on %(day)s. The stored date is"
            " kept.",
            label=label,
            lot=lot.lot_code,
            day=lot.expires_on,
        )
    else:
        detail = message(
            "The label says %(label)s, but the lot has no expiry date. The lot stays without an"
            " expiry date.",
            label=label,
        )
    figures = {"label_expires_on": label.isoformat(), "stored_expires_on": stored}
    return [ScanWarning("EXPIRY_DIFFERS", detail, figures)]


def _possible(qty: int, item: Item) -> bool:
    return 0 < qty <= MAX and qty % 10 ** (SCALE - item.decimals) == 0
