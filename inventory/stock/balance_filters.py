"""Conditions over the balance tables, written so that their indexes serve them.

Lists find their rows by these, and lists of many items read the items' sums here. Figures of single
lots, and every decision, come from the ledger. `today` is the site's date.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

from inventory.common.quantity import ONE
from inventory.models import Item, QcStatus, table
from inventory.models.balances import ItemBalance, LotBalance, OpenReservationLine

items = table(Item)
lot_balances = table(LotBalance)
item_balances = table(ItemBalance)
open_lines = table(OpenReservationLine)

_APPROVED: sa.ColumnElement[str] = sa.literal_column(f"'{QcStatus.APPROVED}'")


def has_status(status: str) -> sa.ColumnElement[bool]:
    """Return the condition for lots with that QC status.

    It repeats the literal predicate of the partial index on non-approved lots; without it the
    planner does not use the index.
    """
    if status == QcStatus.APPROVED:
        return lot_balances.c.qc_status == _APPROVED
    return sa.and_(lot_balances.c.qc_status != _APPROVED, lot_balances.c.qc_status == status)


def is_expired(today: date) -> sa.ColumnElement[bool]:
    """Return the condition for approved lots in stock that have expired."""
    return sa.and_(
        lot_balances.c.stocked,
        lot_balances.c.qc_status == _APPROVED,
        lot_balances.c.expires_on < today,
    )


def is_usable(today: date) -> sa.ColumnElement[bool]:
    """Return the condition for lots without a hold: `Lot.hold_reason` is None."""
    dated = sa.or_(lot_balances.c.expires_on.is_(None), lot_balances.c.expires_on >= today)
    return sa.and_(lot_balances.c.qc_status == _APPROVED, dated)


def is_at_risk(today: date) -> sa.ColumnElement[bool]:
    """Return the condition for open lines in lots that cannot be issued from."""
    return open_lines.c.usable_until < today


def split_whole_and_fraction(
    figure: sa.ColumnElement[Any],
) -> tuple[sa.ColumnElement[int], sa.ColumnElement[int]]:
    """Split a quantity into whole units and the rest in 10^-6 units.

    The sum of many quantities could exceed 2^63 otherwise.
    """
    return figure // ONE, figure % ONE


def add_up(part: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
    """Return the sum as BIGINT, 0 without rows."""
    return sa.cast(sa.func.coalesce(sa.func.sum(part), 0), sa.BigInteger)


def is_low_item(today: date) -> sa.ColumnElement[bool]:
    """Return the condition for low items, as `StockedItem.is_low` defines them."""
    whole, rest = figures_of_items(today)["free"]
    point, point_rest = split_whole_and_fraction(items.c.reorder_point)
    free_is_low = sa.or_(whole < point, sa.and_(whole == point, rest <= point_rest))
    low = (
        sa.select(free_is_low)
        .where(item_balances.c.item_id == items.c.id)
        .correlate(items)
        .scalar_subquery()
    )
    return sa.and_(
        items.c.reorder_point.is_not(None),
        items.c.archived_at.is_(None),
        sa.func.coalesce(low, sa.true()),
    )


def figures_of_items(today: date) -> dict[str, tuple[sa.ColumnElement[int], sa.ColumnElement[int]]]:
    """Return an item's on hand, reserved, on hold and free from the balance tables.

    Returns:
        Name to (whole units, rest in 10^-6 units).
    """
    of = item_balances.c
    expired = [
        sa.select(add_up(part))
        .where(lot_balances.c.item_id == items.c.id, is_expired(today))
        .correlate(items)
        .scalar_subquery()
        for part in split_whole_and_fraction(lot_balances.c.on_hand - lot_balances.c.reserved)
    ]
    held = (of.held + expired[0], of.held_rest + expired[1])
    return {
        "on_hand": _carried(of.on_hand, of.on_hand_rest),
        "reserved": _carried(of.reserved, of.reserved_rest),
        "on_hold": _carried(*held),
        "free": _carried(
            of.on_hand - of.reserved - held[0], of.on_hand_rest - of.reserved_rest - held[1]
        ),
    }


def _carried(
    whole: sa.ColumnElement[int], rest: sa.ColumnElement[int]
) -> tuple[sa.ColumnElement[int], sa.ColumnElement[int]]:
    """Carry whole units over from the rest.

    The rest can be negative, and SQL division rounds toward zero.
    """
    shifted = rest + _SHIFT * ONE
    return whole + shifted // ONE - _SHIFT, shifted % ONE


#: More whole units than the rests of all lots of an item add up to.
_SHIFT = 10**9
