"""Codes that people scan, and what they stand for."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade():
    op.create_table(
        "codes",
        sa.Column("id", Id, primary_key=True),
        sa.Column("code", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("item_id", Id, nullable=False),
        sa.Column("lot_id", Id, nullable=True),
        sa.Column("qty", sa.BigInteger(), nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('GTIN', 'TEXT')", name=op.f("ck_codes_kind")),
        sa.CheckConstraint("qty > 0", name=op.f("ck_codes_qty")),
        sa.CheckConstraint(
            "kind <> 'GTIN' OR (length(code) = 14 AND lot_id IS NULL)", name=op.f("ck_codes_gtin")
        ),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_codes_item_id")),
        sa.ForeignKeyConstraint(
            ["lot_id", "item_id"],
            ["inventory_lots.id", "inventory_lots.item_id"],
            name=op.f("fk_codes_lot_id_item_id"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_codes_user_id")),
        sa.UniqueConstraint("code", name=op.f("uq_codes_code")),
    )
    op.create_index("ix_codes_item_id", "codes", ["item_id"])
    op.create_index("ix_codes_lot_id", "codes", ["lot_id"])


def downgrade():
    op.drop_table("codes")
