"""Tables of the ledger: operations, entries, QC decisions, counts and idempotency keys."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from inventory.db import Base, UtcDateTime
from inventory.models.base import Id, _one_of
from inventory.models.enums import Kind, QcStatus, TxnType


class WriteRequest(Base):
    """A write under an idempotency key, with its outcome."""

    __tablename__ = "write_requests"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"))
    idempotency_key: Mapped[str] = mapped_column(sa.String(255))
    fingerprint: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    refused: Mapped[bool] = mapped_column(sa.Boolean)
    outcome: Mapped[str] = mapped_column(sa.Text)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (sa.UniqueConstraint("user_id", "idempotency_key"),)


class Operation(Base):
    """What one user posted at once."""

    __tablename__ = "operations"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(20))
    reference: Mapped[str | None] = mapped_column(sa.String(100), index=True)
    reason: Mapped[str | None] = mapped_column(sa.String(500))
    note: Mapped[str | None] = mapped_column(sa.String(2000))
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: When it happened according to the user; informative only, it does not affect any order.
    occurred_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: An operation is reversed at most once.
    reverses_id: Mapped[int | None] = mapped_column(sa.ForeignKey("operations.id"), unique=True)
    hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32))

    __table_args__ = (
        sa.CheckConstraint(_one_of("kind", Kind), "kind"),
        sa.CheckConstraint("(kind = 'REVERSAL') = (reverses_id IS NOT NULL)", "reverses"),
        sa.Index("ix_operations_user_id", "user_id", "id"),
    )


class InventoryLedger(Base):
    """An entry of the ledger, chained to the previous entry of its lot."""

    __tablename__ = "inventory_ledger"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    lot_id: Mapped[int] = mapped_column(Id)
    item_id: Mapped[int] = mapped_column(Id)
    lot_seq: Mapped[int] = mapped_column(sa.BigInteger)
    txn_type: Mapped[str] = mapped_column(sa.String(10))
    qty: Mapped[int] = mapped_column(sa.BigInteger)
    timestamp: Mapped[datetime] = mapped_column(UtcDateTime)
    operation_id: Mapped[int] = mapped_column(sa.ForeignKey("operations.id"))

    # The lot's chain: each entry starts from the figures that the previous entry left.
    prev_seq: Mapped[int | None] = mapped_column(sa.BigInteger)
    on_hand_before: Mapped[int] = mapped_column(sa.BigInteger)
    reserved_before: Mapped[int] = mapped_column(sa.BigInteger)
    received_before: Mapped[int] = mapped_column(sa.BigInteger)
    on_hand_after: Mapped[int] = mapped_column(sa.BigInteger)
    reserved_after: Mapped[int] = mapped_column(sa.BigInteger)
    received_after: Mapped[int] = mapped_column(sa.BigInteger)

    # The reservation's chain within the lot; all None if the entry has no reservation.
    reservation_id: Mapped[int | None] = mapped_column(Id)
    line_seq: Mapped[int | None] = mapped_column(sa.BigInteger)
    prev_line_seq: Mapped[int | None] = mapped_column(sa.BigInteger)
    open_before: Mapped[int | None] = mapped_column(sa.BigInteger)
    issued_before: Mapped[int | None] = mapped_column(sa.BigInteger)
    open_after: Mapped[int | None] = mapped_column(sa.BigInteger)
    issued_after: Mapped[int | None] = mapped_column(sa.BigInteger)

    prev_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32))

    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["lot_id", "item_id"], ["inventory_lots.id", "inventory_lots.item_id"]
        ),
        sa.ForeignKeyConstraint(
            ["reservation_id", "item_id"], ["reservations.id", "reservations.item_id"]
        ),
        sa.UniqueConstraint("lot_id", "lot_seq"),
        sa.UniqueConstraint(
            "lot_id",
            "lot_seq",
            "on_hand_after",
            "reserved_after",
            "received_after",
            name="uq_inventory_ledger_balance",
        ),
        sa.ForeignKeyConstraint(
            ["lot_id", "prev_seq", "on_hand_before", "reserved_before", "received_before"],
            [
                f"inventory_ledger.{column}"
                for column in [
                    "lot_id",
                    "lot_seq",
                    "on_hand_after",
                    "reserved_after",
                    "received_after",
                ]
            ],
            name="fk_inventory_ledger_balance",
        ),
        sa.UniqueConstraint(
            "reservation_id",
            "lot_id",
            "line_seq",
            "open_after",
            "issued_after",
            name="uq_inventory_ledger_line_balance",
        ),
        sa.UniqueConstraint("reservation_id", "lot_id", "line_seq"),
        sa.ForeignKeyConstraint(
            ["reservation_id", "lot_id", "prev_line_seq", "open_before", "issued_before"],
            [
                f"inventory_ledger.{column}"
                for column in ["reservation_id", "lot_id", "line_seq", "open_after", "issued_after"]
            ],
            name="fk_inventory_ledger_line_balance",
        ),
        sa.CheckConstraint(_one_of("txn_type", TxnType), "txn_type"),
        sa.CheckConstraint("qty > 0", "qty"),
        sa.CheckConstraint(
            "(lot_seq = 1 AND prev_seq IS NULL AND on_hand_before = 0"
            " AND reserved_before = 0 AND received_before = 0)"
            " OR (lot_seq > 1 AND prev_seq IS NOT NULL AND prev_seq = lot_seq - 1)",
            "first",
        ),
        sa.CheckConstraint(
            "on_hand_after = on_hand_before"
            " + CASE txn_type WHEN 'RECEIVE' THEN qty WHEN 'ISSUE' THEN -qty ELSE 0 END",
            "on_hand",
        ),
        sa.CheckConstraint(
            "reserved_after = reserved_before"
            " + CASE txn_type WHEN 'RESERVE' THEN qty WHEN 'UNRESERVE' THEN -qty ELSE 0 END",
            "reserved",
        ),
        sa.CheckConstraint(
            "received_after = received_before + CASE txn_type WHEN 'RECEIVE' THEN qty ELSE 0 END",
            "received",
        ),
        sa.CheckConstraint("0 <= reserved_after AND reserved_after <= on_hand_after", "bounds"),
        sa.CheckConstraint(
            "(txn_type NOT IN ('RESERVE', 'UNRESERVE') OR reservation_id IS NOT NULL)"
            " AND (reservation_id IS NULL) = (line_seq IS NULL)"
            " AND (reservation_id IS NULL) = (open_before IS NULL)"
            " AND (reservation_id IS NULL) = (open_after IS NULL)"
            " AND (reservation_id IS NULL) = (issued_before IS NULL)"
            " AND (reservation_id IS NULL) = (issued_after IS NULL)",
            "line",
        ),
        sa.CheckConstraint(
            "reservation_id IS NULL"
            " OR (line_seq = 1 AND prev_line_seq IS NULL AND open_before = 0"
            " AND issued_before = 0)"
            " OR (line_seq > 1 AND prev_line_seq IS NOT NULL AND prev_line_seq = line_seq - 1)",
            "line_first",
        ),
        sa.CheckConstraint(
            "reservation_id IS NULL OR (open_after >= 0 AND open_after = open_before"
            " + CASE txn_type WHEN 'RESERVE' THEN qty WHEN 'UNRESERVE' THEN -qty ELSE 0 END)",
            "line_open",
        ),
        sa.CheckConstraint(
            "reservation_id IS NULL OR (issued_after >= 0 AND issued_after = issued_before"
            " + CASE txn_type WHEN 'ISSUE' THEN qty WHEN 'RECEIVE' THEN -qty ELSE 0 END)",
            "line_issued",
        ),
        sa.CheckConstraint("length(prev_hash) = 32 AND length(hash) = 32", "hash"),
        sa.Index("ix_inventory_ledger_lot_id_timestamp", "lot_id", "timestamp", "lot_seq"),
        sa.Index("ix_inventory_ledger_item_id_id", "item_id", "id"),
        sa.Index("ix_inventory_ledger_operation_id", "operation_id"),
        sa.Index("ix_inventory_ledger_timestamp", "timestamp", "id"),
    )


class QcDecision(Base):
    """A QC decision on a lot, chained to the lot's previous decision."""

    __tablename__ = "qc_decisions"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    lot_id: Mapped[int] = mapped_column(sa.ForeignKey("inventory_lots.id"))
    decision_seq: Mapped[int] = mapped_column(sa.BigInteger)
    prev_seq: Mapped[int | None] = mapped_column(sa.BigInteger)
    from_status: Mapped[str | None] = mapped_column(sa.String(20))
    to_status: Mapped[str] = mapped_column(sa.String(20))
    reason: Mapped[str | None] = mapped_column(sa.String(500))
    operation_id: Mapped[int] = mapped_column(sa.ForeignKey("operations.id"), index=True)
    prev_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32))

    __table_args__ = (
        sa.UniqueConstraint("lot_id", "decision_seq"),
        sa.UniqueConstraint("lot_id", "decision_seq", "to_status", name="uq_qc_decisions_status"),
        sa.ForeignKeyConstraint(
            ["lot_id", "prev_seq", "from_status"],
            ["qc_decisions.lot_id", "qc_decisions.decision_seq", "qc_decisions.to_status"],
            name="fk_qc_decisions_status",
        ),
        sa.CheckConstraint(
            "(decision_seq = 1 AND prev_seq IS NULL AND from_status IS NULL)"
            " OR (decision_seq > 1 AND prev_seq IS NOT NULL AND prev_seq = decision_seq - 1"
            " AND from_status IS NOT NULL AND from_status <> to_status)",
            "first",
        ),
        sa.CheckConstraint(_one_of("to_status", QcStatus), "to_status"),
        sa.CheckConstraint("length(prev_hash) = 32 AND length(hash) = 32", "hash"),
    )


class LotCount(Base):
    """A counted quantity, with what the ledger had on hand."""

    __tablename__ = "lot_counts"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    operation_id: Mapped[int] = mapped_column(sa.ForeignKey("operations.id"))
    lot_id: Mapped[int] = mapped_column(sa.ForeignKey("inventory_lots.id"), index=True)
    counted: Mapped[int] = mapped_column(sa.BigInteger)
    on_hand: Mapped[int] = mapped_column(sa.BigInteger)
    lot_seq: Mapped[int] = mapped_column(sa.BigInteger)

    __table_args__ = (
        sa.UniqueConstraint("operation_id", "lot_id"),
        sa.CheckConstraint("counted >= 0", "counted"),
    )
