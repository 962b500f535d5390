"""An index over trigrams, by which pieces of codes and names are found.

SQLite's triggers that keep it are installed with all others, after the migrations (env.py).
"""

# ruff: noqa: S608 - every name in these statements stands in this file

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

SEARCHED = {
    "items": ("code", "name"),
    "inventory_lots": ("lot_code", "supplier_lot"),
    "reservations": ("reference",),
}
FUNCTION = """
CREATE FUNCTION inventory_trigrams(text) RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(DISTINCT substr(folded, at, 3)), '{}')
    FROM (SELECT lower($1 COLLATE "C") AS folded) AS f, generate_series(1, length($1) - 2) AS at
$$
"""
TEXTS = {
    "items": "items.code || E'\\n' || coalesce(items.name, '')",
    "inventory_lots": "inventory_lots.lot_code || E'\\n' || coalesce(inventory_lots.supplier_lot, '')",
    "reservations": "reservations.reference",
}


def upgrade():
    conn = op.get_bind()
    if conn.dialect.name == "sqlite":
        for table, columns in SEARCHED.items():
            conn.exec_driver_sql(
                f"CREATE VIRTUAL TABLE {table}_search USING fts5({', '.join(columns)},"
                f" content='{table}', content_rowid='id', columnsize=0, tokenize='trigram')"
            )
            conn.exec_driver_sql(f"INSERT INTO {table}_search ({table}_search) VALUES ('rebuild')")
        return
    conn.exec_driver_sql(FUNCTION)
    for table, text in TEXTS.items():
        conn.exec_driver_sql(
            f"CREATE INDEX ix_{table}_search ON {table} USING gin (inventory_trigrams({text}))"
        )


def downgrade():
    conn = op.get_bind()
    for table in SEARCHED:
        if conn.dialect.name == "sqlite":
            for event in ("put", "changed", "taken"):
                conn.exec_driver_sql(f"DROP TRIGGER IF EXISTS {table}_search_{event}")
            conn.exec_driver_sql(f"DROP TABLE {table}_search")
        else:
            conn.exec_driver_sql(f"DROP INDEX ix_{table}_search")
    if conn.dialect.name != "sqlite":
        conn.exec_driver_sql("DROP FUNCTION inventory_trigrams(text)")
