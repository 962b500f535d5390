"""When an open reservation ends, where writes look for those that have."""

import sqlalchemy as sa
from alembic import op


revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
#: The table is a read cache: it is made anew from the ledger.
OPEN = (
    " FROM inventory_ledger e JOIN reservations r ON r.id = e.reservation_id"
    " WHERE e.open_after > 0 AND e.line_seq = (SELECT max(line_seq) FROM inventory_ledger x"
    " WHERE x.reservation_id = e.reservation_id AND x.lot_id = e.lot_id)"
)
LINE = "e.reservation_id, e.lot_id, e.item_id, e.open_after"


def upgrade():
    op.drop_table("open_lines")
    _create(sa.Column("expires_at", MOMENT, nullable=True))
    op.execute(f"INSERT INTO open_lines SELECT {LINE}, r.expires_at{OPEN}")
    op.create_index(
        "ix_open_lines_expires_at",
        "open_lines",
        ["expires_at", "reservation_id"],
        sqlite_where=sa.text("expires_at IS NOT NULL"),
        postgresql_where=sa.text("expires_at IS NOT NULL"),
    )


def downgrade():
    op.drop_table("open_lines")
    _create()
    op.execute(f"INSERT INTO open_lines SELECT {LINE}{OPEN}")


def _create(*more):
    op.create_table(
        "open_lines",
        sa.Column("reservation_id", ID, autoincrement=False, nullable=False),
        sa.Column("lot_id", ID, autoincrement=False, nullable=False),
        sa.Column("item_id", ID, nullable=False),
        sa.Column("open", sa.BigInteger(), nullable=False),
        *more,
        sa.PrimaryKeyConstraint("reservation_id", "lot_id", name=op.f("pk_open_lines")),
    )
    op.create_index("ix_open_lines_lot_id", "open_lines", ["lot_id"])
    op.create_index("ix_open_lines_item_id", "open_lines", ["item_id"])
