"""Open reservations by reference (job or order): at risk first, then oldest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.common import clock, validation
from inventory.queries.pagination import CursorScope, Page, id_key, validate_limit
from inventory.queries.search import contains, validate_search
from inventory.stock import queries as stock
from inventory.stock.balance_filters import is_at_risk, open_lines
from inventory.stock.entities import Lot, Reservation
from inventory.stock.statements import reservations

MAX_REFERENCES = 20


@dataclass(frozen=True, slots=True)
class Reference:
    """A job or order and its open reservations, oldest first."""

    name: str
    reservations: list[Reservation]

    @property
    def since(self) -> datetime:
        """Return when the oldest open reservation was made."""
        return self.reservations[0].created_at

    @property
    def unit(self) -> str | None:
        """Return the unit if all items have the same, so that sums are possible."""
        units = {reservation.item.unit for reservation in self.reservations}
        return units.pop() if len(units) == 1 else None

    @property
    def qty(self) -> int:
        """Return the sum of the reserved quantities."""
        return sum(reservation.qty for reservation in self.reservations)

    @property
    def open(self) -> int:
        """Return the sum of the open quantities."""
        return sum(reservation.open for reservation in self.reservations)

    @property
    def issued(self) -> int:
        """Return the sum of the issued quantities."""
        return sum(reservation.issued for reservation in self.reservations)

    def at_risk(self, today: date) -> bool:
        """Return whether any reservation is at risk."""
        return any(reservation.at_risk(today) for reservation in self.reservations)

    def lines(self, today: date | None = None) -> list[tuple[Reservation, Lot, int]]:
        """Return the open lines; with `today`, only those that can be issued that day."""
        return [
            (reservation, line.lot, line.open)
            for reservation in self.reservations
            for line in reservation.lines
            if line.open
            and not (today and (line.lot.hold_reason(today) or reservation.expired(clock.now())))
        ]


def list_references(
    conn: Connection,
    *,
    at_risk: bool | None = None,
    q: object = None,
    limit: int = MAX_REFERENCES,
    cursor: object = None,
) -> Page[Reference]:
    """Return references with open reservations.

    Args:
        at_risk: some stock is in a lot that cannot be issued from now.
        q: words to find in the reference.
    """
    q = validate_search(q)
    place = CursorScope("references", {"q": q, "risk": at_risk}, (_risk_key, id_key))
    after = place.position_of(cursor)
    found: list[tuple[int, int]] = []
    for risk, oldest in ((1, _risky()), (0, _safe())):
        if at_risk is (not risk) or (after and after[0] < risk):
            continue
        if q:
            oldest = oldest.where(contains(conn, q, reservations))
        if after and after[0] == risk:
            oldest = oldest.having(after[1] < _ID) if risk else oldest.where(after[1] < _OLDEST)
        rows = conn.execute(oldest.limit(validate_limit(limit) + 1 - len(found)))
        found += [(id, risk) for id in rows.scalars()]
    cursor = place.cursor_after(found[limit - 1][::-1]) if len(found) > limit else None
    return Page(_references(conn, [id for id, _ in found[:limit]]), cursor)


_OLDEST = open_lines.c.reservation_id
_ID = sa.func.min(open_lines.c.reservation_id)


def _risky_references() -> sa.Select[Any]:
    risky = sa.select(open_lines.c.reservation_id).where(is_at_risk(clock.today()))
    return sa.select(reservations.c.reference).where(reservations.c.id.in_(risky))


def _risky() -> sa.Select[Any]:
    """Select the oldest open reservation of each reference at risk, which are few."""
    return (
        sa.select(_ID.label("id"))
        .join_from(reservations, open_lines, open_lines.c.reservation_id == reservations.c.id)
        .where(reservations.c.reference.in_(_risky_references()))
        .group_by(reservations.c.reference)
        .order_by(_ID)
    )


def _safe() -> sa.Select[Any]:
    """Select the oldest open reservation of each other reference, by id."""
    older, open_then = reservations.alias(), open_lines.alias()
    is_oldest = ~sa.exists().where(
        older.c.reference == reservations.c.reference,
        older.c.id < reservations.c.id,
        older.c.id == open_then.c.reservation_id,
    )
    return (
        sa.select(_OLDEST.label("id"))
        .distinct()
        .join_from(open_lines, reservations, reservations.c.id == open_lines.c.reservation_id)
        .where(is_oldest, reservations.c.reference.not_in(_risky_references()))
        .order_by(_OLDEST)
    )


def find_reference(conn: Connection, name: object) -> Reference | None:
    """Return the open reservations of one reference, or None.

    Raises:
        InvalidInput: not a valid reference.
    """
    known = validation.validate_text(name, field="reference", max_length=100)
    found = _open_of(conn, [known]) if known else []
    return Reference(known, found) if known and found else None


def _risk_key(value: Any) -> int:
    if value not in (0, 1) or isinstance(value, bool):
        raise ValueError
    return int(value)


def _references(conn: Connection, oldest: Sequence[int]) -> list[Reference]:
    rows = conn.execute(
        sa.select(reservations.c.id, reservations.c.reference).where(reservations.c.id.in_(oldest))
    )
    names = {row.id: row.reference for row in rows}
    held: dict[str, list[Reservation]] = {names[id]: [] for id in oldest}
    for one in _open_of(conn, list(held)):
        held[one.reference].append(one)
    return [Reference(name, found) for name, found in held.items() if found]


def _open_of(conn: Connection, names: Sequence[str]) -> list[Reservation]:
    chosen = sa.select(reservations.c.id).where(
        reservations.c.reference.in_(names),
        sa.exists().where(open_lines.c.reservation_id == reservations.c.id),
    )
    ids = conn.execute(chosen.order_by(reservations.c.id)).scalars().all()
    found = stock.read_reservations(conn, ids)
    return sorted((one for one in found if one.open), key=lambda one: one.id or 0)
