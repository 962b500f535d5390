"""The whole warehouse at a glance: what it holds, and what waits for somebody.

Over many lots, so all of it is read from the read cache; no decision is taken on it.
"""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory import stock
from inventory.figures import Lot, Totals
from inventory.heads import add_up, has_status, heads, is_expired, item_heads, parts
from inventory.models import QcStatus
from inventory.quantity import ONE
from inventory.stock import items


def totals_by_unit(conn: Connection, today: date) -> dict[str, Totals]:
    """What the warehouse holds, by unit (pieces and metres do not add up), most items first."""
    figures = [column for column in item_heads.c if column.name != "item_id"]
    rows = conn.execute(
        sa.select(items.c.unit, *map(add_up, figures))
        .join_from(item_heads, items, items.c.id == item_heads.c.item_id)
        .group_by(items.c.unit)
        .order_by(sa.func.count().desc(), items.c.unit)
    )
    found = {row[0]: [row[at] * ONE + row[at + 1] for at in (1, 3, 5)] for row in rows}
    for unit, expired in _expired_by_unit(conn, today).items():
        found.setdefault(unit, [0, 0, 0])[2] += expired
    return {unit: Totals(*sums) for unit, sums in found.items()}


def _expired_by_unit(conn: Connection, today: date) -> dict[str, int]:
    available = parts(heads.c.on_hand - heads.c.reserved)
    rows = conn.execute(
        sa.select(items.c.unit, *map(add_up, available))
        .join_from(heads, items, items.c.id == heads.c.item_id)
        .where(is_expired(today))
        .group_by(items.c.unit)
    )
    return {unit: units * ONE + rest for unit, units, rest in rows}


def lots_in_quarantine(conn: Connection, *, limit: int) -> list[Lot]:
    """Lots that wait for a QC decision, longest wait first."""
    rows = conn.execute(
        sa.select(heads.c.lot_id)
        .where(heads.c.stocked, has_status(QcStatus.QUARANTINE))
        .order_by(heads.c.received_at, heads.c.lot_id)
        .limit(limit)
    )
    ids = list(rows.scalars())
    found = {lot.id: lot for lot in stock.read_lots(conn, ids)}
    return [found[id] for id in ids]
