"""What is open for each reference, such as a job: those at risk first, then the oldest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory import clock, stock
from inventory.figures import Lot, Reservation
from inventory.listing.paging import Page, Place, id_key, read_page
from inventory.listing.searching import clean_search, contains
from inventory.models import QcStatus
from inventory.stock import lots, open_lines, reservations

MOST_REFERENCES = 20


@dataclass(frozen=True, slots=True)
class Reference:
    """A job or an order, and its open reservations, oldest first."""

    name: str
    reservations: list[Reservation]

    @property
    def since(self) -> datetime:
        return self.reservations[0].created_at

    @property
    def unit(self) -> str | None:
        """The unit that all of it is counted in, so that it can be added up; else None."""
        units = {one.item.unit for one in self.reservations}
        return units.pop() if len(units) == 1 else None

    @property
    def qty(self) -> int:
        return sum(one.qty for one in self.reservations)

    @property
    def open(self) -> int:
        return sum(one.open for one in self.reservations)

    @property
    def issued(self) -> int:
        return sum(one.issued for one in self.reservations)

    def at_risk(self, today: date) -> bool:
        return any(one.at_risk(today) for one in self.reservations)

    def lines(self, today: date | None = None) -> list[tuple[Reservation, Lot, int]]:
        """What is open, lot by lot; with `today` only what may be issued on that day."""
        return [
            (one, line.lot, line.open)
            for one in self.reservations
            for line in one.lines
            if line.open and not (today and line.lot.hold(today))
        ]


def list_references(
    conn: Connection,
    *,
    at_risk: bool | None = None,
    q: object = None,
    limit: int = MOST_REFERENCES,
    cursor: object = None,
) -> Page[Reference]:
    """References with something open. `q` looks in the reference; `at_risk`: some of it is in a
    lot that may not be issued from now."""
    q = clean_search(q)
    risk = sa.func.max(sa.case((_on_hold(clock.today()), 1), else_=0))
    oldest = sa.func.min(reservations.c.id)
    chosen = (
        sa.select(oldest.label("id"), risk.label("risk"))
        .select_from(
            open_lines.join(reservations, reservations.c.id == open_lines.c.reservation_id).join(
                lots, lots.c.id == open_lines.c.lot_id
            )
        )
        .group_by(reservations.c.reference)
        .order_by(risk.desc(), oldest)
    )
    if q:
        chosen = chosen.where(contains(conn.dialect.name, q, reservations.c.reference))
    if at_risk is not None:
        chosen = chosen.having(risk == int(at_risk))
    place = Place("references", {"q": q, "risk": at_risk}, (_risk_key, id_key))
    if after := place.position_of(cursor):
        chosen = chosen.having(
            sa.or_(risk < after[0], sa.and_(risk == after[0], oldest > after[1]))
        )
    return read_page(conn, chosen, place, limit, lambda row: (row.risk, row.id), _references)


def find_reference(conn: Connection, name: str) -> Reference | None:
    """What is open for one reference; None when that is nothing."""
    found = _open_of(conn, [name])
    return Reference(name, found) if found else None


def _on_hold(today: date) -> sa.ColumnElement[bool]:
    return sa.or_(lots.c.qc_status != QcStatus.APPROVED.value, lots.c.expires_on < today)


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
        reservations.c.id.in_(sa.select(open_lines.c.reservation_id)),
    )
    ids = conn.execute(chosen.order_by(reservations.c.id)).scalars().all()
    found = stock.read_reservations(conn, ids)
    return sorted((one for one in found if one.open), key=lambda one: one.id or 0)
