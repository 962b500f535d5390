"""Networks from which users signed in, which the limit over all sign-ins spares."""

import sqlalchemy as sa
from alembic import op


revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "known_networks",
        sa.Column("network", sa.String(length=64), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("network", name=op.f("pk_known_networks")),
    )


def downgrade():
    op.drop_table("known_networks")
