"""The ledger, its master data, users, and the read cache."""

import sqlalchemy as sa
from alembic import op


revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)

TABLES = [
    "items",
    "login_attempts",
    "lot_heads",
    "open_lines",
    "users",
    "audit",
    "inventory_lots",
    "operations",
    "write_requests",
    "lot_counts",
    "qc_decisions",
    "reservations",
    "inventory_ledger",
]


def upgrade():
    op.create_table(
        "items",
        sa.Column("id", ID, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("unit", sa.String(length=16), nullable=False),
        sa.Column("decimals", sa.SmallInteger(), nullable=False),
        sa.Column("qc_required", sa.Boolean(), nullable=False),
        sa.Column("reorder_point", sa.BigInteger(), nullable=True),
        sa.Column("archived_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("decimals BETWEEN 0 AND 6", name=op.f("ck_items_decimals")),
        sa.CheckConstraint("reorder_point >= 0", name=op.f("ck_items_reorder_point")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_items")),
        sa.UniqueConstraint("code", name=op.f("uq_items_code")),
    )
    op.create_table(
        "login_attempts",
        sa.Column("id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("name_key", sa.String(length=400), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_attempts")),
    )
    op.create_index("ix_login_attempts_at", "login_attempts", ["at"], unique=False)

    op.create_table(
        "lot_heads",
        sa.Column("lot_id", ID, autoincrement=False, nullable=False),
        sa.Column("item_id", ID, nullable=False),
        sa.Column("lot_seq", sa.BigInteger(), nullable=False),
        sa.Column("on_hand", sa.BigInteger(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("lot_id", name=op.f("pk_lot_heads")),
    )
    op.create_index("ix_lot_heads_item_id", "lot_heads", ["item_id"], unique=False)

    op.create_table(
        "open_lines",
        sa.Column("reservation_id", ID, autoincrement=False, nullable=False),
        sa.Column("lot_id", ID, autoincrement=False, nullable=False),
        sa.Column("item_id", ID, nullable=False),
        sa.Column("open", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("reservation_id", "lot_id", name=op.f("pk_open_lines")),
    )
    op.create_index("ix_open_lines_item_id", "open_lines", ["item_id"], unique=False)
    op.create_index("ix_open_lines_lot_id", "open_lines", ["lot_id"], unique=False)

    op.create_table(
        "users",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("name_key", sa.String(length=400), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("session_epoch", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("approved_at", MOMENT, nullable=True),
        sa.Column("disabled_at", MOMENT, nullable=True),
        sa.Column("last_login_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "role IN ('viewer', 'operator', 'inspector', 'admin')", name=op.f("ck_users_role")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("name_key", name=op.f("uq_users_name_key")),
    )
    op.create_table(
        "audit",
        sa.Column("id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("user_id", ID, nullable=True),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_audit_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_at", "audit", ["at"], unique=False)
    op.create_index("ix_audit_subject", "audit", ["subject"], unique=False)

    op.create_table(
        "inventory_lots",
        sa.Column("id", ID, nullable=False),
        sa.Column("item_id", ID, nullable=False),
        sa.Column("lot_code", sa.String(length=64), nullable=False),
        sa.Column("qc_status", sa.String(length=20), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("supplier_lot", sa.String(length=64), nullable=True),
        sa.Column("location", sa.String(length=64), nullable=True),
        sa.Column("parent_lot_id", ID, nullable=True),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "qc_status IN ('QUARANTINE', 'APPROVED', 'REJECTED')",
            name=op.f("ck_inventory_lots_qc_status"),
        ),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_inventory_lots_item_id")),
        sa.ForeignKeyConstraint(
            ["parent_lot_id"], ["inventory_lots.id"], name=op.f("fk_inventory_lots_parent_lot_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inventory_lots")),
        sa.UniqueConstraint("id", "item_id", name=op.f("uq_inventory_lots_id_item_id")),
        sa.UniqueConstraint("item_id", "lot_code", name=op.f("uq_inventory_lots_item_id_lot_code")),
    )
    op.create_index("ix_inventory_lots_expires_on", "inventory_lots", ["expires_on"], unique=False)
    op.create_index("ix_inventory_lots_lot_code", "inventory_lots", ["lot_code"], unique=False)

    op.create_table(
        "operations",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("reference", sa.String(length=100), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("note", sa.String(length=2000), nullable=True),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("occurred_at", MOMENT, nullable=True),
        sa.Column("reverses_id", ID, nullable=True),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.CheckConstraint(
            "(kind = 'REVERSAL') = (reverses_id IS NOT NULL)", name=op.f("ck_operations_reverses")
        ),
        sa.CheckConstraint(
            "kind IN ('RECEIPT', 'RESERVATION', 'UNRESERVATION', 'ISSUE', 'QC', 'SCRAP', 'SUPPLIER_RETURN', 'CUSTOMER_RETURN', 'COUNT', 'SPLIT', 'REVERSAL', 'EXPIRY', 'IMPORT')",
            name=op.f("ck_operations_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["reverses_id"], ["operations.id"], name=op.f("fk_operations_reverses_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_operations_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operations")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_operations_reverses_id")),
    )
    op.create_index("ix_operations_reference", "operations", ["reference"], unique=False)

    op.create_table(
        "write_requests",
        sa.Column("id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("idempotency_key", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(length=32), nullable=False),
        sa.Column("refused", sa.Boolean(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_write_requests_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_write_requests")),
        sa.UniqueConstraint(
            "user_id", "idempotency_key", name=op.f("uq_write_requests_user_id_idempotency_key")
        ),
    )
    op.create_table(
        "lot_counts",
        sa.Column("id", ID, nullable=False),
        sa.Column("operation_id", ID, nullable=False),
        sa.Column("lot_id", ID, nullable=False),
        sa.Column("counted", sa.BigInteger(), nullable=False),
        sa.Column("on_hand", sa.BigInteger(), nullable=False),
        sa.Column("lot_seq", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("counted >= 0", name=op.f("ck_lot_counts_counted")),
        sa.ForeignKeyConstraint(
            ["lot_id"], ["inventory_lots.id"], name=op.f("fk_lot_counts_lot_id")
        ),
        sa.ForeignKeyConstraint(
            ["operation_id"], ["operations.id"], name=op.f("fk_lot_counts_operation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lot_counts")),
        sa.UniqueConstraint("operation_id", name=op.f("uq_lot_counts_operation_id")),
    )
    op.create_index("ix_lot_counts_lot_id", "lot_counts", ["lot_id"], unique=False)

    op.create_table(
        "qc_decisions",
        sa.Column("id", ID, nullable=False),
        sa.Column("lot_id", ID, nullable=False),
        sa.Column("decision_seq", sa.BigInteger(), nullable=False),
        sa.Column("prev_seq", sa.BigInteger(), nullable=True),
        sa.Column("from_status", sa.String(length=20), nullable=True),
        sa.Column("to_status", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("operation_id", ID, nullable=False),
        sa.Column("prev_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.CheckConstraint(
            "length(prev_hash) = 32 AND length(hash) = 32", name=op.f("ck_qc_decisions_hash")
        ),
        sa.CheckConstraint(
            "to_status IN ('QUARANTINE', 'APPROVED', 'REJECTED')",
            name=op.f("ck_qc_decisions_to_status"),
        ),
        sa.CheckConstraint(
            "(decision_seq = 1 AND prev_seq IS NULL AND from_status IS NULL) OR (decision_seq > 1 AND prev_seq IS NOT NULL AND prev_seq = decision_seq - 1 AND from_status IS NOT NULL AND from_status <> to_status)",
            name=op.f("ck_qc_decisions_first"),
        ),
        sa.ForeignKeyConstraint(
            ["lot_id", "prev_seq", "from_status"],
            ["qc_decisions.lot_id", "qc_decisions.decision_seq", "qc_decisions.to_status"],
            name="fk_qc_decisions_status",
        ),
        sa.ForeignKeyConstraint(
            ["lot_id"], ["inventory_lots.id"], name=op.f("fk_qc_decisions_lot_id")
        ),
        sa.ForeignKeyConstraint(
            ["operation_id"], ["operations.id"], name=op.f("fk_qc_decisions_operation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_qc_decisions")),
        sa.UniqueConstraint("lot_id", "decision_seq", "to_status", name="uq_qc_decisions_status"),
        sa.UniqueConstraint(
            "lot_id", "decision_seq", name=op.f("uq_qc_decisions_lot_id_decision_seq")
        ),
    )
    op.create_index("ix_qc_decisions_operation_id", "qc_decisions", ["operation_id"], unique=False)

    op.create_table(
        "reservations",
        sa.Column("id", ID, nullable=False),
        sa.Column("item_id", ID, nullable=False),
        sa.Column("reference", sa.String(length=100), nullable=False),
        sa.Column("qty", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.Column("note", sa.String(length=2000), nullable=True),
        sa.Column("operation_id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("qty > 0", name=op.f("ck_reservations_qty")),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_reservations_item_id")),
        sa.ForeignKeyConstraint(
            ["operation_id"], ["operations.id"], name=op.f("fk_reservations_operation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reservations")),
        sa.UniqueConstraint("id", "item_id", name=op.f("uq_reservations_id_item_id")),
    )
    op.create_index("ix_reservations_item_id", "reservations", ["item_id"], unique=False)
    op.create_index("ix_reservations_reference", "reservations", ["reference"], unique=False)

    op.create_table(
        "inventory_ledger",
        sa.Column("id", ID, nullable=False),
        sa.Column("lot_id", ID, nullable=False),
        sa.Column("item_id", ID, nullable=False),
        sa.Column("lot_seq", sa.BigInteger(), nullable=False),
        sa.Column("txn_type", sa.String(length=10), nullable=False),
        sa.Column("qty", sa.BigInteger(), nullable=False),
        sa.Column("timestamp", MOMENT, nullable=False),
        sa.Column("operation_id", ID, nullable=False),
        sa.Column("prev_seq", sa.BigInteger(), nullable=True),
        sa.Column("on_hand_before", sa.BigInteger(), nullable=False),
        sa.Column("reserved_before", sa.BigInteger(), nullable=False),
        sa.Column("received_before", sa.BigInteger(), nullable=False),
        sa.Column("on_hand_after", sa.BigInteger(), nullable=False),
        sa.Column("reserved_after", sa.BigInteger(), nullable=False),
        sa.Column("received_after", sa.BigInteger(), nullable=False),
        sa.Column("reservation_id", ID, nullable=True),
        sa.Column("line_seq", sa.BigInteger(), nullable=True),
        sa.Column("prev_line_seq", sa.BigInteger(), nullable=True),
        sa.Column("open_before", sa.BigInteger(), nullable=True),
        sa.Column("issued_before", sa.BigInteger(), nullable=True),
        sa.Column("open_after", sa.BigInteger(), nullable=True),
        sa.Column("issued_after", sa.BigInteger(), nullable=True),
        sa.Column("prev_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.CheckConstraint(
            "(txn_type NOT IN ('RESERVE', 'UNRESERVE') OR reservation_id IS NOT NULL) AND (reservation_id IS NULL) = (line_seq IS NULL) AND (reservation_id IS NULL) = (open_before IS NULL) AND (reservation_id IS NULL) = (open_after IS NULL) AND (reservation_id IS NULL) = (issued_before IS NULL) AND (reservation_id IS NULL) = (issued_after IS NULL)",
            name=op.f("ck_inventory_ledger_line"),
        ),
        sa.CheckConstraint(
            "on_hand_after = on_hand_before + CASE txn_type WHEN 'RECEIVE' THEN qty WHEN 'ISSUE' THEN -qty ELSE 0 END",
            name=op.f("ck_inventory_ledger_on_hand"),
        ),
        sa.CheckConstraint(
            "received_after = received_before + CASE txn_type WHEN 'RECEIVE' THEN qty ELSE 0 END",
            name=op.f("ck_inventory_ledger_received"),
        ),
        sa.CheckConstraint(
            "reservation_id IS NULL OR (issued_after >= 0 AND issued_after = issued_before + CASE txn_type WHEN 'ISSUE' THEN qty WHEN 'RECEIVE' THEN -qty ELSE 0 END)",
            name=op.f("ck_inventory_ledger_line_issued"),
        ),
        sa.CheckConstraint(
            "reservation_id IS NULL OR (open_after >= 0 AND open_after = open_before + CASE txn_type WHEN 'RESERVE' THEN qty WHEN 'UNRESERVE' THEN -qty ELSE 0 END)",
            name=op.f("ck_inventory_ledger_line_open"),
        ),
        sa.CheckConstraint(
            "reserved_after = reserved_before + CASE txn_type WHEN 'RESERVE' THEN qty WHEN 'UNRESERVE' THEN -qty ELSE 0 END",
            name=op.f("ck_inventory_ledger_reserved"),
        ),
        sa.CheckConstraint(
            "txn_type IN ('RECEIVE', 'RESERVE', 'UNRESERVE', 'ISSUE')",
            name=op.f("ck_inventory_ledger_txn_type"),
        ),
        sa.CheckConstraint(
            "(lot_seq = 1 AND prev_seq IS NULL AND on_hand_before = 0 AND reserved_before = 0 AND received_before = 0) OR (lot_seq > 1 AND prev_seq IS NOT NULL AND prev_seq = lot_seq - 1)",
            name=op.f("ck_inventory_ledger_first"),
        ),
        sa.CheckConstraint(
            "0 <= reserved_after AND reserved_after <= on_hand_after",
            name=op.f("ck_inventory_ledger_bounds"),
        ),
        sa.CheckConstraint(
            "length(prev_hash) = 32 AND length(hash) = 32", name=op.f("ck_inventory_ledger_hash")
        ),
        sa.CheckConstraint("qty > 0", name=op.f("ck_inventory_ledger_qty")),
        sa.CheckConstraint(
            "reservation_id IS NULL OR (line_seq = 1 AND prev_line_seq IS NULL AND open_before = 0 AND issued_before = 0) OR (line_seq > 1 AND prev_line_seq IS NOT NULL AND prev_line_seq = line_seq - 1)",
            name=op.f("ck_inventory_ledger_line_first"),
        ),
        sa.ForeignKeyConstraint(
            ["lot_id", "item_id"],
            ["inventory_lots.id", "inventory_lots.item_id"],
            name=op.f("fk_inventory_ledger_lot_id_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["lot_id", "prev_seq", "on_hand_before", "reserved_before", "received_before"],
            [
                "inventory_ledger.lot_id",
                "inventory_ledger.lot_seq",
                "inventory_ledger.on_hand_after",
                "inventory_ledger.reserved_after",
                "inventory_ledger.received_after",
            ],
            name="fk_inventory_ledger_balance",
        ),
        sa.ForeignKeyConstraint(
            ["operation_id"], ["operations.id"], name=op.f("fk_inventory_ledger_operation_id")
        ),
        sa.ForeignKeyConstraint(
            ["reservation_id", "item_id"],
            ["reservations.id", "reservations.item_id"],
            name=op.f("fk_inventory_ledger_reservation_id_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["reservation_id", "lot_id", "prev_line_seq", "open_before", "issued_before"],
            [
                "inventory_ledger.reservation_id",
                "inventory_ledger.lot_id",
                "inventory_ledger.line_seq",
                "inventory_ledger.open_after",
                "inventory_ledger.issued_after",
            ],
            name="fk_inventory_ledger_line_balance",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inventory_ledger")),
        sa.UniqueConstraint(
            "lot_id",
            "lot_seq",
            "on_hand_after",
            "reserved_after",
            "received_after",
            name="uq_inventory_ledger_balance",
        ),
        sa.UniqueConstraint("lot_id", "lot_seq", name=op.f("uq_inventory_ledger_lot_id_lot_seq")),
        sa.UniqueConstraint(
            "reservation_id",
            "lot_id",
            "line_seq",
            "open_after",
            "issued_after",
            name="uq_inventory_ledger_line_balance",
        ),
        sa.UniqueConstraint(
            "reservation_id",
            "lot_id",
            "line_seq",
            name=op.f("uq_inventory_ledger_reservation_id_lot_id_line_seq"),
        ),
    )
    op.create_index(
        "ix_inventory_ledger_item_id_id", "inventory_ledger", ["item_id", "id"], unique=False
    )
    op.create_index(
        "ix_inventory_ledger_lot_id_timestamp",
        "inventory_ledger",
        ["lot_id", "timestamp", "lot_seq"],
        unique=False,
    )
    op.create_index(
        "ix_inventory_ledger_operation_id", "inventory_ledger", ["operation_id"], unique=False
    )


def downgrade():
    for table in reversed(TABLES):
        op.drop_table(table)
