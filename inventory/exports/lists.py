"""All lists as rows of text, for files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from inventory.barcodes import CodeLink
from inventory.common import clock
from inventory.common.quantity import format_qty
from inventory.exports.formats import Row
from inventory.exports.xlsx import columns
from inventory.models import Role
from inventory.queries import (
    AuditEntry,
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
from inventory.stock.entities import Entry, Lot, Operation, Reservation, format_utc


@dataclass(frozen=True, slots=True)
class ListFile:
    """A list: its column headers, its query, and the row of a record."""

    headers: Row
    read: Callable[..., Page[Any]]
    row: Callable[[Any], Row]
    #: The lowest role that can download it in a browser.
    role: str = Role.VIEWER.value


def list_rows(reads: Reads, name: str, /, **filters: Any) -> Iterator[Row]:
    """Return the rows of one of LISTS, filtered."""
    chosen = LISTS[name]
    return map(chosen.row, all_pages(reads, chosen.read, **filters))


def _item(item: StockedItem) -> Row:
    sums = item.totals
    figures = (sums.on_hand, sums.reserved, sums.available, sums.on_hold, sums.free)
    point = item.item.reorder_point
    master = [
        str(item.item.decimals),
        "yes" if item.item.qc_required else "no",
        "" if point is None else format_qty(point),
        "yes" if item.item.archived_at else "no",
    ]
    return [item.item.code, item.item.name, item.item.unit, *map(format_qty, figures), *master]


def _lot(lot: Lot) -> Row:
    today = clock.today()
    figures = (lot.on_hand, lot.reserved, lot.available, lot.on_hold(today), lot.free(today))
    expires = lot.expires_on.isoformat() if lot.expires_on else ""
    named = [
        lot.item.code,
        lot.lot_code,
        lot.item.unit,
        lot.hold_reason(today) or lot.qc_status,
        expires,
    ]
    where = [lot.location or "", lot.supplier_lot or "", format_utc(lot.received_at)]
    return [*named, *map(format_qty, figures), *where]


def _reservation(reservation: Reservation) -> Row:
    figures = (reservation.qty, reservation.open, reservation.issued, reservation.unreserved)
    named = (reservation.reference, reservation.item.code, reservation.item.unit)
    return [*named, *map(format_qty, figures), format_utc(reservation.created_at)]


def _reference(reference: Reference) -> Row:
    """Return a row; its quantities are empty if the lines have several units."""
    figures = (
        map(format_qty, (reference.qty, reference.open, reference.issued))
        if reference.unit
        else ("", "", "")
    )
    at_risk = "yes" if reference.at_risk(clock.today()) else "no"
    return [reference.name, reference.unit or "", *figures, at_risk, format_utc(reference.since)]


def _operation(operation: Operation) -> Row:
    occurred = format_utc(operation.occurred_at) if operation.occurred_at else ""
    reverses = str(operation.reverses_id) if operation.reverses_id else ""
    words = (operation.reference or "", operation.reason or "", operation.note or "")
    return [
        str(operation.id), format_utc(operation.recorded_at), operation.kind, *words,
        operation.user_name, occurred, reverses,
    ]  # fmt: skip


def _entry(entry: Entry) -> Row:
    quantities = (entry.qty, entry.on_hand_after, entry.reserved_after)
    return [
        str(entry.id), format_utc(entry.timestamp), entry.txn_type, entry.kind,
        str(entry.operation_id), entry.item_code, entry.lot_code,
        *map(format_qty, quantities), entry.reference or "", entry.user_name, entry.hash.hex(),
    ]  # fmt: skip


def _code(code: CodeLink) -> Row:
    return [code.code, code.item_code, code.lot_code or "", format_qty(code.qty)]


def _note(entry: AuditEntry) -> Row:
    return [
        str(entry.id),
        format_utc(entry.at),
        entry.who,
        entry.what,
        entry.target,
        entry.more,
        entry.action,
    ]


LISTS: dict[str, ListFile] = {
    "items": ListFile(
        columns(
            "item",
            "name",
            "unit",
            "on hand:number",
            "reserved:number",
            "available:number",
            "on hold:number",
            "free:number",
            "decimals:number",
            "qc required",
            "reorder point:number",
            "archived",
        ),
        list_items,
        _item,
    ),
    "lots": ListFile(
        columns(
            "item",
            "lot",
            "unit",
            "state",
            "expires:date",
            "on hand:number",
            "reserved:number",
            "available:number",
            "on hold:number",
            "free:number",
            "location",
            "supplier's lot",
            "received:time",
        ),
        list_lots,
        _lot,
    ),
    "reservations": ListFile(
        columns(
            "reference",
            "item",
            "unit",
            "reserved:number",
            "open:number",
            "issued:number",
            "unreserved:number",
            "since:time",
        ),
        list_reservations,
        _reservation,
    ),
    "references": ListFile(
        columns(
            "reference",
            "unit",
            "reserved:number",
            "open:number",
            "issued:number",
            "at risk",
            "since:time",
        ),
        list_references,
        _reference,
    ),
    "operations": ListFile(
        columns(
            "operation:number",
            "time:time",
            "kind",
            "reference",
            "reason",
            "note",
            "user",
            "happened:time",
            "reverses:number",
        ),
        list_operations,
        _operation,
    ),
    "codes": ListFile(columns("code", "item", "lot", "qty:number"), list_codes, _code),
    "ledger": ListFile(
        columns(
            "entry:number",
            "time:time",
            "type",
            "kind",
            "operation:number",
            "item",
            "lot",
            "qty:number",
            "on hand after:number",
            "reserved after:number",
            "reference",
            "user",
            "hash",
        ),
        list_entries,
        _entry,
    ),
    "audit": ListFile(
        columns("number:number", "time:time", "who", "what", "target", "more", "action"),
        list_audit,
        _note,
        role=Role.ADMIN.value,
    ),
}
