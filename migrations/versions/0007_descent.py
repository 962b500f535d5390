"""An index by which the lots that were split off a lot are found."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade():
    op.create_index("ix_inventory_lots_parent_lot_id", "inventory_lots", ["parent_lot_id"])


def downgrade():
    op.drop_index("ix_inventory_lots_parent_lot_id", "inventory_lots")
