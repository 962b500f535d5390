"""Counts: what somebody found on the shelf, beside what the ledger says."""

from __future__ import annotations

from inventory.errors import InsufficientStock, InvalidInput, OverUnreserve, StaleLot
from inventory.figures import Lot
from inventory.ledger.book import Book, NewCount, NewOperation
from inventory.ledger.promising import line_of
from inventory.ledger.requests import KEEP_COUNTED, KEEP_DIFFERENCE, Count
from inventory.models import Kind, TxnType
from inventory.quantity import format_qty, parse_qty


def count(book: Book, request: Count) -> None:
    """Post the difference between what was counted and what the ledger says.

    Checks, in this order: the quantity, whether the lot moved on since it was seen, the
    reservations to cut, whether what is reserved is still there.
    """
    lot = book.lot(request.lot_id)
    counted = parse_qty(
        request.counted,
        decimals=lot.item.decimals,
        unit=lot.item.unit,
        field="counted",
        zero=True,
    )
    difference = _difference(book, lot, counted, request)
    operation = book.start(Kind.COUNT, request)
    operation.shows_lot = lot
    operation.counts.append(NewCount(lot, counted, lot.on_hand, lot.lot_seq))
    for cut in request.unreserve or ():
        _cut(book, operation, lot, cut.reservation_id, cut.qty)
    settle(book, operation, lot, difference)


def settle(book: Book, operation: NewOperation, lot: Lot, difference: int) -> None:
    """Post what was found, or what was missing, unless it is reserved."""
    if lot.on_hand + difference < lot.reserved:
        raise _below_reserved(book, lot, lot.on_hand + difference)
    if difference > 0:
        book.append(operation, TxnType.RECEIVE, lot, difference)
    elif difference < 0:
        book.append(operation, TxnType.ISSUE, lot, -difference)


def _difference(book: Book, lot: Lot, counted: int, request: Count) -> int:
    seen = request.lot_seq
    if seen is not None and seen > lot.lot_seq:
        raise InvalidInput(f"Lot {lot.lot_code} has only {lot.lot_seq} entries.", field="lot_seq")
    if seen is None or seen == lot.lot_seq or request.resolution == KEEP_COUNTED:
        return counted - lot.on_hand
    then = book.seen[lot.id or 0, seen]
    if request.resolution == KEEP_DIFFERENCE:
        if lot.on_hand + counted - then < 0:
            raise InvalidInput(
                f"The difference of {format_qty(counted - then)} would leave less than nothing"
                f" of the {format_qty(lot.on_hand)} that are there now.",
                field="counted",
            )
        return counted - then
    raise StaleLot(
        f"Lot {lot.lot_code} moved on while it was counted: {format_qty(then)} {lot.item.unit}"
        f" then, {format_qty(lot.on_hand)} now. Keep what was counted, or keep the difference?",
        lot_id=lot.id,
        lot_code=lot.lot_code,
        seen_seq=seen,
        lot_seq=lot.lot_seq,
        counted=format_qty(counted),
        on_hand_then=format_qty(then),
        on_hand=format_qty(lot.on_hand),
    )


def _cut(
    book: Book, operation: NewOperation, lot: Lot, reservation_id: int, written: object
) -> None:
    reservation = book.reservation(reservation_id)
    qty = parse_qty(written, decimals=lot.item.decimals, unit=lot.item.unit, field="unreserve")
    open_here = line_of(reservation, lot).open
    if qty > open_here:
        raise OverUnreserve(
            f"{format_qty(open_here)} {lot.item.unit} open for {reservation.reference} in"
            f" {lot.lot_code}, {format_qty(qty)} cannot be given back.",
            reservation_id=reservation.id,
            requested=format_qty(qty),
            open=format_qty(open_here),
        )
    operation.shows.append(reservation)
    book.append(operation, TxnType.UNRESERVE, lot, qty, reservation)


def _below_reserved(book: Book, lot: Lot, remaining: int) -> InsufficientStock:
    return InsufficientStock(
        f"{format_qty(remaining)} {lot.item.unit} counted in {lot.lot_code}, but"
        f" {format_qty(lot.reserved)} are reserved. Name the reservations to cut first.",
        item=lot.item.code,
        lot_id=lot.id,
        lot_code=lot.lot_code,
        counted=format_qty(remaining),
        on_hand=format_qty(lot.on_hand),
        reserved=format_qty(lot.reserved),
        to_cut=format_qty(lot.reserved - remaining),
        reservations=[
            {
                "reservation_id": holder.id,
                "reference": holder.reference,
                "open_qty": format_qty(line_of(holder, lot).open),
            }
            for holder in book.holders_in(lot)
        ],
    )
