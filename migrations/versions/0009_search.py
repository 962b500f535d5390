"""An index over trigrams, by which pieces of codes and names are found."""

from alembic import op

from inventory.db import search_index

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade():
    search_index.create(op.get_bind())


def downgrade():
    search_index.drop(op.get_bind())
