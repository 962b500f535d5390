"""Keys by which codes that look alike are found and codes are sorted; env.py fills them."""

import sqlalchemy as sa
from alembic import op


revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

#: Each table with the columns of its unique index and those to sort by.
TABLES = {
    "items": (["look_key", "look_no"], ["sort_key", "name_key"]),
    "inventory_lots": (["look_key", "item_id", "look_no"], ["sort_key"]),
}
SORT_KEY = sa.String(length=200).with_variant(sa.String(length=200, collation="C"), "postgresql")


def upgrade():
    for table, (unique, sorted_by) in TABLES.items():
        op.add_column(table, sa.Column("look_key", sa.String(length=200), nullable=True))
        op.add_column(
            table, sa.Column("look_no", sa.SmallInteger(), nullable=False, server_default="0")
        )
        for column in sorted_by:
            op.add_column(table, sa.Column(column, SORT_KEY, nullable=True))
        op.create_index(f"ux_{table}_look_key", table, unique, unique=True)
        op.create_index(f"ix_{table}_sort_key", table, ["sort_key"], unique=False)
    op.drop_index("ix_inventory_lots_lot_code", table_name="inventory_lots")


def downgrade():
    op.create_index("ix_inventory_lots_lot_code", "inventory_lots", ["lot_code"], unique=False)
    for table, (_, sorted_by) in TABLES.items():
        op.drop_index(f"ix_{table}_sort_key", table_name=table)
        op.drop_index(f"ux_{table}_look_key", table_name=table)
        for column in [*sorted_by, "look_no", "look_key"]:
            op.drop_column(table, column)
