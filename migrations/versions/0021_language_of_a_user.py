"""The language that a user chose; without one, pages use the browser's."""

import sqlalchemy as sa
from alembic import op


revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("users", sa.Column("language", sa.String(length=10), nullable=True))


def downgrade():
    op.drop_column("users", "language")
