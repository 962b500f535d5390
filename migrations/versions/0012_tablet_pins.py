"""PINs of people on shared tablets."""

import sqlalchemy as sa
from alembic import op


revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "tablet_pins",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tablet", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("pin_hash", sa.String(length=255), nullable=False),
        sa.Column("session_epoch", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_tablet_pins_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tablet_pins")),
        sa.UniqueConstraint("tablet", "user_id", name=op.f("uq_tablet_pins_tablet_user_id")),
    )
    op.create_index("ix_tablet_pins_user_id", "tablet_pins", ["user_id"], unique=False)


def downgrade():
    op.drop_table("tablet_pins")
