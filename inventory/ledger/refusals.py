"""Refusals that explain themselves.

A refusal says how much there is, what holds the rest and what can be done.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NoReturn

from inventory.common.errors import InsufficientStock, LotExpired, QcBlocked, Refusal
from inventory.common.quantity import format_qty
from inventory.stock.entities import Item, Lot, Reservation, ReservationLine, totals

#: The most lots, and the most reservations, that a refusal lists.
_MAX_LISTED = 20

_HOLD_WORDS = {
    "QUARANTINE": "in quarantine",
    "REJECTED": "rejected",
    "EXPIRED": "expired",
}


def require_usable(lot: Lot, today: date, *, action_word: str) -> None:
    """Require a lot that can be reserved and issued.

    Args:
        action_word: participle of the action, such as "reserved".

    Raises:
        LotExpired, QcBlocked: the lot is on hold.
    """
    hold = lot.hold_reason(today)
    if hold is None:
        return
    kind = LotExpired if hold == "EXPIRED" else QcBlocked
    since = f" since {lot.expires_on}" if hold == "EXPIRED" else ""
    raise kind(
        f"Lot {lot.lot_code} is {_HOLD_WORDS[hold]}{since}: nothing in it can be {action_word}.",
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
    detail = (
        f"Only {format_qty(free)} {unit} free in {lot.lot_code}, {format_qty(qty)} {unit} requested"
        if free
        else f"Nothing is free in {lot.lot_code}, {format_qty(qty)} {unit} requested"
    )
    detail += _held_by(lot.reserved, unit, holders) + "."
    raise InsufficientStock(
        detail,
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
    detail = (
        f"Only {format_qty(sums.free)} {item.unit} of {item.code} free,"
        f" {format_qty(qty)} {item.unit} requested"
        if sums.free
        else f"Nothing of {item.code} is free, {format_qty(qty)} {item.unit} requested"
    )
    detail += "".join(
        f"; {format_qty(amount)} {item.unit} {_HOLD_WORDS[hold]}"
        for hold, amount in sorted(holds.items())
    )
    detail += _held_by(sums.reserved, item.unit, holders) + "."
    raise kind(
        detail,
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
    named = ", ".join(
        f"{line.lot.lot_code} is {_HOLD_WORDS[line.lot.hold_reason(today) or '']}" for line in held
    )
    unit = reservation.item.unit
    raise kind(
        f"{format_qty(usable)} of {format_qty(qty)} {unit} reserved for {reservation.reference}"
        f" can be issued now: {named}.",
        item=reservation.item.code,
        reservation_id=reservation.id,
        requested=format_qty(qty),
        issuable=format_qty(usable),
        open=format_qty(reservation.open),
        lots=_lots([line.lot for line in held], today),
    )


def _held_by(reserved: int, unit: str, holders: Iterable[Reservation]) -> str:
    if not reserved:
        return ""
    names = list(dict.fromkeys(holder.reference for holder in holders))[:3]
    by = f" by {', '.join(names)}" if names else ""
    return f"; {format_qty(reserved)} {unit} reserved{by}"


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
