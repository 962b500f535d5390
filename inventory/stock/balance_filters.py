"""Conditions over the read cache, written so that its indexes serve them.

Lists find their rows by these. Figures of single lots, and all that is decided, come from the
ledger; what the lots of an item add up to comes from here in lists over many items.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

from inventory.common.quantity import ONE
from inventory.models import QcStatus, table
from inventory.models.balances import ItemHead, LotHead, OpenLine

heads = table(LotHead)
item_heads = table(ItemHead)
open_lines = table(OpenLine)

_APPROVED: sa.ColumnElement[str] = sa.literal_column(f"'{QcStatus.APPROVED}'")


def has_status(status: str) -> sa.ColumnElement[bool]:
    """Lots with that QC status. The index is over those that are not approved, and a database
    takes it only where it is told so in these very words."""
    if status == QcStatus.APPROVED:
        return heads.c.qc_status == _APPROVED
    return sa.and_(heads.c.qc_status != _APPROVED, heads.c.qc_status == status)


def is_expired(today: date) -> sa.ColumnElement[bool]:
    """Lots in stock that would be usable, were they not past their day."""
    return sa.and_(heads.c.stocked, heads.c.qc_status == _APPROVED, heads.c.expires_on < today)


def is_usable(today: date) -> sa.ColumnElement[bool]:
    """Lots that nothing holds back: `Lot.hold` is None."""
    dated = sa.or_(heads.c.expires_on.is_(None), heads.c.expires_on >= today)
    return sa.and_(heads.c.qc_status == _APPROVED, dated)


def is_at_risk(today: date) -> sa.ColumnElement[bool]:
    """Open lines in lots that may not be issued from."""
    return open_lines.c.usable_until < today


def parts(figure: sa.ColumnElement[Any]) -> tuple[sa.ColumnElement[int], sa.ColumnElement[int]]:
    """Whole units and the rest of a quantity: many added up together could pass 2^63."""
    return figure // ONE, figure % ONE


def add_up(part: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
    return sa.cast(sa.func.coalesce(sa.func.sum(part), 0), sa.BigInteger)
