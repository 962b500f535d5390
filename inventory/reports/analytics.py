"""Analytics from the ledger: movement, aging, turnover and expiry.

Days are those of the site. Splits are left out, because they move nothing in or out of the
warehouse. A reversal is subtracted from the opposite figure, on the day of the reversal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.common import clock
from inventory.db import UtcDateTime, exact_sum
from inventory.models import Kind, TxnType
from inventory.queries import Page, list_items
from inventory.stock.balance_filters import lot_balances
from inventory.stock.entities import Item
from inventory.stock.statements import items, ledger, operations

#: The longest period of a report, in days.
MAX_DAYS = 366
#: Upper bounds of the age groups, in days; older stock is the last group.
AGES = (30, 90, 180, 365)
WEEKS_AHEAD = 12

_reversed = operations.alias("reversed")


@dataclass(frozen=True, slots=True)
class Movement:
    """What came in and went out on a day: quantities of an item, or entries of all."""

    day: date
    received: int = 0
    issued: int = 0


@dataclass(frozen=True, slots=True)
class Age:
    """Stock on hand of one unit in one age group; `up_to` None is the oldest one."""

    unit: str
    up_to: int | None
    lots: int
    qty: int


@dataclass(frozen=True, slots=True)
class Turnover:
    """How fast an item is used.

    `issued` is what was issued minus what customers returned. `other` is what counts, scrap and
    returns to suppliers changed, negative if stock went: they say nothing about use. `rate` is
    issued ÷ the mean of the quantities on hand at the end of each day (inventory turnover, in
    units, not at cost). `days` is the quantity on hand ÷ the quantity issued per day (days of
    supply). Both are None if the divisor is zero. Quantities are in 10^-6 units.
    """

    item: Item
    issued: int
    other: int
    on_hand: int
    mean: int
    days_looked_at: int

    @property
    def rounded_mean(self) -> int:
        """Return the mean, rounded to one decimal more than the item has."""
        step: int = 10 ** max(0, 5 - self.item.decimals)
        return (self.mean + step // 2) // step * step

    @property
    def rate(self) -> float | None:
        """Return issued ÷ mean, or None."""
        return self.issued / self.mean if self.mean > 0 else None

    @property
    def days(self) -> float | None:
        """Return the days of supply, or None."""
        return self.on_hand * self.days_looked_at / self.issued if self.issued > 0 else None


@dataclass(frozen=True, slots=True)
class Expiry:
    """Stock of one unit in lots that expire on one day."""

    day: date
    unit: str
    lots: int
    on_hand: int
    reserved: int


def movement(
    conn: Connection, first: date, last: date, *, item_id: int | None = None
) -> list[Movement]:
    """Return what came in and went out on each day.

    Returns:
        Quantities of the item if one is given, otherwise numbers of entries.
    """
    found: dict[date, list[int]] = {day: [0, 0] for day in _days(first, last)}
    ids = None if item_id is None else [item_id]
    for row in conn.execute(_moved(first, last, ids)):
        amount = row.entries if item_id is None else row.qty
        _add_amount(found[first + timedelta(days=row.day)], row, amount)
    return [Movement(day, *amounts) for day, amounts in found.items()]


def turnover(
    conn: Connection, first: date, last: date, *, q: object = None, **page: Any
) -> Page[Turnover]:
    """Return the items by code, with their turnover in these days.

    Args:
        q: text to find in code or name.
    """
    found = list_items(conn, q=q, archived=False, **page)
    ids = [row.item.id for row in found.rows]
    days = list(_days(first, last))
    moved = _moved_by_item(conn, first, ids)
    rows = []
    for row in found.rows:
        on_hand, total, issued, other = row.totals.on_hand, 0, 0, 0
        changes = moved[row.item.id]
        on_hand_then = on_hand - sum(one.net for day, one in changes.items() if day >= len(days))
        for number in range(len(days) - 1, -1, -1):
            total += on_hand_then
            change = changes.get(number, _Change())
            on_hand_then -= change.net
            issued += change.issued
            other += change.other
        mean = total // len(days)
        rows.append(Turnover(row.item, issued, other, on_hand, mean, len(days)))
    return Page(rows, found.next_cursor)


def ageing(conn: Connection, today: date, *, item_id: int | None = None) -> list[Age]:
    """Return stock on hand by unit and age group, youngest first."""
    bounds = [_start(today - timedelta(days=days - 1)) for days in AGES]
    bucket = sa.case(
        *((lot_balances.c.received_at >= bound, number) for number, bound in enumerate(bounds)),
        else_=len(bounds),
    ).label("bucket")
    chosen = (
        sa.select(
            items.c.unit, bucket, sa.func.count().label("lots"), exact_sum(lot_balances.c.on_hand)
        )
        .select_from(lot_balances.join(items, items.c.id == lot_balances.c.item_id))
        .where(lot_balances.c.stocked)
        .group_by(items.c.unit, bucket)
        .order_by(items.c.unit, bucket)
    )
    if item_id is not None:
        chosen = chosen.where(lot_balances.c.item_id == item_id)
    return [
        Age(unit, AGES[at] if at < len(AGES) else None, count, qty)
        for unit, at, count, qty in conn.execute(chosen)
    ]


def expiring(conn: Connection, today: date, *, item_id: int | None = None) -> list[Expiry]:
    """Return expired stock and stock that expires in the next weeks, by day."""
    last = monday_of(today) + timedelta(weeks=WEEKS_AHEAD)
    chosen = (
        sa.select(
            lot_balances.c.expires_on,
            items.c.unit,
            sa.func.count().label("lots"),
            exact_sum(lot_balances.c.on_hand).label("on_hand"),
            exact_sum(lot_balances.c.reserved).label("reserved"),
        )
        .select_from(lot_balances.join(items, items.c.id == lot_balances.c.item_id))
        .where(lot_balances.c.stocked, lot_balances.c.expires_on < last)
        .group_by(lot_balances.c.expires_on, items.c.unit)
        .order_by(lot_balances.c.expires_on, items.c.unit)
    )
    if item_id is not None:
        chosen = chosen.where(lot_balances.c.item_id == item_id)
    return [
        Expiry(row.expires_on, row.unit, row.lots, row.on_hand, row.reserved)
        for row in conn.execute(chosen)
    ]


def monday_of(day: date) -> date:
    """Return the Monday of the day's week."""
    return day - timedelta(days=day.weekday())


# --- sums -----------------------------------------------------------------------------------------

_number = sa.column("number", sa.Integer)
_begins = sa.column("begins", UtcDateTime)
_ends = sa.column("ends", UtcDateTime)


def _moved(first: date, last: date, item_ids: Sequence[int] | None) -> sa.Select[Any]:
    """Select what moved in or out of the warehouse, by day and direction.

    Days are numbered from the first. With `item_ids` the rows are also by item and by the kind of
    operation; a reversal has the kind that it reverses.
    """
    bounds = [
        (number, _start(day), _start(day + timedelta(days=1)))
        for number, day in enumerate(_days(first, last))
    ]
    days = sa.values(_number, _begins, _ends, name="days").data(bounds).cte("days")
    undoes = operations.c.reverses_id.is_not(None).label("undoes")
    groups: list[Any] = [days.c.number.label("day"), ledger.c.txn_type, undoes]
    conditions = []
    if item_ids is not None:
        kind = sa.func.coalesce(_reversed.c.kind, operations.c.kind).label("kind")
        groups += [ledger.c.item_id, kind]
        conditions.append(ledger.c.item_id.in_(item_ids))
    return (
        sa.select(*groups, sa.func.count().label("entries"), exact_sum(ledger.c.qty).label("qty"))
        .select_from(days)
        .join(
            ledger,
            sa.and_(ledger.c.timestamp >= days.c.begins, ledger.c.timestamp < days.c.ends),
        )
        .join(operations, operations.c.id == ledger.c.operation_id)
        .join(_reversed, _reversed.c.id == operations.c.reverses_id, isouter=True)
        .where(
            ledger.c.txn_type.in_([TxnType.RECEIVE.value, TxnType.ISSUE.value]),
            operations.c.kind != Kind.SPLIT.value,
            sa.or_(_reversed.c.kind.is_(None), _reversed.c.kind != Kind.SPLIT.value),
            *conditions,
        )
        .group_by(*groups)
    )


@dataclass(slots=True)
class _Change:
    """What a day changed of an item's stock: in all, by use, and otherwise than by receipts."""

    net: int = 0
    issued: int = 0
    other: int = 0


#: Kinds of operations that are use, and kinds that bring stock in.
_USE = (Kind.ISSUE, Kind.CUSTOMER_RETURN)
_SUPPLY = (Kind.RECEIPT, Kind.IMPORT)


def _moved_by_item(
    conn: Connection, first: date, ids: Sequence[int]
) -> dict[int, dict[int, _Change]]:
    """Return the changes of each item, by day number, from the first day until today."""
    found: dict[int, dict[int, _Change]] = {id: {} for id in ids}
    until = max(clock.today(), first)
    for row in conn.execute(_moved(first, until, ids)):
        change = found[row.item_id].setdefault(row.day, _Change())
        qty = row.qty if row.txn_type == TxnType.RECEIVE.value else -row.qty
        change.net += qty
        if row.kind in _USE:
            change.issued -= qty
        elif row.kind not in _SUPPLY:
            change.other += qty
    return found


def _add_amount(amounts: list[int], row: Any, amount: int) -> None:
    """Add to [received, issued]; a reversal is subtracted from the other side."""
    came_in = row.txn_type == TxnType.RECEIVE.value
    if row.undoes:
        amounts[1 if came_in else 0] -= amount
    else:
        amounts[0 if came_in else 1] += amount


def _days(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _start(day: date) -> datetime:
    """Return the start of a day at the site, in UTC."""
    return datetime.combine(day, time.min, clock.zone()).astimezone(UTC)
