"""Genealogy of lots: splits, and splits of splits."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.stock.statements import lots

_ID: sa.BindParameter[int] = sa.bindparam("of_lot", type_=sa.BigInteger)


def _lots_below() -> sa.Select[tuple[int, int]]:
    start = sa.select(lots.c.id, sa.literal(0).label("depth")).where(lots.c.id == _ID)
    below = start.cte("below", recursive=True)
    children = sa.select(lots.c.id, below.c.depth + 1).where(lots.c.parent_lot_id == below.c.id)
    below = below.union_all(children)
    return sa.select(below.c.id, below.c.depth).order_by(below.c.depth, below.c.id)


def _lots_above() -> sa.Select[tuple[int, int]]:
    start = sa.select(lots.c.parent_lot_id.label("id"), sa.literal(1).label("depth"))
    above = start.where(lots.c.id == _ID).cte("above", recursive=True)
    parents = sa.select(lots.c.parent_lot_id, above.c.depth + 1).where(lots.c.id == above.c.id)
    above = above.union_all(parents)
    known = sa.select(above.c.id, above.c.depth).where(above.c.id.is_not(None))
    return known.order_by(above.c.depth)


_BELOW = _lots_below()
_ABOVE = _lots_above()


def get_descendants(conn: Connection, lot_id: int) -> dict[int, int]:
    """Return the lot and every lot split off it, with the number of splits between."""
    rows = conn.execute(_BELOW, {"of_lot": lot_id})
    return {row.id: row.depth for row in rows}


def get_ancestors(conn: Connection, lot_id: int) -> list[int]:
    """Return the lots that the lot was split off, the nearest first."""
    return [row.id for row in conn.execute(_ABOVE, {"of_lot": lot_id})]
