"""Ledger entries, newest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory import accounts, stock, text
from inventory.figures import Entry
from inventory.listing.paging import (
    USUAL_ROWS,
    Page,
    Place,
    id_key,
    in_order,
    moment_key,
    read_page,
)
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
    is_timed = start is not None or end is not None
    order = _order(lot=lot is not None, user=user is not None, timed=is_timed)
    place = Place("entries", filters, order.keys)
    columns = [column.label(f"at_{number}") for number, column in enumerate(order.columns)]
    chosen = sa.select(ledger.c.id, *columns).order_by(*(one.desc() for one in order.columns))
    if item is not None:
        chosen = chosen.where(ledger.c.item_id == id_of_item(item))
    if lot is not None:
        lot_id = text.clean_id(lot, field="lot")
        chosen = chosen.where(ledger.c.lot_id == lot_id, *_within(lot_id, start, end))
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
        of_name = sa.select(users.c.id).where(users.c.name_key == accounts.find_key(user))
        chosen = chosen.join(operations, operations.c.id == ledger.c.operation_id).where(
            operations.c.user_id == of_name.scalar_subquery()
        )
    if start is not None:
        chosen = chosen.where(ledger.c.timestamp >= start)
    if end is not None:
        chosen = chosen.where(ledger.c.timestamp < end)
    if after := place.position_of(cursor):
        chosen = chosen.where(_before(order.columns, after))
    return read_page(conn, chosen, place, limit, lambda row: row[1:], _entries)


class _Order(NamedTuple):
    columns: tuple[sa.Column[Any], ...]
    keys: tuple[Callable[[Any], Any], ...]


def _order(*, lot: bool, user: bool, timed: bool) -> _Order:
    """Newest first, by what an index keeps: within a lot by its own sequence, of a user by their
    operations, within a time by the clock, else as they were written."""
    if lot:
        return _Order((ledger.c.lot_seq,), (id_key,))
    if user:
        return _Order((operations.c.id, ledger.c.id), (id_key, id_key))
    if timed:
        return _Order((ledger.c.timestamp, ledger.c.id), (moment_key, id_key))
    return _Order((ledger.c.id,), (id_key,))


def _before(columns: Sequence[sa.Column[Any]], after: Sequence[Any]) -> sa.ColumnElement[bool]:
    if len(columns) == 1:
        return columns[0] < after[0]
    values = [sa.literal(value, column.type) for column, value in zip(columns, after, strict=True)]
    return sa.tuple_(*columns) < sa.tuple_(*values)


def _within(lot_id: int, start: datetime | None, end: datetime | None) -> list[Any]:
    """A lot's timestamps never go back: between which of its entries a time lies."""
    of_lot = sa.select(ledger.c.lot_seq).where(ledger.c.lot_id == lot_id).limit(1)
    at, found = ledger.c.timestamp, []
    if start is not None:
        first = of_lot.where(at >= start).order_by(at, ledger.c.lot_seq)
        found.append(ledger.c.lot_seq >= first.scalar_subquery())
    if end is not None:
        last = of_lot.where(at < end).order_by(at.desc(), ledger.c.lot_seq.desc())
        found.append(ledger.c.lot_seq <= last.scalar_subquery())
    return found


def _entries(conn: Connection, ids: Sequence[int]) -> list[Entry]:
    rows = conn.execute(stock.ENTRIES.where(ledger.c.id.in_(ids)))
    return in_order((Entry(*tuple(row)) for row in rows), ids)
