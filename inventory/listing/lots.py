"""Lots with their figures, and the QC history of one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory import stock, text
from inventory.figures import Lot
from inventory.heads import has_status, heads
from inventory.listing.paging import USUAL_ROWS, Page, Place, date_key, id_key, in_order, read_page
from inventory.listing.searching import clean_search, contains, id_of_item
from inventory.models import QcDecision, QcStatus, table
from inventory.stock import lots, operations, users

_decisions = table(QcDecision)


@dataclass(frozen=True, slots=True)
class Decision:
    """One QC decision on a lot; the first is what the lot came in with."""

    status: str
    from_status: str | None
    reason: str | None
    user_name: str
    decided_at: datetime
    operation_id: int


def list_lots(
    conn: Connection,
    *,
    item: object = None,
    qc_status: object = None,
    q: object = None,
    expiring_before: object = None,
    with_stock: bool | None = None,
    limit: int = USUAL_ROWS,
    cursor: object = None,
) -> Page[Lot]:
    """Lots, newest first; with `expiring_before` those that expire earlier than that day, soonest
    first. `q` looks in lot code and supplier lot; `with_stock`: with something on hand."""
    q = clean_search(q)
    until = text.clean_date(expiring_before, field="expiring_before")
    filters = {"item": item, "qc": qc_status, "q": q, "until": until, "stock": with_stock}
    place = Place("lots", filters, (id_key,) if until is None else (date_key, id_key))
    after = place.position_of(cursor)
    # The index over what expires is one of lots in stock; of all lots there is another.
    expires_on = heads.c.expires_on if with_stock else lots.c.expires_on
    soonest = (expires_on, heads.c.lot_id if with_stock else lots.c.id)
    chosen = sa.select(heads.c.lot_id.label("id"), expires_on.label("expires_on")).join(
        lots, lots.c.id == heads.c.lot_id
    )
    if until is None:
        chosen = chosen.order_by(heads.c.lot_id.desc())
        if after:
            chosen = chosen.where(heads.c.lot_id < after[0])
    else:
        chosen = chosen.where(expires_on < until).order_by(*soonest)
        if after:
            chosen = chosen.where(sa.tuple_(*soonest) > sa.tuple_(*map(sa.literal, after)))
    if item is not None:
        chosen = chosen.where(lots.c.item_id == id_of_item(item))
    if qc_status is not None:
        status = text.clean_choice(qc_status, field="qc_status", choices=tuple(QcStatus))
        chosen = chosen.where(has_status(str(status)))
    if with_stock is not None:
        chosen = chosen.where(heads.c.stocked if with_stock else ~heads.c.stocked)
    if q:
        searched = (lots.c.lot_code, lots.c.supplier_lot)
        chosen = chosen.where(contains(conn.dialect.name, q, *searched))
    return read_page(
        conn,
        chosen,
        place,
        limit,
        lambda row: (row.id,) if until is None else (row.expires_on, row.id),
        lambda conn, ids: in_order(stock.read_lots(conn, ids), ids),
    )


def decisions_on(conn: Connection, lot_id: int) -> list[Decision]:
    """A lot's QC history, oldest first."""
    rows = conn.execute(
        sa.select(
            _decisions.c.to_status,
            _decisions.c.from_status,
            _decisions.c.reason,
            users.c.name,
            operations.c.recorded_at,
            operations.c.id,
        )
        .join(operations, operations.c.id == _decisions.c.operation_id)
        .join(users, users.c.id == operations.c.user_id)
        .where(_decisions.c.lot_id == lot_id)
        .order_by(_decisions.c.decision_seq)
    )
    return [Decision(*row) for row in rows]
