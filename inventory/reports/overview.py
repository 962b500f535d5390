"""Overview of the whole warehouse: stock, and what needs attention.

Everything is read from the balance tables, because it covers many lots; no decision uses it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.pool import Pool

from inventory.db import exact_sum
from inventory.idempotency.store import requests
from inventory.models import QcStatus
from inventory.stock import queries as stock
from inventory.stock.balance_filters import (
    has_status,
    is_expired,
    item_balances,
    lot_balances,
    open_lines,
)
from inventory.stock.entities import Lot, Reservation, StockTotals
from inventory.stock.statements import items, operations

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


def totals_by_unit(conn: Connection, today: date) -> dict[str, StockTotals]:
    """Return the stock by unit, the unit with most items first."""
    return cached_until_write(conn, "totals", today, lambda: _totals_by_unit(conn, today))


def _totals_by_unit(conn: Connection, today: date) -> dict[str, StockTotals]:
    of = item_balances.c
    rows = conn.execute(
        sa.select(items.c.unit, exact_sum(of.on_hand), exact_sum(of.reserved), exact_sum(of.held))
        .join_from(item_balances, items, items.c.id == of.item_id)
        .group_by(items.c.unit)
        .order_by(sa.func.count().desc(), items.c.unit)
    )
    expired = _expired_by_unit(conn, today)
    return {
        unit: StockTotals(on_hand, reserved, held + expired.get(unit, 0))
        for unit, on_hand, reserved, held in rows
    }


def _expired_by_unit(conn: Connection, today: date) -> dict[str, int]:
    available = lot_balances.c.on_hand - lot_balances.c.reserved
    rows = conn.execute(
        sa.select(items.c.unit, exact_sum(available).label("qty"))
        .join_from(lot_balances, items, items.c.id == lot_balances.c.item_id)
        .where(is_expired(today))
        .group_by(items.c.unit)
    )
    return {row.unit: row.qty for row in rows}


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


def old_reservations(conn: Connection, before: datetime, *, limit: int) -> list[Reservation]:
    """Return the open reservations made before that time, oldest first."""
    rows = conn.execute(
        sa.select(open_lines.c.reservation_id)
        .group_by(open_lines.c.reservation_id)
        .order_by(open_lines.c.reservation_id)
        .limit(limit)
    )
    ids = list(rows.scalars())
    found = {reservation.id: reservation for reservation in stock.read_reservations(conn, ids)}
    return [found[id] for id in ids if id in found and found[id].created_at < before]
