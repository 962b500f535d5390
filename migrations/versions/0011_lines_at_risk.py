"""Through which day each open line's lot may be used: by it reservations at risk are found."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

INDEX = "ix_open_lines_usable_until"


def upgrade():
    op.add_column("open_lines", sa.Column("usable_until", sa.Date(), nullable=True))
    op.execute(
        "UPDATE open_lines SET usable_until = (SELECT CASE WHEN qc_status = 'APPROVED'"
        " THEN expires_on ELSE '0001-01-01' END FROM inventory_lots l WHERE l.id = lot_id)"
    )
    op.create_index(
        INDEX,
        "open_lines",
        ["usable_until", "reservation_id"],
        sqlite_where=sa.text("usable_until IS NOT NULL"),
        postgresql_where=sa.text("usable_until IS NOT NULL"),
    )


def downgrade():
    if op.get_bind().dialect.name == "sqlite":  # where no trigger may name a column that goes
        for name in ("inventory_ledger_lines", "inventory_lots_heads"):
            op.execute(f"DROP TRIGGER IF EXISTS {name}")
    op.drop_index(INDEX, "open_lines")
    op.drop_column("open_lines", "usable_until")
