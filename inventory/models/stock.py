"""Tables of items, lots, linked barcodes and reservations."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from inventory.db import Base, UtcDateTime
from inventory.models.base import Id, SortKey, _one_of
from inventory.models.enums import CodeKind, QcStatus


def _without_search_key(table: str) -> sa.Index:
    """Return the index of the rows that have no key yet, mostly none, to fill them."""
    missing = sa.text("search_key IS NULL")
    return sa.Index(f"ix_{table}_unkeyed", "id", sqlite_where=missing, postgresql_where=missing)


class Item(Base):
    """An item of the catalog; `reorder_point` is in 10^-6 units."""

    __tablename__ = "items"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(64), unique=True)
    #: Equal for codes that look alike (common/lookalikes.py); 0 for the first of them, then 1, 2 …
    look_key: Mapped[str | None] = mapped_column(sa.String(200))
    look_no: Mapped[int] = mapped_column(sa.SmallInteger, server_default="0")
    #: The code and the name as people sort them (common/sort_keys.py).
    sort_key: Mapped[str | None] = mapped_column(SortKey)
    name_key: Mapped[str | None] = mapped_column(SortKey)
    #: The code and the name as they are searched (common/search_keys.py).
    search_key: Mapped[str | None] = mapped_column(sa.Text)
    name: Mapped[str] = mapped_column(sa.String(200))
    unit: Mapped[str] = mapped_column(sa.String(16))
    decimals: Mapped[int] = mapped_column(sa.SmallInteger)
    qc_required: Mapped[bool] = mapped_column(sa.Boolean)
    reorder_point: Mapped[int | None] = mapped_column(sa.BigInteger)
    archived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        sa.Index("ux_items_look_key", "look_key", "look_no", unique=True),
        sa.Index("ix_items_sort_key", "sort_key"),
        _without_search_key("items"),
        sa.CheckConstraint("decimals BETWEEN 0 AND 6", "decimals"),
        sa.CheckConstraint("reorder_point >= 0", "reorder_point"),
    )


class InventoryLot(Base):
    """A lot of an item. The balance is in the ledger, not here."""

    __tablename__ = "inventory_lots"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    item_id: Mapped[int] = mapped_column(sa.ForeignKey("items.id"))
    lot_code: Mapped[str] = mapped_column(sa.String(64))
    #: As of an item, among the lots of the item.
    look_key: Mapped[str | None] = mapped_column(sa.String(200))
    look_no: Mapped[int] = mapped_column(sa.SmallInteger, server_default="0")
    sort_key: Mapped[str | None] = mapped_column(SortKey)
    #: The lot code and the supplier lot as they are searched.
    search_key: Mapped[str | None] = mapped_column(sa.Text)
    #: The last QC decision, written in the same transaction as the decision.
    qc_status: Mapped[str] = mapped_column(sa.String(20))
    expires_on: Mapped[date | None] = mapped_column(sa.Date)
    supplier_lot: Mapped[str | None] = mapped_column(sa.String(64))
    location: Mapped[str | None] = mapped_column(sa.String(64))
    parent_lot_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("inventory_lots.id"), index=True
    )
    #: When stock was first received into the lot; a split has its parent's value.
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        sa.UniqueConstraint("item_id", "lot_code"),
        sa.Index("ux_inventory_lots_look_key", "look_key", "item_id", "look_no", unique=True),
        sa.UniqueConstraint("id", "item_id"),
        sa.CheckConstraint(_one_of("qc_status", QcStatus), "qc_status"),
        sa.Index("ix_inventory_lots_sort_key", "sort_key"),
        _without_search_key("inventory_lots"),
        sa.Index("ix_inventory_lots_expires_on", "expires_on"),
    )


class Code(Base):
    """A linked barcode: a code that identifies an item, or one lot of it."""

    __tablename__ = "codes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    #: A GTIN with 14 digits, or any other code as it is written.
    code: Mapped[str] = mapped_column(sa.String(200), unique=True)
    kind: Mapped[str] = mapped_column(sa.String(10))
    item_id: Mapped[int] = mapped_column(sa.ForeignKey("items.id"), index=True)
    lot_id: Mapped[int | None] = mapped_column(Id)
    #: The quantity of one scan, in 10^-6 units: 12000000 for a pack of 12.
    qty: Mapped[int] = mapped_column(sa.BigInteger)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["lot_id", "item_id"], ["inventory_lots.id", "inventory_lots.item_id"]
        ),
        sa.CheckConstraint(_one_of("kind", CodeKind), "kind"),
        sa.CheckConstraint("qty > 0", "qty"),
        sa.CheckConstraint("kind <> 'GTIN' OR (length(code) = 14 AND lot_id IS NULL)", "gtin"),
        sa.Index("ix_codes_lot_id", "lot_id"),
    )


class Reservation(Base):
    """A reservation. What it holds is in the ledger, not here."""

    __tablename__ = "reservations"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    item_id: Mapped[int] = mapped_column(sa.ForeignKey("items.id"), index=True)
    reference: Mapped[str] = mapped_column(sa.String(100), index=True)
    #: The reference as it is searched; the only column that may change.
    search_key: Mapped[str | None] = mapped_column(sa.Text)
    #: The quantity reserved at first, in 10^-6 units.
    qty: Mapped[int] = mapped_column(sa.BigInteger)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    note: Mapped[str | None] = mapped_column(sa.String(2000))
    operation_id: Mapped[int] = mapped_column(sa.ForeignKey("operations.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        sa.UniqueConstraint("id", "item_id"),
        _without_search_key("reservations"),
        sa.CheckConstraint("qty > 0", "qty"),
    )
