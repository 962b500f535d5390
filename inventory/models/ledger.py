"""Tables and the constraints that hold the ledger's invariants; no behaviour.

Quantities are whole numbers of 10^-6 units. `inventory_ledger`, `operations`, `reservations`,
`qc_decisions`, `lot_counts`, `write_requests` and `audit` are append-only: triggers refuse
changes (guards.py). Three chains are held by foreign keys, so that a wrong figure cannot be
written whoever writes: a lot's balances, a reservation's open quantity in a lot, a lot's QC status.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from inventory.db import Base, UtcDateTime

Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


class TxnType(StrEnum):
    RECEIVE = "RECEIVE"
    RESERVE = "RESERVE"
    UNRESERVE = "UNRESERVE"
    ISSUE = "ISSUE"


class QcStatus(StrEnum):
    QUARANTINE = "QUARANTINE"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"


class Kind(StrEnum):
    """What an operation was, in the words of the business."""

    RECEIPT = "RECEIPT"
    RESERVATION = "RESERVATION"
    UNRESERVATION = "UNRESERVATION"
    ISSUE = "ISSUE"
    QC = "QC"
    SCRAP = "SCRAP"
    SUPPLIER_RETURN = "SUPPLIER_RETURN"
    CUSTOMER_RETURN = "CUSTOMER_RETURN"
    COUNT = "COUNT"
    SPLIT = "SPLIT"
    REVERSAL = "REVERSAL"
    EXPIRY = "EXPIRY"
    IMPORT = "IMPORT"


class CodeKind(StrEnum):
    GTIN = "GTIN"
    TEXT = "TEXT"


class Role(StrEnum):
    VIEWER = "viewer"
    OPERATOR = "operator"
    INSPECTOR = "inspector"
    ADMIN = "admin"


def table(model: type[Base]) -> sa.Table:
    """The table behind a model, for Core statements."""
    assert isinstance(model.__table__, sa.Table)
    return model.__table__


def _one_of(column: str, values: type[StrEnum]) -> str:
    return f"{column} IN ({', '.join(repr(str(value)) for value in values)})"


#: The `name_key` of the account in whose name the inventory itself writes. What a person's name
#: folds to is never in capitals, so nobody can register as it, log in as it or look it up.
SYSTEM_KEY = "SYSTEM"


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(100))
    name_key: Mapped[str] = mapped_column(sa.String(400), unique=True)
    password_hash: Mapped[str] = mapped_column(sa.String(255))
    role: Mapped[str] = mapped_column(sa.String(20))
    session_epoch: Mapped[int] = mapped_column(sa.Integer, default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_login_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (sa.CheckConstraint(_one_of("role", Role), "role"),)


class LoginAttempt(Base):
    """A refused login, kept for the throttle that all processes share."""

    __tablename__ = "login_attempts"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    name_key: Mapped[str] = mapped_column(sa.String(400))
    address: Mapped[str] = mapped_column(sa.String(64))


class Audit(Base):
    """Who changed what outside the ledger: master data, users, roles, tokens, logins (audit.py)."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    action: Mapped[str] = mapped_column(sa.String(60))
    subject: Mapped[str] = mapped_column(sa.String(120), index=True)
    detail: Mapped[str] = mapped_column(sa.Text, default="{}")

    __table_args__ = (
        sa.Index("ix_audit_user_id", "user_id", "id"),
        sa.Index("ix_audit_action", "action", "id"),
    )


class Item(Base):
    __tablename__ = "items"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(64), unique=True)
    name: Mapped[str] = mapped_column(sa.String(200))
    unit: Mapped[str] = mapped_column(sa.String(16))
    decimals: Mapped[int] = mapped_column(sa.SmallInteger)
    qc_required: Mapped[bool] = mapped_column(sa.Boolean)
    reorder_point: Mapped[int | None] = mapped_column(sa.BigInteger)
    archived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        sa.CheckConstraint("decimals BETWEEN 0 AND 6", "decimals"),
        sa.CheckConstraint("reorder_point >= 0", "reorder_point"),
    )


class InventoryLot(Base):
    __tablename__ = "inventory_lots"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    item_id: Mapped[int] = mapped_column(sa.ForeignKey("items.id"))
    lot_code: Mapped[str] = mapped_column(sa.String(64))
    #: The last QC decision, written in the same transaction as the decision.
    qc_status: Mapped[str] = mapped_column(sa.String(20))
    expires_on: Mapped[date | None] = mapped_column(sa.Date)
    supplier_lot: Mapped[str | None] = mapped_column(sa.String(64))
    location: Mapped[str | None] = mapped_column(sa.String(64))
    parent_lot_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("inventory_lots.id"), index=True
    )
    #: When the goods first came in; a split keeps its parent's.
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        sa.UniqueConstraint("item_id", "lot_code"),
        sa.UniqueConstraint("id", "item_id"),
        sa.CheckConstraint(_one_of("qc_status", QcStatus), "qc_status"),
        sa.Index("ix_inventory_lots_lot_code", "lot_code"),
        sa.Index("ix_inventory_lots_expires_on", "expires_on"),
    )


class Code(Base):
    """A code that people scan, and what it stands for: an item, or one lot of it."""

    __tablename__ = "codes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    #: A GTIN in its 14 digits, or a plain code as it is written.
    code: Mapped[str] = mapped_column(sa.String(200), unique=True)
    kind: Mapped[str] = mapped_column(sa.String(10))
    item_id: Mapped[int] = mapped_column(sa.ForeignKey("items.id"), index=True)
    lot_id: Mapped[int | None] = mapped_column(Id)
    #: How much one scan stands for: a pack of 12 is 12.
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


class WriteRequest(Base):
    """One write that a caller asked for under a key, and its one outcome for ever."""

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
    __tablename__ = "operations"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(20))
    reference: Mapped[str | None] = mapped_column(sa.String(100), index=True)
    reason: Mapped[str | None] = mapped_column(sa.String(500))
    note: Mapped[str | None] = mapped_column(sa.String(2000))
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: When it happened, as the user says: information, never order.
    occurred_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: An operation is reversed at most once.
    reverses_id: Mapped[int | None] = mapped_column(sa.ForeignKey("operations.id"), unique=True)
    hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32))

    __table_args__ = (
        sa.CheckConstraint(_one_of("kind", Kind), "kind"),
        sa.CheckConstraint("(kind = 'REVERSAL') = (reverses_id IS NOT NULL)", "reverses"),
        sa.Index("ix_operations_user_id", "user_id", "id"),
    )


class Reservation(Base):
    """A promise of stock; what is open of it is in its ledger entries."""

    __tablename__ = "reservations"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    item_id: Mapped[int] = mapped_column(sa.ForeignKey("items.id"), index=True)
    reference: Mapped[str] = mapped_column(sa.String(100), index=True)
    #: What was promised at first.
    qty: Mapped[int] = mapped_column(sa.BigInteger)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    note: Mapped[str | None] = mapped_column(sa.String(2000))
    operation_id: Mapped[int] = mapped_column(sa.ForeignKey("operations.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        sa.UniqueConstraint("id", "item_id"),
        sa.CheckConstraint("qty > 0", "qty"),
    )


class InventoryLedger(Base):
    __tablename__ = "inventory_ledger"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    lot_id: Mapped[int] = mapped_column(Id)
    item_id: Mapped[int] = mapped_column(Id)
    lot_seq: Mapped[int] = mapped_column(sa.BigInteger)
    txn_type: Mapped[str] = mapped_column(sa.String(10))
    qty: Mapped[int] = mapped_column(sa.BigInteger)
    timestamp: Mapped[datetime] = mapped_column(UtcDateTime)
    operation_id: Mapped[int] = mapped_column(sa.ForeignKey("operations.id"))

    # The lot's chain: each entry starts from what the one before it left.
    prev_seq: Mapped[int | None] = mapped_column(sa.BigInteger)
    on_hand_before: Mapped[int] = mapped_column(sa.BigInteger)
    reserved_before: Mapped[int] = mapped_column(sa.BigInteger)
    received_before: Mapped[int] = mapped_column(sa.BigInteger)
    on_hand_after: Mapped[int] = mapped_column(sa.BigInteger)
    reserved_after: Mapped[int] = mapped_column(sa.BigInteger)
    received_after: Mapped[int] = mapped_column(sa.BigInteger)

    # The reservation's chain within the lot, where the entry belongs to a reservation.
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
    """What somebody counted in a lot, beside what the ledger said at that moment."""

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


class TabletPin(Base):
    """Somebody's PIN, good on one tablet of the floor only, after a login with the password."""

    __tablename__ = "tablet_pins"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    #: The hash of the secret that the tablet keeps.
    tablet: Mapped[str] = mapped_column(sa.String(64))
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"), index=True)
    pin_hash: Mapped[str] = mapped_column(sa.String(255))
    #: The user's epoch when it was set: whatever ends all sessions ends it too.
    session_epoch: Mapped[int]
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (sa.UniqueConstraint("tablet", "user_id"),)


class ApiToken(Base):
    """A program's key to the API; the token itself is shown once and kept only as its hash."""

    __tablename__ = "api_tokens"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(60))
    role: Mapped[str] = mapped_column(sa.String(20))
    #: How the token begins, so that people can tell theirs apart.
    prefix: Mapped[str] = mapped_column(sa.String(20))
    token_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (sa.CheckConstraint(_one_of("role", Role), "role"),)
