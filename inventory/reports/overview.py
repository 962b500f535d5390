"""Overview of the whole warehouse: stock, and what needs attention.

Everything is read from the balance tables, because it covers many lots; no decision uses it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.pool import Pool

from inventory.idempotency.store import requests
from inventory.models import QcStatus
from inventory.stock import queries as stock
from inventory.stock.balance_filters import (
    has_status,
    is_at_risk,
    is_low_item,
    lot_balances,
    open_lines,
)
from inventory.stock.entities import Lot
from inventory.stock.statements import items, operations, reservations

Figures = TypeVar("Figures")

#: For each database, its state when the values were computed, and the values.
_remembered: WeakKeyDictionary[Pool, tuple[object, dict[object, Any]]] = WeakKeyDictionary()

_LAST_WRITE = sa.select(
    sa.select(sa.func.max(operations.c.id)).scalar_subquery(),
    sa.select(sa.func.max(requests.c.id)).scalar_subquery(),
)
#: The visible transactions: while this is the same, so is all data.
_SNAPSHOT = sa.text("SELECT pg_current_snapshot()::text")


def cached_until_write(
    conn: Connection, name: str, day: date, work_out: Callable[[], Figures]
) -> Figures:
    """Cache a computed value per database until the next write or the next day.

    The database's state is read and compared on each call. The value must not be changed by the
    caller.
    """
    last_write = _LAST_WRITE if conn.dialect.name == "sqlite" else _SNAPSHOT
    state = (tuple(conn.execute(last_write).one()), day)
    database = conn.engine.pool  # `conn.engine` can be a new object for each request.
    known = _remembered.get(database)
    if known is None or known[0] != state:
        known = _remembered[database] = (state, {})
    if name not in known[1]:
        known[1][name] = work_out()
    found: Figures = known[1][name]
    return found


def lots_in_quarantine(conn: Connection, *, limit: int) -> list[Lot]:
    """Return the lots that wait for a QC decision, longest wait first."""
    rows = conn.execute(
        sa.select(lot_balances.c.lot_id)
        .where(lot_balances.c.stocked, has_status(QcStatus.QUARANTINE))
        .order_by(lot_balances.c.received_at, lot_balances.c.lot_id)
        .limit(limit)
    )
    ids = list(rows.scalars())
    found = {lot.id: lot for lot in stock.read_lots(conn, ids)}
    return [found[id] for id in ids]


#: Counters show at most this number.
MOST_COUNTED = 999


@dataclass(frozen=True)
class Attention:
    """How much waits to be done; each count is at most MOST_COUNTED + 1."""

    reservations_at_risk: int
    lots_in_quarantine: int
    #: Receipt of the lot that waits longest.
    quarantined_since: datetime | None
    expired_lots: int
    #: Until the day that `attention` was asked for.
    expiring_lots: int
    low_items: int
    open_jobs: int


def attention(conn: Connection, today: date, *, expiring_before: date) -> Attention:
    """Return how much waits, cached until the next write."""
    return cached_until_write(
        conn, "attention", today, lambda: _attention(conn, today, expiring_before)
    )


def _attention(conn: Connection, today: date, expiring_before: date) -> Attention:
    stocked, expires = lot_balances.c.stocked, lot_balances.c.expires_on
    lots = sa.select(lot_balances.c.lot_id)
    oldest = lots_in_quarantine(conn, limit=1)
    at_risk = sa.select(open_lines.c.reservation_id).where(is_at_risk(today)).distinct()
    jobs = (
        sa.select(reservations.c.reference)
        .join(open_lines, open_lines.c.reservation_id == reservations.c.id)
        .distinct()
    )
    return Attention(
        reservations_at_risk=_count(conn, at_risk),
        lots_in_quarantine=_count(conn, lots.where(stocked, has_status(QcStatus.QUARANTINE))),
        quarantined_since=oldest[0].received_at if oldest else None,
        expired_lots=_count(conn, lots.where(stocked, expires < today)),
        expiring_lots=_count(
            conn, lots.where(stocked, expires >= today, expires < expiring_before)
        ),
        low_items=_count(conn, sa.select(items.c.id).where(is_low_item(today))),
        open_jobs=_count(conn, jobs),
    )


def _count(conn: Connection, chosen: sa.Select[Any]) -> int:
    """Return the number of rows, at most MOST_COUNTED + 1."""
    some = chosen.limit(MOST_COUNTED + 1).subquery()
    return conn.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()
