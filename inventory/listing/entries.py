"""Ledger entries, newest first."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory import accounts, stock, text
from inventory.figures import Entry
from inventory.listing.paging import USUAL_ROWS, Page, Place, id_key, in_order, read_page
from inventory.listing.searching import id_of_item
from inventory.models import TxnType
from inventory.stock import ledger, operations, users


def list_entries(
    conn: Connection,
    *,
    item: object = None,
    lot: object = None,
    reservation: object = None,
    type: object = None,
    reference: object = None,
    user: object = None,
    since: object = None,
    until: object = None,
    limit: int = USUAL_ROWS,
    cursor: object = None,
) -> Page[Entry]:
    """Ledger entries, newest first; written from `since` on and before `until`."""
    start = text.clean_moment(since, field="from")
    end = text.clean_moment(until, field="to")
    reference = text.clean_text(reference, field="reference", longest=100)
    filters = {
        "item": item, "lot": lot, "reservation": reservation, "type": type,
        "reference": reference, "user": user, "from": start, "to": end,
    }  # fmt: skip
    place = Place("entries", filters, (id_key,))
    # Within a lot the order is the lot's own, which an index keeps.
    order = ledger.c.id if lot is None else ledger.c.lot_seq
    chosen = sa.select(ledger.c.id, order.label("position")).order_by(order.desc())
    if item is not None:
        chosen = chosen.where(ledger.c.item_id == id_of_item(item))
    if lot is not None:
        chosen = chosen.where(ledger.c.lot_id == text.clean_id(lot, field="lot"))
    if reservation is not None:
        reservation_id = text.clean_id(reservation, field="reservation")
        chosen = chosen.where(ledger.c.reservation_id == reservation_id)
    if type is not None:
        txn_type = text.clean_choice(type, field="type", choices=tuple(TxnType))
        chosen = chosen.where(ledger.c.txn_type == txn_type)
    if reference is not None:
        named = sa.select(operations.c.id).where(operations.c.reference == reference)
        chosen = chosen.where(ledger.c.operation_id.in_(named))
    if user is not None:
        chosen = chosen.where(_done_by(conn, user))
    if start is not None:
        chosen = chosen.where(ledger.c.timestamp >= start)
    if end is not None:
        chosen = chosen.where(ledger.c.timestamp < end)
    if after := place.position_of(cursor):
        chosen = chosen.where(order < after[0])
    return read_page(conn, chosen, place, limit, lambda row: (row.position,), _entries)


def _done_by(conn: Connection, name: object) -> sa.ColumnElement[bool]:
    of_name = sa.select(users.c.id).where(users.c.name_key == accounts.find_key(name))
    user_id = conn.execute(of_name).scalar()
    if user_id is None:
        return sa.false()
    return sa.exists().where(
        operations.c.id == ledger.c.operation_id, operations.c.user_id == user_id
    )


def _entries(conn: Connection, ids: Sequence[int]) -> list[Entry]:
    rows = conn.execute(stock.ENTRIES.where(ledger.c.id.in_(ids)))
    return in_order((Entry(*tuple(row)) for row in rows), ids)
