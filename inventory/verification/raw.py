"""Columns read as they stand in the database, the same text on both."""

from __future__ import annotations

from sqlalchemy.engine import Connection

#: Rows that are fetched in one go.
AT_ONCE = 5000


def blob(conn: Connection, column: str) -> str:
    """SQLite lets any type into any column; as a BLOB even bytes that are no text can be read."""
    return f"CAST({column} AS BLOB)" if conn.dialect.name == "sqlite" else column


def moment(conn: Connection, column: str) -> str:
    """For `hashing.written_moment`."""
    if conn.dialect.name == "sqlite":
        return column
    return f"to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
