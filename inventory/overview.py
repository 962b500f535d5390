"""The whole warehouse at a glance: what it holds, and what waits for somebody.

Over many lots, so all of it is read from the read cache; no decision is taken on it.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory import stock
from inventory.figures import Lot, Totals
from inventory.models import QcStatus
from inventory.quantity import ONE
from inventory.stock import heads, items, lots


def totals_by_unit(conn: Connection, today: date) -> dict[str, Totals]:
    """What the warehouse holds, by unit (pieces and metres do not add up), most items first."""
    held = sa.or_(lots.c.qc_status != QcStatus.APPROVED.value, lots.c.expires_on < today)
    on_hold = sa.case((held, heads.c.on_hand - heads.c.reserved), else_=0)
    sums = [
        part for column in (heads.c.on_hand, heads.c.reserved, on_hold) for part in _sum(column)
    ]
    rows = conn.execute(
        sa.select(items.c.unit, *sums)
        .select_from(heads.join(lots, lots.c.id == heads.c.lot_id))
        .join(items, items.c.id == heads.c.item_id)
        .group_by(items.c.unit)
        .order_by(sa.func.count(heads.c.item_id.distinct()).desc(), items.c.unit)
    )
    return {row[0]: Totals(*(row[at] * ONE + row[at + 1] for at in (1, 3, 5))) for row in rows}


def _sum(column: sa.ColumnElement[Any]) -> list[sa.ColumnElement[int]]:
    """Whole units, and the rest: added up together they could pass 2^63."""
    return [sa.cast(sa.func.sum(part), sa.BigInteger) for part in (column // ONE, column % ONE)]


def lots_in_quarantine(conn: Connection, *, limit: int) -> list[Lot]:
    """Lots that wait for a QC decision, longest wait first."""
    rows = conn.execute(
        sa.select(lots.c.id)
        .join(heads, heads.c.lot_id == lots.c.id)
        .where(heads.c.on_hand > 0, lots.c.qc_status == QcStatus.QUARANTINE.value)
        .order_by(lots.c.received_at, lots.c.id)
        .limit(limit)
    )
    ids = list(rows.scalars())
    found = {lot.id: lot for lot in stock.read_lots(conn, ids)}
    return [found[id] for id in ids]
