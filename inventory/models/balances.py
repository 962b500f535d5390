"""The tables of the read cache: kept by triggers (read_cache.py), rebuilt from the ledger at will,
checked by `ledger verify`. Lists find their rows by it, no decision reads it."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from inventory.db import Base, UtcDateTime
from inventory.models import Id


def _stocked_index(name: str, *columns: str, condition: str = "") -> sa.Index:
    """Over the lots in stock alone: a warehouse has far more that are long used up."""
    return sa.Index(
        name,
        *columns,
        sqlite_where=sa.text(f"stocked = 1{condition}"),
        postgresql_where=sa.text(f"stocked{condition}"),
    )


class LotBalance(Base):
    """Where each lot stands, and what of its master data lists go by."""

    __tablename__ = "lot_heads"

    lot_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    item_id: Mapped[int] = mapped_column(Id)
    lot_seq: Mapped[int] = mapped_column(sa.BigInteger)
    on_hand: Mapped[int] = mapped_column(sa.BigInteger)
    reserved: Mapped[int] = mapped_column(sa.BigInteger)
    #: Something is on hand. A column of its own: indexes that told it from `on_hand` itself
    #: would be written anew with each quantity.
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
    """What each item's lots add up to, in whole units and millionths of one (added
    up together they could pass 2^63). `held` is available in lots that are not approved; what is
    expired depends on the day, and is not in it."""

    __tablename__ = "item_heads"

    item_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    on_hand: Mapped[int] = mapped_column(sa.BigInteger)
    on_hand_rest: Mapped[int] = mapped_column(sa.BigInteger)
    reserved: Mapped[int] = mapped_column(sa.BigInteger)
    reserved_rest: Mapped[int] = mapped_column(sa.BigInteger)
    held: Mapped[int] = mapped_column(sa.BigInteger)
    held_rest: Mapped[int] = mapped_column(sa.BigInteger)


class OpenReservationLine(Base):
    """The lots in which a reservation still holds something."""

    __tablename__ = "open_lines"

    reservation_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    lot_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    item_id: Mapped[int] = mapped_column(Id)
    open: Mapped[int] = mapped_column(sa.BigInteger)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: Through which day the lot may be issued: None for ever, a day long past while QC holds it.
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
