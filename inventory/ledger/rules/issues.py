"""Rules for issues, scrap and returns to a supplier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from inventory.common.errors import InvalidInput, OverIssue
from inventory.common.messages import join_sentences, message
from inventory.common.quantity import Qty, format_qty, parse_qty
from inventory.ledger import refusals
from inventory.ledger.commands import Issue, RemoveStock
from inventory.ledger.rules.reservations import (
    allocate_over_lots,
    line_of,
    named_parts,
    requested_parts,
    select_lots,
)
from inventory.ledger.unit_of_work import UnitOfWork
from inventory.models import Kind, TxnType
from inventory.stock.allocation import sort_by_strategy
from inventory.stock.entities import Lot, Reservation


def issue(uow: UnitOfWork, request: Issue) -> None:
    """Plan an issue against a reservation, or from free stock only.

    Raises:
        InvalidInput: not exactly one of reservation and item, or `close_remainder` without a
            reservation.
        OverIssue: more than the reservation has open or, with `reserved_first`, than the reference
            has reserved.
        InsufficientStock: less is free than requested.
        QcBlocked, LotExpired: the stock is on hold.
        NotFound: unknown item, lot or reservation.
    """
    if (request.reservation_id is None) == (request.item is None):
        raise InvalidInput(
            message("Name either the reservation or the item to issue."),
            field="item" if request.item is not None else "reservation",
        )
    if request.reservation_id is not None:
        return _issue_reserved(uow, request, uow.reservation(request.reservation_id))
    if request.close_remainder:
        raise InvalidInput(
            message("Only an issue against a reservation can close its remainder."),
            field="close_remainder",
        )
    assert request.item is not None
    item = uow.item(request.item)
    held = uow.reserved_for(item, request.reference) if request.reference else []
    if request.reserved_first and held:
        return _issue_reserved_first(uow, request, held)
    parts = select_lots(uow, item, request.qty, request.lots, request.strategy)
    operation = uow.add_operation(Kind.ISSUE, request)
    operation.open_reservations += held
    for lot, qty in parts:
        uow.append_entry(operation, TxnType.ISSUE, lot, qty)


def _issue_reserved_first(uow: UnitOfWork, request: Issue, held: Sequence[Reservation]) -> None:
    """Plan an issue of what the reference has reserved, oldest reservation first.

    Where lots are named, only what is reserved in them counts; a lot that holds nothing for the
    reference is issued from its free stock.
    """
    item = held[0].item
    named = None if request.lots is None else named_parts(uow, item, request.qty, request.lots)
    if named is not None and not any(line_of(one, lot).open for one in held for lot, _ in named):
        parts = select_lots(uow, item, request.qty, request.lots, request.strategy)
        operation = uow.add_operation(Kind.ISSUE, request, reference=held[0].reference)
        operation.open_reservations += held
        for lot, qty in parts:
            uow.append_entry(operation, TxnType.ISSUE, lot, qty)
        return
    wanted = parse_qty(request.qty, decimals=item.decimals, unit=item.unit) if named is None else 0
    parts_of = _shares(held, named, wanted, uow, request)
    operation = uow.add_operation(Kind.ISSUE, request, reference=held[0].reference)
    operation.from_reserved = True
    for reservation, lot, qty in parts_of:
        if lot.hold_reason(uow.today):
            refusals.raise_reservation_at_risk(
                reservation, [line_of(reservation, lot)], qty, uow.today
            )
        if reservation not in operation.shows:
            operation.shows.append(reservation)
        uow.append_entry(operation, TxnType.UNRESERVE, lot, qty, reservation)
        uow.append_entry(operation, TxnType.ISSUE, lot, qty, reservation)


def _shares(
    held: Sequence[Reservation],
    named: Sequence[tuple[Lot, int]] | None,
    wanted: int,
    uow: UnitOfWork,
    request: Issue,
) -> list[tuple[Reservation, Lot, int]]:
    """Return what to issue of each reservation and lot; refuse more than is open."""
    found: list[tuple[Reservation, Lot, int]] = []
    needs: list[tuple[Lot | None, int]] = [(None, wanted)] if named is None else [*named]
    for lot, qty in needs:
        missing = qty
        for reservation in held:
            lines = [one for one in reservation.lines if one.open and lot in (None, one.lot)]
            usable = {line.lot: line.open for line in lines if not line.lot.hold_reason(uow.today)}
            for one in sort_by_strategy(usable, request.strategy):
                taken = min(missing, usable[one])
                if taken:
                    found.append((reservation, one, taken))
                    missing -= taken
        if missing:
            _raise_more_than_reserved(held, lot, qty, qty - missing, uow)
    return found


def _raise_more_than_reserved(
    held: Sequence[Reservation], lot: Lot | None, qty: int, possible: int, uow: UnitOfWork
) -> NoReturn:
    first, unit = held[0], held[0].item.unit
    figures = {
        "possible": Qty(possible, unit),
        "qty": Qty(qty, unit),
        "item": first.item.code,
        "reference": first.reference,
    }
    if lot is None:
        what = message(
            "%(possible)s of %(item)s reserved for %(reference)s can be issued, %(qty)s requested.",
            **figures,
        )
    else:
        what = message(
            "%(possible)s of %(item)s reserved for %(reference)s in %(lot)s can be issued,"
            " %(qty)s requested.",
            lot=lot.lot_code,
            **figures,
        )
    raise OverIssue(
        join_sentences(what, message("Issue the reserved quantity, or issue free stock.")),
        item=first.item.code,
        reference=first.reference,
        reservation_id=first.id,
        requested=format_qty(qty),
        open=format_qty(possible),
        reservations=refusals.reservation_figures(held),
    )


def _issue_reserved(uow: UnitOfWork, request: Issue, reservation: Reservation) -> None:
    """Plan UNRESERVE, then ISSUE in each lot.

    On hand and reserved then follow from the entry types alone. Checks, in this order: what is
    open, then whether the lots are usable.
    """
    parts = requested_parts(uow, reservation, request.qty, request.lots, refusal=OverIssue)
    if parts is None:
        parts = _from_usable_lots(uow, request, reservation)
    for lot, _ in parts:
        if lot.hold_reason(uow.today):
            refusals.raise_reservation_at_risk(
                reservation, [line_of(reservation, lot)], sum(qty for _, qty in parts), uow.today
            )
    reference = request.reference or reservation.reference
    operation = uow.add_operation(Kind.ISSUE, request, reference=reference)
    operation.shows.append(reservation)
    for lot, qty in parts:
        uow.append_entry(operation, TxnType.UNRESERVE, lot, qty, reservation)
        uow.append_entry(operation, TxnType.ISSUE, lot, qty, reservation)
    if request.close_remainder:
        for line in [line for line in reservation.lines if line.open]:
            uow.append_entry(operation, TxnType.UNRESERVE, line.lot, line.open, reservation)


def _from_usable_lots(
    uow: UnitOfWork, request: Issue, reservation: Reservation
) -> list[tuple[Lot, int]]:
    item = reservation.item
    qty = reservation.open
    if request.qty is not None:
        qty = parse_qty(request.qty, decimals=item.decimals, unit=item.unit)
    usable = [
        line.lot for line in reservation.lines if line.open and not line.lot.hold_reason(uow.today)
    ]
    parts = allocate_over_lots(reservation, qty, sort_by_strategy(usable, request.strategy))
    if sum(part for _, part in parts) < qty:
        refusals.raise_reservation_at_risk(reservation, reservation.lines, qty, uow.today)
    return parts


def remove_stock(uow: UnitOfWork, request: RemoveStock) -> None:
    """Plan a scrap or supplier return: any lot, but never reserved stock.

    Raises:
        InsufficientStock: more than the lot has available.
        InvalidInput: another `kind`.
        NotFound: unknown lot.
    """
    if request.kind not in (Kind.SCRAP, Kind.SUPPLIER_RETURN):
        raise InvalidInput(message("A scrap or a supplier return is expected here."), field="kind")
    lot = uow.lot(request.lot_id)
    qty = parse_qty(request.qty, decimals=lot.item.decimals, unit=lot.item.unit)
    if qty > lot.available:
        refusals.raise_insufficient_in_lot(
            lot, qty, lot.available, uow.reservations_in(lot), today=uow.today
        )
    operation = uow.add_operation(request.kind, request)
    uow.append_entry(operation, TxnType.ISSUE, lot, qty)
