"""Trigram index over the search keys, on both databases.

SQLite uses FTS5. PostgreSQL uses a GIN index over the trigrams that a function extracts, because a
site may not have the extension pg_trgm. The index is derived data and only narrows the search down:
`queries/search.py` compares the rows again.
"""

# ruff: noqa: S608 - every name in these statements is defined in this file

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Connection

#: The tables with a search key (db/search_keys.py).
SEARCHED = ("items", "inventory_lots", "reservations")
#: With more hits than this, scanning the list from its start finds a page sooner than the index.
_FEW = 1000
#: Shorter words have no trigram.
_SHORTEST = 3


def create(conn: Connection) -> None:
    """Create the index over the existing rows; it must not exist yet."""
    if conn.dialect.name == "sqlite":
        for table in SEARCHED:
            conn.exec_driver_sql(
                f"CREATE VIRTUAL TABLE {table}_search USING fts5(search_key,"
                f" content='{table}', content_rowid='id', columnsize=0, tokenize='trigram')"
            )
        return rebuild(conn)
    conn.exec_driver_sql(_FUNCTION)
    for table in SEARCHED:
        conn.exec_driver_sql(
            f"CREATE INDEX ix_{table}_search ON {table} USING gin ({_grams(table)})"
        )


def rebuild(conn: Connection) -> None:
    """Rebuild the index on SQLite; PostgreSQL maintains its own."""
    if conn.dialect.name == "sqlite":
        for table in SEARCHED:
            conn.exec_driver_sql(f"INSERT INTO {table}_search ({table}_search) VALUES ('rebuild')")


def merge(conn: Connection) -> None:
    """Merge what PostgreSQL keeps beside its indexes after many writes; SQLite merges by itself."""
    if conn.dialect.name == "postgresql":
        for table in SEARCHED:
            conn.exec_driver_sql(f"SELECT gin_clean_pending_list('ix_{table}_search')")


def drop(conn: Connection) -> None:
    """Drop the index and all that belongs to it."""
    if conn.dialect.name == "sqlite":
        for table in SEARCHED:
            for name in _triggers(table):
                conn.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
            conn.exec_driver_sql(f"DROP TABLE {table}_search")
        return
    for table in SEARCHED:
        conn.exec_driver_sql(f"DROP INDEX ix_{table}_search")
    conn.exec_driver_sql("DROP FUNCTION inventory_trigrams(text)")


def prefilter(conn: Connection, words: Sequence[str], table: str) -> sa.ColumnElement[bool] | None:
    """Return a condition that all rows containing the words meet, and few others.

    Args:
        words: folded, so letters and digits only.

    Returns:
        None if all words are too short, or together in so many rows that no index helps.
    """
    long = [word for word in words if len(word) >= _SHORTEST]
    if not long:
        return None
    if conn.dialect.name == "sqlite":
        match = " AND ".join(f'"{word}"' for word in long)
        if conn.execute(_COUNTS[table], {"match": match, "most": _FEW + 1}).scalar_one() > _FEW:
            return None
        found = _MATCHES[table].bindparams(match=match).columns(sa.column("rowid"))
        return sa.column(f"{table}.id", is_literal=True).in_(found)
    grams = sorted({word[at : at + 3] for word in long for at in range(len(word) - 2)})
    return sa.literal_column(_grams(table), ARRAY(sa.Text)).contains(
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


def _triggers(table: str) -> dict[str, str]:
    index = f"{table}_search"
    put = f" INSERT INTO {index} (rowid, search_key) VALUES (NEW.id, NEW.search_key);"
    take = (
        f" INSERT INTO {index} ({index}, rowid, search_key)"
        " VALUES ('delete', OLD.id, OLD.search_key);"
    )
    events = {
        "put": ("INSERT", put),
        "changed": ("UPDATE OF search_key", take + put),
        "taken": ("DELETE", take),
    }
    return {
        f"{index}_{word}": f"CREATE TRIGGER {index}_{word} AFTER {event} ON {table} BEGIN{does} END"
        for word, (event, does) in events.items()
    }


SQLITE: dict[str, str] = {name: sql for table in SEARCHED for name, sql in _triggers(table).items()}


# --- PostgreSQL: an index over an expression ------------------------------------------------------

_FUNCTION = """
CREATE FUNCTION inventory_trigrams(text) RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(DISTINCT substr(folded, at, 3)), '{}')
    FROM (SELECT lower($1 COLLATE "C") AS folded) AS f, generate_series(1, length($1) - 2) AS at
$$
"""


def _grams(table: str) -> str:
    return f"inventory_trigrams({table}.search_key)"
