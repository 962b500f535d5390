"""Reservations: promises of stock, given and taken back."""

from __future__ import annotations

from collections.abc import Sequence

from inventory.common.errors import InvalidInput, InvalidQty, OverUnreserve
from inventory.common.quantity import format_qty, parse_qty
from inventory.ledger import refusals
from inventory.ledger.commands import Part, Reserve, Unreserve
from inventory.ledger.unit_of_work import Book
from inventory.models import Kind, TxnType
from inventory.stock.allocation import in_order
from inventory.stock.entities import Item, Line, Lot, Reservation


def reserve(book: Book, request: Reserve) -> None:
    """Checks, in this order: the item, the quantities, each lot's holds, what is free."""
    item = book.item(request.item)
    if request.expires_at is not None and request.expires_at <= book.now:
        raise InvalidInput("The reservation would expire in the past.", field="expires_at")
    parts = choose(book, item, request.qty, request.lots, request.strategy, verb="reserved")
    operation = book.start(Kind.RESERVATION, request)
    reservation = Reservation(
        id=None,
        item=item,
        reference=request.reference,
        qty=sum(qty for _, qty in parts),
        expires_at=request.expires_at,
        note=request.note,
        created_at=book.now,
    )
    operation.reservation = reservation
    operation.shows.append(reservation)
    for lot, qty in parts:
        book.append(operation, TxnType.RESERVE, lot, qty, reservation)


def unreserve(book: Book, request: Unreserve) -> None:
    """Give back from the lots named, else from lots that may not be used first, then from the
    lot that allocation would have taken last."""
    reservation = book.reservation(request.reservation_id)
    parts = parts_of(
        book, reservation, request.qty, request.lots, refusal=OverUnreserve, verb="given back"
    )
    if parts is None:
        lines = [line for line in reservation.lines if line.open]
        order = in_order((line.lot for line in lines), "fefo")[::-1]
        order.sort(key=lambda lot: lot.hold(book.today) is None)
        parts = spread(reservation, _asked(reservation, request.qty), order)
    operation = book.start(Kind.UNRESERVATION, request, reference=reservation.reference)
    operation.shows.append(reservation)
    for lot, qty in parts:
        book.append(operation, TxnType.UNRESERVE, lot, qty, reservation)


def choose(
    book: Book,
    item: Item,
    written: object,
    named: Sequence[Part] | None,
    strategy: str,
    *,
    verb: str,
) -> list[tuple[Lot, int]]:
    """The lots and quantities that free stock is taken from: those named, else by strategy."""
    if named is not None:
        parts = _named_parts(book, item, written, named)
        for lot, qty in parts:
            _require_free(book, lot, qty, verb)
        return parts
    qty = parse_qty(written, decimals=item.decimals, unit=item.unit)
    taken = book.allocate(item, qty, strategy)
    if taken is None:
        lots = book.stocked.get(item.id, [])
        holders = _holders_of(book, lots)
        raise refusals.too_little_of_item(item, qty, lots, holders, today=book.today)
    return taken


def parts_of(
    book: Book,
    reservation: Reservation,
    written: object,
    named: Sequence[Part] | None,
    *,
    refusal: type[OverUnreserve] | type,
    verb: str,
) -> list[tuple[Lot, int]] | None:
    """What is asked of an open reservation: refused when more than open, None when the lots are
    left to the ledger."""
    item = reservation.item
    if named is None:
        if written is None and reservation.open:
            return None
        qty = 0 if written is None else parse_qty(written, decimals=item.decimals, unit=item.unit)
        if written is None or qty > reservation.open:
            raise _over(book, reservation, refusal, qty, reservation.open, verb)
        return None
    parts = _named_parts(book, item, written, named)
    for lot, qty in parts:
        open_here = line_of(reservation, lot).open
        if qty > open_here:
            raise _over(book, reservation, refusal, qty, open_here, verb, lot)
    return parts


def line_of(reservation: Reservation, lot: Lot) -> Line:
    return next((line for line in reservation.lines if line.lot is lot), Line(lot))


def spread(reservation: Reservation, qty: int, order: Sequence[Lot]) -> list[tuple[Lot, int]]:
    """Spread a quantity over the reservation's lots, in this order."""
    parts = []
    for lot in order:
        part = min(qty, line_of(reservation, lot).open)
        if part:
            parts.append((lot, part))
            qty -= part
    return parts


def _asked(reservation: Reservation, written: object) -> int:
    item = reservation.item
    if written is None:
        return reservation.open
    return parse_qty(written, decimals=item.decimals, unit=item.unit)


def _over(
    book: Book,
    reservation: Reservation,
    refusal: type,
    qty: int,
    open_qty: int,
    verb: str,
    lot: Lot | None = None,
) -> Exception:
    where = f" in {lot.lot_code}" if lot else ""
    asked = f", {format_qty(qty)} cannot be {verb}" if qty else f": nothing can be {verb}"
    ended = " The reservation has expired: reserve again." if reservation in book.expired else ""
    return refusal(  # type: ignore[no-any-return]
        f"{format_qty(open_qty)} {reservation.item.unit} open for {reservation.reference}{where}"
        f"{asked}.{ended}",
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


def _named_parts(
    book: Book, item: Item, written: object, named: Sequence[Part]
) -> list[tuple[Lot, int]]:
    """The lots that the caller names, and how much of each: together what is asked for."""
    parts: list[tuple[Lot, int]] = []
    for part in named:
        lot = book.lot_of(item, part.lot_id)
        qty = parse_qty(part.qty, decimals=item.decimals, unit=item.unit, field="lots")
        parts.append((lot, qty))
    total = sum(qty for _, qty in parts)
    if written is not None:
        asked = parse_qty(written, decimals=item.decimals, unit=item.unit)
        if asked != total:
            raise InvalidQty(
                f"The lots add up to {format_qty(total)}, not to {format_qty(asked)}.",
                field="qty",
            )
    return parts


def _require_free(book: Book, lot: Lot, qty: int, verb: str) -> None:
    if refusal := refusals.held_lot(lot, book.today, verb=verb):
        raise refusal
    if qty > lot.free(book.today):
        holders = _holders_of(book, [lot])
        raise refusals.too_little_in_lot(lot, qty, lot.free(book.today), holders, today=book.today)


def _holders_of(book: Book, lots: Sequence[Lot]) -> list[Reservation]:
    found = [holder for lot in lots if lot.reserved for holder in book.holders_in(lot)]
    return list(dict.fromkeys(found))
