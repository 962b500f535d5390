"""Find an item's expired lots without looking at its other lots."""

import sqlalchemy as sa
from alembic import op


revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

INDEX = "ix_lot_heads_item_id"


def upgrade():
    _over("item_id", "expires_on", "lot_id")


def downgrade():
    _over("item_id", "lot_id")


def _over(*columns):
    op.drop_index(INDEX, "lot_heads")
    op.create_index(
        INDEX,
        "lot_heads",
        list(columns),
        sqlite_where=sa.text("stocked = 1"),
        postgresql_where=sa.text("stocked"),
    )
