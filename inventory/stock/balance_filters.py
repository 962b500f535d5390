"""Conditions over the balance tables, written so that their indexes serve them.

Lists find their rows by these, and lists of many items read the items' sums here. Figures of single
lots, and every decision, come from the ledger. `today` is the site's date.
"""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

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


def is_low_item(today: date) -> sa.ColumnElement[bool]:
    """Return the condition for low items, as `StockedItem.is_low` defines them."""
    low = (
        sa.select(figures_of_items(today)["free"] <= items.c.reorder_point)
        .where(item_balances.c.item_id == items.c.id)
        .correlate(items)
        .scalar_subquery()
    )
    return sa.and_(
        items.c.reorder_point.is_not(None),
        items.c.archived_at.is_(None),
        sa.func.coalesce(low, sa.true()),
    )


def figures_of_items(today: date) -> dict[str, sa.ColumnElement[int]]:
    """Return an item's on hand, reserved, on hold and free from the balance tables.

    Returns:
        Name to column, in 10^-6 units.
    """
    of = item_balances.c
    expired = (
        sa.select(available_sum())
        .where(lot_balances.c.item_id == items.c.id, is_expired(today))
        .correlate(items)
        .scalar_subquery()
    )
    held = of.held + expired
    return {
        "on_hand": of.on_hand,
        "reserved": of.reserved,
        "on_hold": held,
        "free": of.on_hand - of.reserved - held,
    }


def available_sum() -> sa.ColumnElement[int]:
    """Return what is available in lots of one item, in 10^-6 units; 0 without lots."""
    available = sa.func.sum(lot_balances.c.on_hand - lot_balances.c.reserved)
    return sa.cast(sa.func.coalesce(available, 0), sa.BigInteger)
