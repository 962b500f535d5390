"""Stock of the whole warehouse by unit, from the balance tables."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.db import exact_sum
from inventory.stock.balance_filters import is_expired, item_balances, lot_balances
from inventory.stock.entities import StockTotals
from inventory.stock.statements import items


def totals_by_unit(conn: Connection, today: date) -> dict[str, StockTotals]:
    """Return the stock by unit, the unit with most items first."""
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
