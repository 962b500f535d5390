"""List ledger entries, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.accounts import users as accounts_users
from inventory.common import validation
from inventory.models import Kind, TxnType
from inventory.queries.pagination import (
    USUAL_ROWS,
    CursorScope,
    Page,
    SortOrder,
    datetime_key,
    id_key,
    in_order,
    read_page,
)
from inventory.queries.search import id_of_item
from inventory.stock import queries as stock
from inventory.stock import statements
from inventory.stock.entities import Entry
from inventory.stock.statements import ledger, lots, operations, users


def list_entries(
    conn: Connection,
    *,
    item: object = None,
    lot: object = None,
    reservation: object = None,
    type: object = None,
    kind: object = None,
    lot_code: object = None,
    reference: object = None,
    user: object = None,
    since: object = None,
    until: object = None,
    limit: int = USUAL_ROWS,
    cursor: object = None,
) -> Page[Entry]:
    """Return ledger entries, newest first.

    Args:
        since, until: from `since` (inclusive) to `until` (exclusive).
    """
    start = validation.validate_datetime(since, field="from")
    end = validation.validate_datetime(until, field="to")
    reference = validation.validate_text(reference, field="reference", max_length=100)
    filters = {
        "item": item, "lot": lot, "reservation": reservation, "type": type,
        "reference": reference, "user": user, "from": start, "to": end, "kind": kind,
        "lot_code": lot_code,
    }  # fmt: skip
    is_timed = start is not None or end is not None
    order = _order(lot=lot is not None, user=user is not None, timed=is_timed)
    place = CursorScope("entries", filters, order.keys)
    chosen = order.apply(sa.select(ledger.c.id), place.position_of(cursor))
    if item is not None:
        chosen = chosen.where(ledger.c.item_id == id_of_item(conn, item))
    if lot is not None:
        lot_id = validation.validate_id(lot, field="lot")
        chosen = chosen.where(ledger.c.lot_id == lot_id, *_within(lot_id, start, end))
    if reservation is not None:
        reservation_id = validation.validate_id(reservation, field="reservation")
        chosen = chosen.where(ledger.c.reservation_id == reservation_id)
    if type is not None:
        txn_type = validation.validate_choice(type, field="type", choices=tuple(TxnType))
        chosen = chosen.where(ledger.c.txn_type == txn_type)
    if kind is not None:
        chosen = chosen.where(
            _of_kind(validation.validate_choice(kind, field="kind", choices=tuple(Kind)))
        )
    if lot_code is not None:
        code = validation.validate_text(lot_code, field="lot", max_length=64)
        meant = stock.with_lot_code(stock.lot_codes_meant(conn, code or ""))
        chosen = chosen.where(ledger.c.lot_id.in_(sa.select(lots.c.id).where(meant)))
    if reference is not None:
        mine = operations.alias()
        named = sa.select(mine.c.id).where(mine.c.reference == reference)
        chosen = chosen.where(ledger.c.operation_id.in_(named))
    if user is not None:
        of_name = sa.select(users.c.id).where(users.c.name_key == accounts_users.find_key(user))
        chosen = chosen.join(operations, operations.c.id == ledger.c.operation_id).where(
            operations.c.user_id == of_name.scalar_subquery()
        )
    if start is not None:
        chosen = chosen.where(ledger.c.timestamp >= start)
    if end is not None:
        chosen = chosen.where(ledger.c.timestamp < end)
    return read_page(conn, chosen, place, limit, order.position, _entries)


def _of_kind(kind: str) -> sa.ColumnElement[bool]:
    """Return the condition for entries of a kind; it joins no other table."""
    mine = operations.alias()
    return sa.exists().where(mine.c.id == ledger.c.operation_id, mine.c.kind == kind)


def _order(*, lot: bool, user: bool, timed: bool) -> SortOrder:
    """Return the order, newest first, by the columns of an index.

    That is the lot's sequence, the user's operations, the timestamp or the entry's id.
    """
    if lot:
        return SortOrder((ledger.c.lot_seq,), (id_key,), falls=True)
    if user:
        return SortOrder((operations.c.id, ledger.c.id), (id_key, id_key), falls=True)
    if timed:
        return SortOrder((ledger.c.timestamp, ledger.c.id), (datetime_key, id_key), falls=True)
    return SortOrder((ledger.c.id,), (id_key,), falls=True)


def _within(lot_id: int, start: datetime | None, end: datetime | None) -> list[Any]:
    """Return the condition for a lot's entries in a time range, by `lot_seq`.

    A lot's timestamps never decrease, so that the range is one of `lot_seq`.
    """
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
    rows = conn.execute(statements.ENTRIES.where(ledger.c.id.in_(ids)))
    return in_order((Entry(*row) for row in rows), ids)
