"""Every list as rows of text, from its beginning to its end: for files and programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from inventory.barcodes import Link
from inventory.common import clock
from inventory.common.quantity import format_qty
from inventory.exports.formats import Row
from inventory.models import Role
from inventory.queries import (
    Note,
    Page,
    Reference,
    StockedItem,
    all_pages,
    list_audit,
    list_codes,
    list_entries,
    list_items,
    list_lots,
    list_operations,
    list_references,
    list_reservations,
)
from inventory.queries.page_reads import Reads
from inventory.stock.entities import Entry, Lot, Operation, Reservation, utc


@dataclass(frozen=True, slots=True)
class ListFile:
    heads: Row
    read: Callable[..., Page[Any]]
    row: Callable[[Any], Row]
    #: Who can read it, in a browser.
    role: str = Role.VIEWER.value


def rows_of(reads: Reads, name: str, /, **filters: Any) -> Iterator[Row]:
    """The rows of one of LISTS, as it is filtered."""
    chosen = LISTS[name]
    return map(chosen.row, all_pages(reads, chosen.read, **filters))


def _item(one: StockedItem) -> Row:
    sums = one.totals
    figures = (sums.on_hand, sums.reserved, sums.available, sums.on_hold, sums.free)
    point = one.item.reorder_point
    master = [
        str(one.item.decimals),
        "yes" if one.item.qc_required else "no",
        "" if point is None else format_qty(point),
    ]
    return [one.item.code, one.item.name, one.item.unit, *map(format_qty, figures), *master]


def _lot(lot: Lot) -> Row:
    today = clock.today()
    figures = (lot.on_hand, lot.reserved, lot.available, lot.on_hold(today), lot.free(today))
    expires = lot.expires_on.isoformat() if lot.expires_on else ""
    named = [lot.item.code, lot.lot_code, lot.item.unit, lot.hold(today) or lot.qc_status, expires]
    where = [lot.location or "", lot.supplier_lot or "", utc(lot.received_at)]
    return [*named, *map(format_qty, figures), *where]


def _reservation(one: Reservation) -> Row:
    figures = (one.qty, one.open, one.issued, one.unreserved)
    named = (one.reference, one.item.code, one.item.unit)
    return [*named, *map(format_qty, figures), utc(one.created_at)]


def _reference(one: Reference) -> Row:
    """Quantities only where all of it is counted in one unit: others cannot be added up."""
    figures = map(format_qty, (one.qty, one.open, one.issued)) if one.unit else ("", "", "")
    at_risk = "yes" if one.at_risk(clock.today()) else "no"
    return [one.name, one.unit or "", *figures, at_risk, utc(one.since)]


def _operation(one: Operation) -> Row:
    occurred = utc(one.occurred_at) if one.occurred_at else ""
    reverses = str(one.reverses_id) if one.reverses_id else ""
    words = (one.reference or "", one.reason or "", one.note or "")
    return [
        str(one.id), utc(one.recorded_at), one.kind, *words, one.user_name, occurred, reverses,
    ]  # fmt: skip


def _entry(entry: Entry) -> Row:
    quantities = (entry.qty, entry.on_hand_after, entry.reserved_after)
    return [
        str(entry.id), utc(entry.timestamp), entry.txn_type, entry.kind, str(entry.operation_id),
        entry.item_code, entry.lot_code, *map(format_qty, quantities), entry.reference or "",
        entry.user_name, entry.hash.hex(),
    ]  # fmt: skip


def _code(one: Link) -> Row:
    return [one.code, one.item_code, one.lot_code or "", format_qty(one.qty)]


def _note(one: Note) -> Row:
    return [str(one.id), utc(one.at), one.who, one.what, one.whom, one.more, one.action]


LISTS: dict[str, ListFile] = {
    "items": ListFile(
        (
            "item", "name", "unit", "on hand", "reserved", "available", "on hold", "free",
            "decimals", "qc required", "reorder point",
        ),
        list_items,
        _item,
    ),
    "lots": ListFile(
        (
            "item", "lot", "unit", "state", "expires", "on hand", "reserved", "available",
            "on hold", "free", "location", "supplier's lot", "received",
        ),
        list_lots,
        _lot,
    ),
    "reservations": ListFile(
        ("reference", "item", "unit", "reserved", "open", "issued", "given back", "since"),
        list_reservations,
        _reservation,
    ),
    "references": ListFile(
        ("reference", "unit", "reserved", "open", "issued", "at risk", "since"),
        list_references,
        _reference,
    ),
    "operations": ListFile(
        (
            "operation", "time", "kind", "reference", "reason", "note", "user", "happened",
            "reverses",
        ),
        list_operations,
        _operation,
    ),
    "codes": ListFile(("code", "item", "lot", "qty"), list_codes, _code),
    "ledger": ListFile(
        (
            "entry", "time", "type", "kind", "operation", "item", "lot", "qty", "on hand after",
            "reserved after", "reference", "user", "hash",
        ),
        list_entries,
        _entry,
    ),
    "audit": ListFile(
        ("number", "time", "who", "what", "whom or which", "more", "action"),
        list_audit,
        _note,
        role=Role.ADMIN.value,
    ),
}  # fmt: skip
