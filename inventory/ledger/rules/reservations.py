"""Rules for reserving and unreserving stock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from inventory.common.errors import InvalidQty, OverUnreserve, StateConflict
from inventory.common.messages import join_sentences, message
from inventory.common.quantity import Qty, format_qty, parse_qty
from inventory.ledger import refusals
from inventory.ledger.commands import LotQuantity, Reserve, Unreserve
from inventory.ledger.unit_of_work import UnitOfWork
from inventory.models import Kind, TxnType
from inventory.stock.allocation import sort_by_strategy
from inventory.stock.entities import Item, Lot, Reservation, ReservationLine


def reserve(uow: UnitOfWork, request: Reserve) -> None:
    """Plan a reservation.

    Checks, in this order: the item, the quantities, each lot's hold, what is free.

    Raises:
        StateConflict: `expires_at` is past.
        InvalidInput: a lot of another item is named.
        InsufficientStock, QcBlocked, LotExpired: less is free than requested.
        NotFound: unknown item or lot.
    """
    item = uow.item(request.item)
    if request.expires_at is not None and request.expires_at <= uow.now:
        raise StateConflict(
            message("The reservation would expire in the past."), field="expires_at"
        )
    parts = select_lots(uow, item, request.qty, request.lots, request.strategy)
    operation = uow.add_operation(Kind.RESERVATION, request)
    reservation = Reservation(
        id=None,
        item=item,
        reference=request.reference,
        qty=sum(qty for _, qty in parts),
        expires_at=request.expires_at,
        note=request.note,
        created_at=uow.now,
    )
    operation.reservation = reservation
    operation.shows.append(reservation)
    for lot, qty in parts:
        uow.append_entry(operation, TxnType.RESERVE, lot, qty, reservation)


def unreserve(uow: UnitOfWork, request: Unreserve) -> None:
    """Plan to unreserve, from the named lots if any.

    Otherwise lots on hold come first, then the lot that FEFO would have taken last.

    Raises:
        OverUnreserve: more than the reservation has open.
        NotFound: unknown reservation or lot.
    """
    reservation = uow.reservation(request.reservation_id)
    parts = requested_parts(
        uow,
        reservation,
        request.qty,
        request.lots,
        refusal=OverUnreserve,
    )
    if parts is None:
        lines = [line for line in reservation.lines if line.open]
        order = sort_by_strategy((line.lot for line in lines), "fefo")[::-1]
        order.sort(key=lambda lot: lot.hold_reason(uow.today) is None)
        parts = allocate_over_lots(reservation, _asked(reservation, request.qty), order)
    operation = uow.add_operation(Kind.UNRESERVATION, request, reference=reservation.reference)
    operation.shows.append(reservation)
    for lot, qty in parts:
        uow.append_entry(operation, TxnType.UNRESERVE, lot, qty, reservation)


def select_lots(
    uow: UnitOfWork,
    item: Item,
    raw_qty: object,
    requested_lots: Sequence[LotQuantity] | None,
    strategy: str,
) -> list[tuple[Lot, int]]:
    """Choose the lots of free stock: those named, otherwise by strategy.

    Returns:
        (lot, quantity) pairs, in 10^-6 units.

    Raises:
        InsufficientStock, QcBlocked, LotExpired: less is free than requested.
        InvalidQty: a malformed quantity, or the lots do not add up to it.
        NotFound: unknown lot.
        InvalidInput: a lot of another item is named.
    """
    if requested_lots is not None:
        parts = named_parts(uow, item, raw_qty, requested_lots)
        for lot, qty in parts:
            _require_free(uow, lot, qty)
        return parts
    qty = parse_qty(raw_qty, decimals=item.decimals, unit=item.unit)
    taken = uow.allocate(item, qty, strategy)
    if taken is None:
        lots = uow.stocked.get(item.id, [])
        holders = _holders_of(uow, lots)
        refusals.raise_insufficient_stock(item, qty, lots, holders, today=uow.today)
    return taken


def requested_parts(
    uow: UnitOfWork,
    reservation: Reservation,
    raw_qty: object,
    requested_lots: Sequence[LotQuantity] | None,
    *,
    refusal: type[OverUnreserve] | type,
) -> list[tuple[Lot, int]] | None:
    """Validate a quantity requested against an open reservation.

    Args:
        refusal: the exception class to raise if more than open is requested.

    Returns:
        (lot, quantity) pairs if lots were named, otherwise None.

    Raises:
        refusal: more than open, in all or in a named lot.
        InvalidQty: a malformed quantity, or the lots do not add up to it.
    """
    item = reservation.item
    if requested_lots is None:
        if raw_qty is None and reservation.open:
            return None
        qty = 0 if raw_qty is None else parse_qty(raw_qty, decimals=item.decimals, unit=item.unit)
        if raw_qty is None or qty > reservation.open:
            _raise_over_quantity(uow, reservation, refusal, qty, reservation.open)
        return None
    parts = named_parts(uow, item, raw_qty, requested_lots)
    for lot, qty in parts:
        open_here = line_of(reservation, lot).open
        if qty > open_here:
            _raise_over_quantity(uow, reservation, refusal, qty, open_here, lot)
    return parts


def line_of(reservation: Reservation, lot: Lot) -> ReservationLine:
    """Return the reservation's line in the lot, or an empty one that is not added."""
    return next((line for line in reservation.lines if line.lot is lot), ReservationLine(lot))


def allocate_over_lots(
    reservation: Reservation, qty: int, order: Sequence[Lot]
) -> list[tuple[Lot, int]]:
    """Spread a quantity over the reservation's lots, in the given order.

    Returns:
        (lot, quantity) pairs; less than `qty` in all if less is open in these lots.
    """
    parts = []
    for lot in order:
        part = min(qty, line_of(reservation, lot).open)
        if part:
            parts.append((lot, part))
            qty -= part
    return parts


def _asked(reservation: Reservation, raw_qty: object) -> int:
    item = reservation.item
    if raw_qty is None:
        return reservation.open
    return parse_qty(raw_qty, decimals=item.decimals, unit=item.unit)


def _raise_over_quantity(
    uow: UnitOfWork,
    reservation: Reservation,
    refusal: type,
    qty: int,
    open_qty: int,
    lot: Lot | None = None,
) -> NoReturn:
    figures = {"reference": reservation.reference, "qty": Qty(qty, reservation.item.unit)}
    figures["open"] = Qty(open_qty, reservation.item.unit)
    if not qty:
        what = message("Nothing is open for %(reference)s.", reference=reservation.reference)
    elif lot:
        figures["lot"] = lot.lot_code
        what = message("%(open)s open for %(reference)s in %(lot)s, %(qty)s requested.", **figures)
    else:
        what = message("%(open)s open for %(reference)s, %(qty)s requested.", **figures)
    is_expired = reservation in uow.expired
    raise refusal(
        join_sentences(
            what, message("The reservation has expired. Reserve again.") if is_expired else ""
        ),
        reservation_id=reservation.id,
        reference=reservation.reference,
        item=reservation.item.code,
        requested=format_qty(qty),
        open=format_qty(open_qty),
        lots=[
            {
                "lot_id": line.lot.id,
                "lot_code": line.lot.lot_code,
                "open_qty": format_qty(line.open),
            }
            for line in reservation.lines
        ],
    )


def named_parts(
    uow: UnitOfWork, item: Item, raw_qty: object, requested_lots: Sequence[LotQuantity]
) -> list[tuple[Lot, int]]:
    """Return the named lots with their quantities.

    Raises:
        InvalidQty: a malformed quantity, or they do not add up to `raw_qty`.
        InvalidInput: a lot of another item.
        NotFound: unknown lot.
    """
    parts: list[tuple[Lot, int]] = []
    for part in requested_lots:
        lot = uow.lot_of(item, part.lot_id)
        qty = parse_qty(part.qty, decimals=item.decimals, unit=item.unit, field="lots")
        parts.append((lot, qty))
    total = sum(qty for _, qty in parts)
    if raw_qty is not None:
        asked = parse_qty(raw_qty, decimals=item.decimals, unit=item.unit)
        if asked != total:
            raise InvalidQty(
                message(
                    "The lots add up to %(total)s, not to %(asked)s.",
                    total=Qty(total, item.unit),
                    asked=Qty(asked, item.unit),
                ),
                field="qty",
            )
    return parts


def _require_free(uow: UnitOfWork, lot: Lot, qty: int) -> None:
    refusals.require_usable(lot, uow.today)
    if qty > lot.free(uow.today):
        holders = _holders_of(uow, [lot])
        refusals.raise_insufficient_in_lot(lot, qty, lot.free(uow.today), holders, today=uow.today)


def _holders_of(uow: UnitOfWork, lots: Sequence[Lot]) -> list[Reservation]:
    found = [holder for lot in lots if lot.reserved for holder in uow.reservations_in(lot)]
    return list(dict.fromkeys(found))
