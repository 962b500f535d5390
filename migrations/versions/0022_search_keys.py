"""Keys by which words are found in any order, without accents and signs; env.py fills them.

The trigram index is over the keys instead of the codes and names.
"""

# ruff: noqa: S608 - every name in these statements stands in this file

import sqlalchemy as sa
from alembic import op


revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

#: Each table with the columns that were searched before, for SQLite and for PostgreSQL.
SEARCHED = {
    "items": ("code, name", "items.code || E'\\n' || coalesce(items.name, '')"),
    "inventory_lots": (
        "lot_code, supplier_lot",
        "inventory_lots.lot_code || E'\\n' || coalesce(inventory_lots.supplier_lot, '')",
    ),
    "reservations": ("reference", "reservations.reference"),
}
MISSING = sa.text("search_key IS NULL")


def upgrade():
    for table in SEARCHED:
        drop_index(table)
        op.add_column(table, sa.Column("search_key", sa.Text(), nullable=True))
        op.create_index(
            f"ix_{table}_unkeyed", table, ["id"], sqlite_where=MISSING, postgresql_where=MISSING
        )
        create_index(table, "search_key", f"{table}.search_key")


def downgrade():
    for table, (columns, text) in SEARCHED.items():
        drop_index(table)
        op.drop_index(f"ix_{table}_unkeyed", table_name=table)
        op.drop_column(table, "search_key")
        create_index(table, columns, text)


def create_index(table, columns, text):
    """Create the index over these columns; SQLite's triggers are installed by env.py."""
    if op.get_bind().dialect.name != "sqlite":
        op.execute(
            f"CREATE INDEX ix_{table}_search ON {table} USING gin (inventory_trigrams({text}))"
        )
        return
    op.execute(
        f"CREATE VIRTUAL TABLE {table}_search USING fts5({columns},"
        f" content='{table}', content_rowid='id', columnsize=0, tokenize='trigram')"
    )
    op.execute(f"INSERT INTO {table}_search ({table}_search) VALUES ('rebuild')")


def drop_index(table):
    if op.get_bind().dialect.name != "sqlite":
        op.execute(f"DROP INDEX ix_{table}_search")
        return
    for event in ("put", "changed", "taken"):
        op.execute(f"DROP TRIGGER IF EXISTS {table}_search_{event}")
    op.execute(f"DROP TABLE {table}_search")
