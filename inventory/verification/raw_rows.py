"""Rows and columns read as they stand in the database, the same text on both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

#: Rows that are fetched in one go: so many stay in the processor's cache while they are checked.
AT_ONCE = 500


def rows(conn: Connection, statement: str) -> Iterator[Sequence[Any]]:
    """Rows as the driver hands them over, some hundreds at once: to make them SQLAlchemy's own
    would take longer than to check them."""
    # PostgreSQL: a cursor with a name stays at the server, which is asked for the next rows.
    how = {} if conn.dialect.name == "sqlite" else {"name": "verification", "binary": True}
    try:
        with closing(conn.connection.cursor(**how)) as cursor:
            cursor.execute(statement)
            while batch := cursor.fetchmany(AT_ONCE):
                yield batch
    except conn.dialect.loaded_dbapi.Error as error:
        raise sa.exc.DBAPIError(statement, None, error) from error


def blob(conn: Connection, column: str) -> str:
    """SQLite lets any type into any column; as a BLOB even bytes that are no text can be read."""
    return f"CAST({column} AS BLOB)" if conn.dialect.name == "sqlite" else column


def parse_timestamp(conn: Connection, column: str) -> str:
    """For `hashing.written_moment`."""
    if conn.dialect.name == "sqlite":
        return column
    return f"to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
