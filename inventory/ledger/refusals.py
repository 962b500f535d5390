"""Refusals that explain themselves.

A refusal says how much there is, what holds the rest and what can be done.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NoReturn

from inventory.common.errors import InsufficientStock, LotExpired, QcBlocked, Refusal
from inventory.common.messages import Message, join_sentences, message
from inventory.common.quantity import Qty, format_qty
from inventory.stock.entities import Item, Lot, Reservation, ReservationLine, totals

#: The most lots, and the most reservations, that a refusal lists.
_MAX_LISTED = 20


def require_usable(lot: Lot, today: date) -> None:
    """Require a lot that can be reserved and issued.

    Raises:
        LotExpired, QcBlocked: the lot is on hold.
    """
    hold = lot.hold_reason(today)
    if hold is None:
        return
    kind = LotExpired if hold == "EXPIRED" else QcBlocked
    raise kind(
        join_sentences(_why_on_hold(lot, hold), message("Its stock cannot be reserved or issued.")),
        lot_id=lot.id,
        lot_code=lot.lot_code,
        qc_status=lot.qc_status,
        expires_on=lot.expires_on and lot.expires_on.isoformat(),
        on_hand=format_qty(lot.on_hand),
        lots=_lots([lot], today),
    )


def raise_insufficient_in_lot(
    lot: Lot, qty: int, free: int, holders: Iterable[Reservation], *, today: date
) -> NoReturn:
    """Refuse a quantity that exceeds what is free in one lot.

    Quantities are integers in 10^-6 units.

    Raises:
        InsufficientStock: always.
    """
    unit = lot.item.unit
    figures = {"lot": lot.lot_code, "free": Qty(free, unit), "qty": Qty(qty, unit)}
    if free:
        what = message("Only %(free)s free in %(lot)s, %(qty)s requested.", **figures)
    else:
        what = message("Nothing is free in %(lot)s, %(qty)s requested.", **figures)
    raise InsufficientStock(
        join_sentences(what, _held_by(lot.reserved, unit, holders)),
        item=lot.item.code,
        lot_id=lot.id,
        requested=format_qty(qty),
        free=format_qty(free),
        on_hand=format_qty(lot.on_hand),
        reserved=format_qty(lot.reserved),
        available=format_qty(lot.available),
        on_hold=format_qty(lot.on_hold(today)),
        lots=_lots([lot], today),
        reservations=reservation_figures(holders),
    )


def raise_insufficient_stock(
    item: Item, qty: int, lots: Sequence[Lot], holders: Iterable[Reservation], *, today: date
) -> NoReturn:
    """Refuse a quantity that exceeds an item's free stock.

    Quantities are integers in 10^-6 units.

    Raises:
        QcBlocked, LotExpired: stock on hold would have sufficed.
        InsufficientStock: otherwise.
    """
    sums = totals(lots, today)
    holds: dict[str, int] = {}
    for lot in lots:
        if (hold := lot.hold_reason(today)) and lot.available:
            holds[hold] = holds.get(hold, 0) + lot.available
    blocked = holds.get("QUARANTINE", 0) + holds.get("REJECTED", 0)
    kind: type[Refusal] = InsufficientStock
    if sums.free + blocked >= qty:
        kind = QcBlocked
    elif sums.free + holds.get("EXPIRED", 0) >= qty:
        kind = LotExpired
    elif sums.available >= qty:
        kind = QcBlocked
    unit = item.unit
    figures = {"item": item.code, "free": Qty(sums.free, unit), "qty": Qty(qty, unit)}
    if sums.free:
        what = message("Only %(free)s of %(item)s free, %(qty)s requested.", **figures)
    else:
        what = message("Nothing of %(item)s is free, %(qty)s requested.", **figures)
    on_hold = [_how_much_on_hold(hold, Qty(amount, unit)) for hold, amount in sorted(holds.items())]
    raise kind(
        join_sentences(what, *on_hold, _held_by(sums.reserved, unit, holders)),
        item=item.code,
        requested=format_qty(qty),
        free=format_qty(sums.free),
        on_hand=format_qty(sums.on_hand),
        reserved=format_qty(sums.reserved),
        available=format_qty(sums.available),
        on_hold=format_qty(sums.on_hold),
        lots=_lots([lot for lot in lots if lot.on_hand], today),
        reservations=reservation_figures(holders),
    )


def raise_reservation_at_risk(
    reservation: Reservation, lines: Sequence[ReservationLine], qty: int, today: date
) -> NoReturn:
    """Refuse to issue from a reservation whose lots are on hold.

    Args:
        lines: the lines to issue from.
        qty: requested quantity, in 10^-6 units.

    Raises:
        LotExpired: all lots on hold have expired.
        QcBlocked: otherwise.
    """
    held = [line for line in lines if line.open and line.lot.hold_reason(today)]
    usable = sum(line.open for line in lines if not line.lot.hold_reason(today))
    only_expired = all(line.lot.hold_reason(today) == "EXPIRED" for line in held)
    kind = LotExpired if only_expired else QcBlocked
    can_be_issued = message(
        "%(usable)s of %(qty)s reserved for %(reference)s can be issued now.",
        usable=Qty(usable),
        qty=Qty(qty, reservation.item.unit),
        reference=reservation.reference,
    )
    reasons = [_why_on_hold(line.lot, line.lot.hold_reason(today) or "") for line in held]
    raise kind(
        join_sentences(can_be_issued, *reasons),
        item=reservation.item.code,
        reservation_id=reservation.id,
        requested=format_qty(qty),
        issuable=format_qty(usable),
        open=format_qty(reservation.open),
        lots=_lots([line.lot for line in held], today),
    )


def _why_on_hold(lot: Lot, hold: str) -> Message:
    if hold == "EXPIRED":
        return message("Lot %(lot)s expired on %(day)s.", lot=lot.lot_code, day=lot.expires_on)
    if hold == "REJECTED":
        return message("Lot %(lot)s is rejected.", lot=lot.lot_code)
    return message("Lot %(lot)s is in quarantine.", lot=lot.lot_code)


def _how_much_on_hold(hold: str, qty: Qty) -> Message:
    if hold == "EXPIRED":
        return message("%(qty)s expired.", qty=qty)
    if hold == "REJECTED":
        return message("%(qty)s rejected.", qty=qty)
    return message("%(qty)s in quarantine.", qty=qty)


def _held_by(reserved: int, unit: str, holders: Iterable[Reservation]) -> str:
    if not reserved:
        return ""
    names = list(dict.fromkeys(holder.reference for holder in holders))[:3]
    qty = Qty(reserved, unit)
    if not names:
        return message("%(qty)s reserved.", qty=qty)
    return message("%(qty)s reserved for %(references)s.", qty=qty, references=names)


def _lots(lots: Sequence[Lot], today: date) -> list[dict[str, Any]]:
    shown = [
        "lot_code",
        "qc_status",
        "expires_on",
        "hold",
        "on_hand",
        "reserved",
        "available",
        "free",
    ]
    records = [lot.to_dict(today) for lot in lots[:_MAX_LISTED]]
    return [
        {"lot_id": record["id"], **{name: record[name] for name in shown}} for record in records
    ]


def reservation_figures(holders: Iterable[Reservation]) -> list[dict[str, Any]]:
    """Return the first reservations as a refusal lists them."""
    return [
        {
            "reservation_id": holder.id,
            "reference": holder.reference,
            "open_qty": format_qty(holder.open),
        }
        for holder in list(holders)[:_MAX_LISTED]
    ]
