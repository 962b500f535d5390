"""Rules for counts."""

from __future__ import annotations

from typing import NoReturn

from inventory.common.errors import InsufficientStock, OverUnreserve, StaleLot, StateConflict
from inventory.common.messages import join_sentences, message
from inventory.common.quantity import Qty, format_qty, parse_qty
from inventory.ledger.commands import KEEP_COUNTED, KEEP_DIFFERENCE, Count, ReservationQuantity
from inventory.ledger.planned import PlannedCount, PlannedOperation
from inventory.ledger.rules.reservations import line_of
from inventory.ledger.unit_of_work import UnitOfWork
from inventory.models import Kind, TxnType
from inventory.stock.entities import Lot, Reservation


def count(uow: UnitOfWork, request: Count) -> None:
    """Plan the difference between the counted and the recorded quantity.

    Checks, in this order: the quantity, whether the lot changed after it was counted, the
    reservations to reduce, whether what is reserved is still there.

    Raises:
        InvalidInput, InvalidQty: a malformed quantity, or one that leaves less than nothing.
        StaleLot: the lot changed after `lot_seq` and no `resolution` is given.
        OverUnreserve: a reservation has less open in the lot than is to be unreserved.
        InsufficientStock: less was counted than is reserved.
        NotFound: unknown lot or reservation.
    """
    lot = uow.lot(request.lot_id)
    counted = parse_qty(
        request.counted,
        decimals=lot.item.decimals,
        unit=lot.item.unit,
        field="counted",
        allow_zero=True,
    )
    difference = _difference(uow, lot, counted, request)
    cuts = [_reduce_reservation(uow, lot, cut) for cut in request.unreserve or ()]
    _require_reserved(uow, lot, lot.on_hand + difference, cut=sum(qty for _, qty in cuts))
    operation = uow.add_operation(Kind.COUNT, request)
    operation.shows_lot = lot
    operation.counts.append(PlannedCount(lot, counted, lot.on_hand, lot.lot_seq))
    for reservation, qty in cuts:
        operation.shows.append(reservation)
        uow.append_entry(operation, TxnType.UNRESERVE, lot, qty, reservation)
    post_difference(uow, operation, lot, difference)


def post_difference(
    uow: UnitOfWork, operation: PlannedOperation, lot: Lot, difference: int
) -> None:
    """Plan a RECEIVE or ISSUE entry for the difference.

    Args:
        difference: counted minus on hand, in 10^-6 units.

    Raises:
        InsufficientStock: reserved stock would be missing.
    """
    _require_reserved(uow, lot, lot.on_hand + difference)
    if difference > 0:
        uow.append_entry(operation, TxnType.RECEIVE, lot, difference)
    elif difference < 0:
        uow.append_entry(operation, TxnType.ISSUE, lot, -difference)


def _difference(uow: UnitOfWork, lot: Lot, counted: int, request: Count) -> int:
    seen = request.lot_seq
    if seen is not None and seen > lot.lot_seq:
        raise StateConflict(
            message(
                "The last entry of lot %(lot)s is number %(lot_seq)s.",
                lot=lot.lot_code,
                lot_seq=lot.lot_seq,
            ),
            field="lot_seq",
        )
    if seen is None or seen == lot.lot_seq or request.resolution == KEEP_COUNTED:
        return counted - lot.on_hand
    then = uow.seen[lot.id or 0, seen]
    if request.resolution == KEEP_DIFFERENCE:
        if lot.on_hand + counted - then < 0:
            raise StateConflict(
                message(
                    "The difference of %(qty)s is more than the %(on_hand)s on hand now.",
                    qty=Qty(counted - then, lot.item.unit),
                    on_hand=Qty(lot.on_hand, lot.item.unit),
                ),
                field="counted",
            )
        return counted - then
    raise StaleLot(
        message(
            "Lot %(lot)s changed while it was counted: %(then)s then, %(on_hand)s now. Use"
            " the counted quantity, or apply the difference?",
            lot=lot.lot_code,
            then=Qty(then, lot.item.unit),
            on_hand=Qty(lot.on_hand, lot.item.unit),
        ),
        lot_id=lot.id,
        lot_code=lot.lot_code,
        seen_seq=seen,
        lot_seq=lot.lot_seq,
        counted=format_qty(counted),
        on_hand_then=format_qty(then),
        on_hand=format_qty(lot.on_hand),
    )


def _reduce_reservation(
    uow: UnitOfWork, lot: Lot, cut: ReservationQuantity
) -> tuple[Reservation, int]:
    reservation = uow.reservation(cut.reservation_id)
    qty = parse_qty(cut.qty, decimals=lot.item.decimals, unit=lot.item.unit, field="unreserve")
    open_here = line_of(reservation, lot).open
    if qty > open_here:
        raise OverUnreserve(
            message(
                "%(open_here)s open for %(reference)s in %(lot)s, %(qty)s cannot be unreserved.",
                open_here=Qty(open_here, lot.item.unit),
                reference=reservation.reference,
                lot=lot.lot_code,
                qty=Qty(qty, lot.item.unit),
            ),
            reservation_id=reservation.id,
            requested=format_qty(qty),
            open=format_qty(open_here),
        )
    return reservation, qty


def _require_reserved(uow: UnitOfWork, lot: Lot, remaining: int, *, cut: int = 0) -> None:
    """Require enough stock for the reservations that the command does not reduce."""
    if remaining < lot.reserved - cut:
        _raise_below_reserved(uow, lot, remaining, cut)


def _raise_below_reserved(uow: UnitOfWork, lot: Lot, remaining: int, cut: int) -> NoReturn:
    """Refuse with the figures before the count, as nothing is posted."""
    unit, to_cut = lot.item.unit, lot.reserved - remaining
    what = message(
        "%(remaining)s counted in %(lot)s, but %(reserved)s are reserved.",
        remaining=Qty(remaining, unit),
        lot=lot.lot_code,
        reserved=Qty(lot.reserved, unit),
    )
    how = message("Choose the reservations to reduce.")
    if cut:
        how = message(
            "%(to_cut)s must be unreserved, %(cut)s are chosen.",
            to_cut=Qty(to_cut, unit),
            cut=Qty(cut, unit),
        )
    raise InsufficientStock(
        join_sentences(what, how),
        item=lot.item.code,
        lot_id=lot.id,
        lot_code=lot.lot_code,
        counted=format_qty(remaining),
        on_hand=format_qty(lot.on_hand),
        reserved=format_qty(lot.reserved),
        to_cut=format_qty(to_cut),
        reservations=[
            {
                "reservation_id": holder.id,
                "reference": holder.reference,
                "open_qty": format_qty(line_of(holder, lot).open),
            }
            for holder in uow.reservations_in(lot)
        ],
    )
