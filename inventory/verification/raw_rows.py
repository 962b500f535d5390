"""Read rows and columns as stored, with the same text on both databases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

#: Rows per fetch. This many stay in the processor's cache while they are checked.
AT_ONCE = 500


def rows(conn: Connection, statement: str) -> Iterator[Sequence[Any]]:
    """Yield batches of the driver's rows.

    Creating SQLAlchemy rows would take longer than the check itself.
    """
    # On PostgreSQL a named cursor is on the server and sends the rows in batches.
    how = {} if conn.dialect.name == "sqlite" else {"name": "verification", "binary": True}
    try:
        with closing(conn.connection.cursor(**how)) as cursor:
            cursor.execute(statement)
            while batch := cursor.fetchmany(AT_ONCE):
                yield batch
    except conn.dialect.loaded_dbapi.Error as error:
        raise sa.exc.DBAPIError(statement, None, error) from error


def blob(conn: Connection, column: str) -> str:
    """Return the SQL for a binary column.

    SQLite accepts any type in a column; a cast to BLOB makes all values readable.
    """
    return f"CAST({column} AS BLOB)" if conn.dialect.name == "sqlite" else column


def parse_timestamp(conn: Connection, column: str) -> str:
    """Return the SQL for a timestamp as `hash_chain.format_raw_timestamp` expects it."""
    if conn.dialect.name == "sqlite":
        return column
    return f"to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
