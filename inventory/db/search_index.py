"""Trigram index to search parts of codes and names, on both databases.

SQLite uses FTS5. PostgreSQL uses a GIN index over the trigrams that a function extracts, because a
site may not have the extension pg_trgm. The index is derived data and only narrows the search down:
`queries/search.py` compares the rows again.
"""

# ruff: noqa: S608 - every name in these statements is defined in this file

from __future__ import annotations

import re

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Connection

#: The searched columns of each table.
SEARCHED = {
    "items": ("code", "name"),
    "inventory_lots": ("lot_code", "supplier_lot"),
    "reservations": ("reference",),
}
#: With more hits than this, scanning the list from its start finds a page sooner than the index.
_FEW = 1000
#: Runs of printable ASCII. The databases fold the case of other characters differently.
_RUNS = re.compile(r"[ -~]{3,}")


def create(conn: Connection) -> None:
    """Create the index over the existing rows; it must not exist yet."""
    if conn.dialect.name == "sqlite":
        for table, columns in SEARCHED.items():
            conn.exec_driver_sql(
                f"CREATE VIRTUAL TABLE {table}_search USING fts5({', '.join(columns)},"
                f" content='{table}', content_rowid='id', columnsize=0, tokenize='trigram')"
            )
        return rebuild(conn)
    conn.exec_driver_sql(_FUNCTION)
    for table, columns in SEARCHED.items():
        conn.exec_driver_sql(
            f"CREATE INDEX ix_{table}_search ON {table} USING gin ({_grams(table, columns)})"
        )


def rebuild(conn: Connection) -> None:
    """Rebuild the index on SQLite; PostgreSQL maintains its own."""
    if conn.dialect.name == "sqlite":
        for table in SEARCHED:
            conn.exec_driver_sql(f"INSERT INTO {table}_search ({table}_search) VALUES ('rebuild')")


def drop(conn: Connection) -> None:
    """Drop the index and all that belongs to it."""
    if conn.dialect.name == "sqlite":
        for table in SEARCHED:
            for name in _triggers(table, SEARCHED[table]):
                conn.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
            conn.exec_driver_sql(f"DROP TABLE {table}_search")
        return
    for table in SEARCHED:
        conn.exec_driver_sql(f"DROP INDEX ix_{table}_search")
    conn.exec_driver_sql("DROP FUNCTION inventory_trigrams(text)")


def prefilter(conn: Connection, wanted: str, table: str) -> sa.ColumnElement[bool] | None:
    """Return a condition that all rows containing the text meet, and few others.

    Returns:
        None if the text is too short, or in so many rows that no index helps.
    """
    runs = _RUNS.findall(wanted)
    if table not in SEARCHED or not runs:
        return None
    if conn.dialect.name == "sqlite":
        match = " AND ".join('"' + run.replace('"', '""') + '"' for run in runs)
        if conn.execute(_COUNTS[table], {"match": match, "most": _FEW + 1}).scalar_one() > _FEW:
            return None
        found = _MATCHES[table].bindparams(match=match).columns(sa.column("rowid"))
        return sa.column(f"{table}.id", is_literal=True).in_(found)
    grams = sorted({run[at : at + 3] for run in map(str.lower, runs) for at in range(len(run) - 2)})
    return sa.literal_column(_grams(table, SEARCHED[table]), ARRAY(sa.Text)).contains(
        sa.literal(grams, ARRAY(sa.Text))
    )


_MATCHES = {
    table: sa.text(f"SELECT rowid FROM {table}_search WHERE {table}_search MATCH :match")
    for table in SEARCHED
}
_COUNTS = {
    table: sa.text(f"SELECT count(*) FROM ({match.text} LIMIT :most)")
    for table, match in _MATCHES.items()
}


# --- SQLite: updated by triggers ------------------------------------------------------------------


def _triggers(table: str, columns: tuple[str, ...]) -> dict[str, str]:
    names = ", ".join(columns)
    new, old = (", ".join(f"{row}.{column}" for column in columns) for row in ("NEW", "OLD"))
    index = f"{table}_search"
    put = f" INSERT INTO {index} (rowid, {names}) VALUES (NEW.id, {new});"
    take = f" INSERT INTO {index} ({index}, rowid, {names}) VALUES ('delete', OLD.id, {old});"
    events = {
        "put": ("INSERT", put),
        "changed": (f"UPDATE OF {names}", take + put),
        "taken": ("DELETE", take),
    }
    return {
        f"{index}_{word}": f"CREATE TRIGGER {index}_{word} AFTER {event} ON {table} BEGIN{does} END"
        for word, (event, does) in events.items()
    }


SQLITE: dict[str, str] = {
    name: sql
    for table, columns in SEARCHED.items()
    for name, sql in _triggers(table, columns).items()
}


# --- PostgreSQL: an index over an expression ------------------------------------------------------

_FUNCTION = """
CREATE FUNCTION inventory_trigrams(text) RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(DISTINCT substr(folded, at, 3)), '{}')
    FROM (SELECT lower($1 COLLATE "C") AS folded) AS f, generate_series(1, length($1) - 2) AS at
$$
"""


def _grams(table: str, columns: tuple[str, ...]) -> str:
    """Return the SQL for the trigrams of all columns.

    A line break separates the columns, because no column contains one.
    """
    first, *others = columns
    joined = "".join(f" || E'\\n' || coalesce({table}.{column}, '')" for column in others)
    return f"inventory_trigrams({table}.{first}{joined})"
