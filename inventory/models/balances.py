"""The balance tables: updated by triggers and derived from the ledger.

`db/balance_triggers.py` rebuilds them and `ledger verify` checks them. Lists find their rows by
them; no decision reads them.
"""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from inventory.common.quantity import MAX_OF_ITEM
from inventory.db import Base, UtcDateTime
from inventory.models import Id


def _stocked_index(name: str, *columns: str, condition: str = "") -> sa.Index:
    """Return an index over lots in stock; most lots of a warehouse are used up."""
    return sa.Index(
        name,
        *columns,
        sqlite_where=sa.text(f"stocked = 1{condition}"),
        postgresql_where=sa.text(f"stocked{condition}"),
    )


class LotBalance(Base):
    """Balance of a lot, with the master data that lists filter and sort by."""

    __tablename__ = "lot_heads"

    lot_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    item_id: Mapped[int] = mapped_column(Id)
    lot_seq: Mapped[int] = mapped_column(sa.BigInteger)
    on_hand: Mapped[int] = mapped_column(sa.BigInteger)
    reserved: Mapped[int] = mapped_column(sa.BigInteger)
    #: Whether something is on hand. Partial indexes on `on_hand` itself would be written again with
    #: each change of the quantity.
    stocked: Mapped[bool] = mapped_column(sa.Boolean)
    qc_status: Mapped[str] = mapped_column(sa.String(20))
    expires_on: Mapped[date | None] = mapped_column(sa.Date)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        _stocked_index("ix_lot_heads_item_id", "item_id", "expires_on", "lot_id"),
        _stocked_index("ix_lot_heads_expires_on", "expires_on", "lot_id"),
        _stocked_index(
            "ix_lot_heads_qc_status",
            "qc_status",
            "received_at",
            "lot_id",
            condition=" AND qc_status <> 'APPROVED'",
        ),
    )


class ItemBalance(Base):
    """Sums of an item's lots, in 10^-6 units.

    `held` is what is available in lots that are not approved; expired stock is not in it, because
    it depends on the day. The constraint is the only limit for the stock of an item: SQLite
    converts a larger number to floating point, which violates the constraint too.
    """

    __tablename__ = "item_heads"

    item_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    on_hand: Mapped[int] = mapped_column(sa.BigInteger)
    reserved: Mapped[int] = mapped_column(sa.BigInteger)
    held: Mapped[int] = mapped_column(sa.BigInteger)

    __table_args__ = (sa.CheckConstraint(f"on_hand <= {MAX_OF_ITEM}", "on_hand"),)


class OpenReservationLine(Base):
    """A lot in which a reservation still holds stock."""

    __tablename__ = "open_lines"

    reservation_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    lot_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    item_id: Mapped[int] = mapped_column(Id)
    open: Mapped[int] = mapped_column(sa.BigInteger)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The last day on which the lot can be issued from: None means no limit, 0001-01-01 means that
    #: the lot is not approved.
    usable_until: Mapped[date | None] = mapped_column(sa.Date)

    __table_args__ = (
        sa.Index("ix_open_lines_lot_id", "lot_id"),
        sa.Index("ix_open_lines_item_id", "item_id"),
        sa.Index(
            "ix_open_lines_expires_at",
            "expires_at",
            "reservation_id",
            sqlite_where=sa.text("expires_at IS NOT NULL"),
            postgresql_where=sa.text("expires_at IS NOT NULL"),
        ),
        sa.Index(
            "ix_open_lines_usable_until",
            "usable_until",
            "reservation_id",
            sqlite_where=sa.text("usable_until IS NOT NULL"),
            postgresql_where=sa.text("usable_until IS NOT NULL"),
        ),
    )
