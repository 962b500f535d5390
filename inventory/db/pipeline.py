"""Statements in libpq's pipeline mode: several statements in one round trip.

Inside `pipelined` statements are queued until a result is fetched; then all of them are sent at
once. Code that executes first and fetches later needs one round trip; statements without rows need
none of their own. The server still runs them one by one, and each sees what was committed when it
started.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, ClassVar

import psycopg
from psycopg import Column
from psycopg.abc import PQGen
from psycopg.generators import send
from psycopg.pq import TransactionStatus
from sqlalchemy.engine import Connection

from inventory.common.errors import Busy

log = logging.getLogger(__name__)


class DescriptionCachingCursor(psycopg.Cursor[Any]):
    """Cursor that caches column descriptions by the text of the statement.

    SQLAlchemy needs the columns as soon as a statement is sent; without the cache that would be a
    round trip.
    """

    #: Text of a statement to its columns; None if the statement returns no rows.
    _columns: ClassVar[dict[str, list[Column] | None]] = {}
    _MOST_REMEMBERED = 2_000
    _text = ""

    def execute(self, query: Any, *args: Any, **kwargs: Any) -> DescriptionCachingCursor:
        """Queue the statement and remember its text."""
        self._text = query
        super().execute(query, *args, **kwargs)
        return self

    def executemany(self, query: Any, *args: Any, **kwargs: Any) -> None:
        """Queue the statements and remember their text."""
        self._text = query
        super().executemany(query, *args, **kwargs)

    @property
    def description(self) -> list[Column] | None:
        """Return the columns, from the cache if the result is not here yet."""
        if self.pgresult is not None or self._conn._pipeline is None:
            return super().description
        if self._text not in self._columns:
            self._fetch_pipeline()
            if len(self._columns) >= self._MOST_REMEMBERED:
                self._columns.clear()
            self._columns[self._text] = super().description
        return self._columns[self._text]


class BufferedPipeline(psycopg.Pipeline):
    """Pipeline that sends nothing until a result is fetched, then everything at once.

    Statements sent one by one would wake the server one by one.
    """

    def _communicate_gen(self) -> PQGen[None]:
        yield from ()

    def _fetch_gen(self, *, flush: bool) -> PQGen[None]:
        while self.command_queue:
            self.command_queue.popleft()()
        if not flush:
            yield from send(self.pgconn)
        yield from super()._fetch_gen(flush=flush)

    def _exit_gen(self) -> PQGen[None]:
        """Skip the final sync after a commit, when nothing is queued."""
        if self.command_queue or self.result_queue:
            yield from super()._exit_gen()


@contextmanager
def pipelined(connection: Connection) -> Iterator[None]:
    """Run the block in pipeline mode; BEGIN and COMMIT must be inside.

    Raises:
        Busy: the connection was lost before the block ended. After a commit this is only logged.
        RuntimeError: the block left a transaction open.
    """
    driver: Any = connection.connection.driver_connection
    is_done = False
    driver._pipeline = BufferedPipeline(driver)
    try:
        with driver.pipeline():
            yield
            is_done = True
    except psycopg.Error as error:
        if not is_done:
            raise Busy() from error
        log.warning("the database went away after a commit: %s", type(error).__name__)
    else:
        if driver.info.transaction_status != TransactionStatus.IDLE:
            raise RuntimeError("a transaction was left open, and will be rolled back")


def send_begin(connection: Connection) -> None:
    """Queue BEGIN followed by a sync.

    Without the sync psycopg does not see that a transaction is open.
    """
    connection.exec_driver_sql("BEGIN")
    driver: Any = connection.connection.driver_connection
    driver._pipeline._enqueue_sync()


def await_begin(connection: Connection) -> None:
    """Fetch a result before COMMIT if none was fetched yet.

    Without a result psycopg believes that no transaction is open, and skips COMMIT.
    """
    driver: Any = connection.connection.driver_connection
    if driver.info.transaction_status == TransactionStatus.IDLE:
        connection.exec_driver_sql("SELECT 1").scalar_one()


def drain(connection: Connection) -> None:
    """Fetch all outstanding results after an error, so that a rollback is possible.

    Does nothing if the connection is lost.
    """
    if connection.invalidated:
        return
    driver: Any = connection.connection.driver_connection
    with suppress(psycopg.Error), driver.pipeline() as pipeline:
        pipeline.sync()
