"""Taking an operation back: the opposite entries, dated now. History stays."""

from __future__ import annotations

from inventory.errors import NotReversible
from inventory.figures import Entry, Lot
from inventory.ledger import refusing
from inventory.ledger.book import Book, PastOperation
from inventory.ledger.promising import line_of
from inventory.ledger.requests import Reverse
from inventory.models import Kind, TxnType
from inventory.quantity import format_qty

OPPOSITE = {
    TxnType.RECEIVE: TxnType.ISSUE,
    TxnType.ISSUE: TxnType.RECEIVE,
    TxnType.RESERVE: TxnType.UNRESERVE,
    TxnType.UNRESERVE: TxnType.RESERVE,
}


def reverse(book: Book, request: Reverse) -> None:
    """Checks, in this order: the operation, whether it was reversed already, then for each of its
    entries, last one first, whether the stock is still there.

    Goods that come back by a reversed issue return to the lot and the reservation that they
    left, whatever the lot's status is now; a promise alone is not renewed on a lot on hold.
    """
    past = book.past_operation(request.operation_id)
    operation = past.operation
    if past.reversed_by is not None:
        raise NotReversible(
            f"Operation {operation.id} was reversed already, by operation {past.reversed_by}.",
            operation_id=operation.id,
            operations=[{"operation_id": past.reversed_by, "kind": str(Kind.REVERSAL)}],
        )
    if operation.kind == Kind.QC:
        raise NotReversible(
            "A QC decision is not reversed: take a new decision instead.",
            operation_id=operation.id,
            operations=[],
        )
    plan = book.start(
        Kind.REVERSAL, request, reference=operation.reference, reverses_id=operation.id
    )
    returned: set[int] = set()
    for entry in reversed(operation.entries):
        lot = book.lot(entry.lot_id)
        txn_type = OPPOSITE[TxnType(entry.txn_type)]
        reservation = None
        if entry.reservation_id is not None:
            reservation = book.reservation(entry.reservation_id)
            if reservation not in plan.shows:
                plan.shows.append(reservation)
        _require_possible(book, past, entry, lot, renewed=entry.lot_id not in returned)
        if txn_type == TxnType.RECEIVE:
            returned.add(entry.lot_id)
        book.append(plan, txn_type, lot, entry.qty, reservation)


def _require_possible(
    book: Book, past: PastOperation, entry: Entry, lot: Lot, *, renewed: bool
) -> None:
    line = None
    if entry.reservation_id is not None:
        line = line_of(book.reservation(entry.reservation_id), lot)
    if entry.txn_type == TxnType.RECEIVE and entry.qty > lot.available:
        raise _in_the_way(past, entry, lot, lot.available, "available")
    if entry.txn_type == TxnType.RESERVE and line and entry.qty > line.open:
        raise _in_the_way(past, entry, lot, line.open, "open")
    if entry.txn_type == TxnType.ISSUE and line and entry.qty > line.issued:
        raise _in_the_way(past, entry, lot, line.issued, "issued")
    if entry.txn_type == TxnType.UNRESERVE:
        if renewed and (refusal := refusing.held_lot(lot, book.today, verb="reserved again")):
            raise refusal
        if entry.qty > lot.available:
            raise _in_the_way(past, entry, lot, lot.available, "available")


def _in_the_way(
    past: PastOperation, entry: Entry, lot: Lot, there: int, word: str
) -> NotReversible:
    later = past.later(entry.lot_id)
    named = ", ".join(
        f"{one['kind'].lower().replace('_', ' ')} {one['operation_id']}" for one in later[:3]
    )
    return NotReversible(
        f"{format_qty(entry.qty)} {lot.item.unit} of {lot.lot_code} would have to be taken back,"
        f" {format_qty(there)} are {word} now" + (f". In the way: {named}." if named else "."),
        operation_id=past.operation.id,
        lot_id=lot.id,
        lot_code=lot.lot_code,
        requested=format_qty(entry.qty),
        available=format_qty(there),
        operations=later,
    )
