"""Daily balances of an item, computed from the ledger backward from now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.common.quantity import ONE
from inventory.models import TxnType
from inventory.stock import queries as stock
from inventory.stock.entities import totals
from inventory.stock.statements import ledger


@dataclass(frozen=True, slots=True)
class DailyBalance:
    """Balance of an item at the end of a day (UTC), in 10^-6 units."""

    day: date
    on_hand: int
    reserved: int


def days_of(conn: Connection, item_id: int, today: date, *, days: int = 90) -> list[DailyBalance]:
    """Return the item's balances of the last days, oldest first.

    The last one is the current balance.

    Args:
        today: the current date in UTC.
    """
    now = totals(stock.get_stocked_lots(conn, [item_id]), today)
    moved = _moved_since(conn, item_id, today - timedelta(days=days - 1))
    found = []
    on_hand, reserved = now.on_hand, now.reserved
    for back in range(days):
        day = today - timedelta(days=back)
        found.append(DailyBalance(day, on_hand, reserved))
        on_hand -= moved.get((day, "RECEIVE"), 0) - moved.get((day, "ISSUE"), 0)
        reserved -= moved.get((day, "RESERVE"), 0) - moved.get((day, "UNRESERVE"), 0)
    return found[::-1]


def _moved_since(conn: Connection, item_id: int, first: date) -> dict[tuple[date, str], int]:
    day = sa.func.date(ledger.c.timestamp)
    units, rest = (
        sa.cast(sa.func.sum(part), sa.BigInteger)
        for part in (ledger.c.qty // ONE, ledger.c.qty % ONE)
    )
    rows = conn.execute(
        sa.select(day, ledger.c.txn_type, units, rest)
        .where(
            ledger.c.item_id == item_id,
            ledger.c.timestamp >= datetime.combine(first, time.min, UTC),
            ledger.c.txn_type.in_([str(one) for one in TxnType]),
        )
        .group_by(day, ledger.c.txn_type)
    )
    return {
        (date.fromisoformat(str(on)), txn_type): whole * ONE + part
        for on, txn_type, whole, part in rows
    }
