"""What lists over a large warehouse go by: a wider read cache, and two indexes."""

import sqlalchemy as sa
from alembic import op


revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
HEADS = ["lot_id", "item_id", "lot_seq", "on_hand", "reserved"]


def upgrade():
    op.drop_table("lot_heads")
    op.create_table(
        "lot_heads",
        *_heads(),
        sa.Column("stocked", sa.Boolean(), nullable=False),
        sa.Column("qc_status", sa.String(length=20), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("lot_id", name=op.f("pk_lot_heads")),
    )
    op.create_table(
        "item_heads",
        sa.Column("item_id", ID, autoincrement=False, nullable=False),
        *(
            sa.Column(name + rest, sa.BigInteger(), nullable=False)
            for name in ("on_hand", "reserved", "held")
            for rest in ("", "_rest")
        ),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_item_heads")),
    )
    op.execute(
        "INSERT INTO lot_heads SELECT e.lot_id, e.item_id, e.lot_seq, e.on_hand_after,"
        " e.reserved_after, e.on_hand_after > 0, l.qc_status, l.expires_on, l.received_at"
        " FROM inventory_ledger e JOIN inventory_lots l ON l.id = e.lot_id WHERE e.lot_seq ="
        " (SELECT max(lot_seq) FROM inventory_ledger x WHERE x.lot_id = e.lot_id)"
    )
    held = "CASE WHEN qc_status = 'APPROVED' THEN 0 ELSE on_hand - reserved END"
    sums = ", ".join(
        f"CAST(sum(({figure}) / 1000000) AS BIGINT),"
        f" CAST(sum(({figure}) - ({figure}) / 1000000 * 1000000) AS BIGINT)"
        for figure in ("on_hand", "reserved", held)
    )
    op.execute(
        f"INSERT INTO item_heads SELECT item_id, {sums}"  # noqa: S608
        " FROM lot_heads GROUP BY item_id"
    )
    for name, columns, condition in (
        ("ix_lot_heads_item_id", ["item_id", "lot_id"], ""),
        ("ix_lot_heads_expires_on", ["expires_on", "lot_id"], ""),
        (
            "ix_lot_heads_qc_status",
            ["qc_status", "received_at", "lot_id"],
            " AND qc_status <> 'APPROVED'",
        ),
    ):
        op.create_index(
            name,
            "lot_heads",
            columns,
            sqlite_where=sa.text(f"stocked = 1{condition}"),
            postgresql_where=sa.text(f"stocked{condition}"),
        )
    op.create_index("ix_inventory_ledger_timestamp", "inventory_ledger", ["timestamp", "id"])
    op.create_index("ix_operations_user_id", "operations", ["user_id", "id"])


def downgrade():
    op.drop_index("ix_operations_user_id", "operations")
    op.drop_index("ix_inventory_ledger_timestamp", "inventory_ledger")
    op.drop_table("item_heads")
    op.drop_table("lot_heads")
    op.create_table(
        "lot_heads", *_heads(), sa.PrimaryKeyConstraint("lot_id", name=op.f("pk_lot_heads"))
    )
    op.execute(
        "INSERT INTO lot_heads SELECT lot_id, item_id, lot_seq, on_hand_after, reserved_after"
        " FROM inventory_ledger e WHERE lot_seq ="
        " (SELECT max(lot_seq) FROM inventory_ledger x WHERE x.lot_id = e.lot_id)"
    )
    op.create_index("ix_lot_heads_item_id", "lot_heads", ["item_id"])


def _heads():
    return [
        sa.Column(
            name,
            ID if name.endswith("_id") else sa.BigInteger(),
            **({"autoincrement": False} if name == "lot_id" else {}),
            nullable=False,
        )
        for name in HEADS
    ]
