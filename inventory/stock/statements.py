"""Statements that read items, lots, reservations, entries and operations from the ledger."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from inventory.models import (
    InventoryLedger,
    InventoryLot,
    QcDecision,
    User,
    table,
)
from inventory.models import Item as ItemModel
from inventory.models import Operation as OperationModel
from inventory.models import Reservation as ReservationModel
from inventory.stock.balance_filters import lot_balances, open_lines
from inventory.stock.entities import Entry, Item, Lot, Reservation

items = table(ItemModel)
lots = table(InventoryLot)
ledger = table(InventoryLedger)
operations = table(OperationModel)
reservations = table(ReservationModel)
users = table(User)
decisions = table(QcDecision)


def _in_field_order(record: type[Any], **columns: Any) -> list[sa.ColumnElement[Any]]:
    """Return the columns in the order of the dataclass's fields.

    Rows of these columns can then be passed to the dataclass by position, which takes a third of
    the time of keywords. Allocation reads thousands of lots.

    Args:
        columns: a column for each field, except one for `item` and those with other contents.
    """
    names = [name for name in record.__dataclass_fields__ if name in columns]
    assert len(names) == len(columns)
    return [columns[name].label(name) for name in names]


#: The fields of a lot that are columns of its own row; the others are in its last entry.
LOT_COLUMNS = {name: lots.c[name] for name in Lot.__dataclass_fields__ if name in lots.c}
_ITEM_COLUMNS = [items.c[name] for name in Item.__dataclass_fields__]
#: The number of columns of an item, with which the rows of lots and reservations begin.
ITEM_WIDTH = len(_ITEM_COLUMNS)


def is_effective(operation: sa.FromClause, depth: int = 4) -> sa.ColumnElement[bool]:
    """Return the condition for operations that are not reversed.

    Args:
        depth: the longest chain of reversals of reversals that is looked at.
    """
    reversal = operations.alias(f"reversal_{depth}")
    undone = sa.exists().where(reversal.c.reverses_id == operation.c.id)
    return ~undone.where(is_effective(reversal, depth - 1)) if depth else ~undone


_last = (
    sa.select(sa.func.max(ledger.c.lot_seq))
    .where(ledger.c.lot_id == lots.c.id)
    .correlate(lots)
    .scalar_subquery()
)
_last_at = (
    sa.select(ledger.c.lot_seq)
    .where(ledger.c.lot_id == lots.c.id, ledger.c.timestamp <= sa.bindparam("at"))
    .order_by(ledger.c.timestamp.desc(), ledger.c.lot_seq.desc())
    .limit(1)
    .correlate(lots)
    .scalar_subquery()
)


_status_at = (
    sa.select(decisions.c.to_status)
    .join(operations, operations.c.id == decisions.c.operation_id)
    .where(decisions.c.lot_id == lots.c.id, operations.c.recorded_at <= sa.bindparam("at"))
    .order_by(decisions.c.decision_seq.desc())
    .limit(1)
    .correlate(lots)
    .scalar_subquery()
)


def _select_lots(
    last: sa.ScalarSelect[Any], status: sa.ColumnElement[str] = lots.c.qc_status
) -> sa.Select[Any]:
    return (
        sa.select(
            *_ITEM_COLUMNS,
            *_in_field_order(
                Lot,
                **(LOT_COLUMNS | {"qc_status": status}),
                lot_seq=ledger.c.lot_seq,
                on_hand=ledger.c.on_hand_after,
                reserved=ledger.c.reserved_after,
                received=ledger.c.received_after,
                last_hash=ledger.c.hash,
                last_at=ledger.c.timestamp,
            ),
        )
        .select_from(lots)
        .join(items, items.c.id == lots.c.item_id)
        .join(ledger, sa.and_(ledger.c.lot_id == lots.c.id, ledger.c.lot_seq == last))
    )


_LOTS = _select_lots(_last)
_IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
LOTS_BY_ID = _LOTS.where(lots.c.id.in_(_IDS))
LOTS_OF_ITEMS = _LOTS.where(lots.c.item_id.in_(_IDS)).order_by(lots.c.id)
_LOTS_AT = _select_lots(_last_at, _status_at)
LOTS_OF_ITEMS_AT = _LOTS_AT.where(lots.c.item_id.in_(_IDS)).order_by(lots.c.id)
STOCKED_LOTS_OF_ITEMS = _LOTS.join(lot_balances, lot_balances.c.lot_id == lots.c.id).where(
    lot_balances.c.item_id.in_(_IDS), lot_balances.c.stocked
)
HOLDING_LOTS_OF_ITEMS = _LOTS.where(lots.c.item_id.in_(_IDS), ledger.c.on_hand_after > 0)
_KEYS: sa.BindParameter[Any] = sa.bindparam("keys", expanding=True)
#: Two lists instead of one of pairs, for which SQLite would read every lot.
LOTS_BY_LOOK_KEY = _LOTS.where(lots.c.look_key.in_(_KEYS), lots.c.item_id.in_(_IDS))
ITEMS_BY_LOOK_KEY = sa.select(*_ITEM_COLUMNS).where(items.c.look_key.in_(_KEYS))
ITEMS_BY_CODE = sa.select(*_ITEM_COLUMNS).where(
    items.c.code.in_(sa.bindparam("codes", expanding=True))
)
ITEMS_BY_ID = sa.select(*_ITEM_COLUMNS).where(items.c.id.in_(_IDS))

_LOT_OF_LINE = sa.select(
    ledger.c.reservation_id, ledger.c.lot_id, sa.func.max(ledger.c.line_seq).label("line_seq")
).where(ledger.c.reservation_id.in_(_IDS))
_last_line = _LOT_OF_LINE.group_by(ledger.c.reservation_id, ledger.c.lot_id).subquery()
LINES = sa.select(
    ledger.c.reservation_id,
    ledger.c.lot_id,
    ledger.c.line_seq,
    ledger.c.open_after,
    ledger.c.issued_after,
).join(
    _last_line,
    sa.and_(
        ledger.c.reservation_id == _last_line.c.reservation_id,
        ledger.c.lot_id == _last_line.c.lot_id,
        ledger.c.line_seq == _last_line.c.line_seq,
    ),
)
_EXPIRED = sa.select(open_lines.c.reservation_id).where(
    open_lines.c.expires_at.is_not(None), open_lines.c.expires_at <= sa.bindparam("now")
)
OLDEST_EXPIRED = _EXPIRED.order_by(open_lines.c.expires_at, open_lines.c.reservation_id).limit(
    sa.bindparam("most")
)
FEW_EXPIRED = 20
FIRST_EXPIRED = (
    _EXPIRED.add_columns(open_lines.c.lot_id).order_by(open_lines.c.expires_at).limit(FEW_EXPIRED)
)
#: `+ 0` keeps the planner off the index on items, because an item can have many lines. The index on
#: `expires_at` is better, because few lines have expired.
EXPIRED_OF = _EXPIRED.add_columns(open_lines.c.lot_id).where((open_lines.c.item_id + 0).in_(_IDS))
RESERVATIONS = (
    sa.select(
        *_ITEM_COLUMNS,
        *_in_field_order(
            Reservation,
            id=reservations.c.id,
            reference=reservations.c.reference,
            qty=reservations.c.qty,
            expires_at=reservations.c.expires_at,
            note=reservations.c.note,
            created_at=reservations.c.created_at,
        ),
    )
    .join(items, items.c.id == reservations.c.item_id)
    .where(reservations.c.id.in_(_IDS))
)

ENTRIES = (
    sa.select(
        *_in_field_order(
            Entry,
            id=ledger.c.id,
            operation_id=ledger.c.operation_id,
            kind=operations.c.kind,
            item_code=items.c.code,
            unit=items.c.unit,
            lot_id=ledger.c.lot_id,
            lot_code=lots.c.lot_code,
            lot_seq=ledger.c.lot_seq,
            txn_type=ledger.c.txn_type,
            qty=ledger.c.qty,
            on_hand_after=ledger.c.on_hand_after,
            reserved_after=ledger.c.reserved_after,
            reservation_id=ledger.c.reservation_id,
            reference=operations.c.reference,
            user_id=operations.c.user_id,
            user_name=users.c.name,
            timestamp=ledger.c.timestamp,
            hash=ledger.c.hash,
        )
    )
    .join(operations, operations.c.id == ledger.c.operation_id)
    .join(lots, lots.c.id == ledger.c.lot_id)
    .join(items, items.c.id == ledger.c.item_id)
    .join(users, users.c.id == operations.c.user_id)
)

ENTRIES_OF_OPERATIONS = ENTRIES.where(ledger.c.operation_id.in_(_IDS)).order_by(ledger.c.id)
OPERATIONS = (
    sa.select(
        operations.c.id,
        operations.c.kind,
        operations.c.reference,
        operations.c.reason,
        operations.c.note,
        operations.c.user_id,
        users.c.name.label("user_name"),
        operations.c.recorded_at,
        operations.c.occurred_at,
        operations.c.reverses_id,
    )
    .join(users, users.c.id == operations.c.user_id)
    .where(operations.c.id.in_(_IDS))
    .order_by(operations.c.id)
)
