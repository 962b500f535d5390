"""Several statements on one journey to PostgreSQL (libpq's pipeline mode, driven by psycopg).

Within `few_journeys` a statement is kept until somebody waits for an answer: then all that was
asked is sent in one piece, and answered. So whoever executes first and fetches later pays for one
journey; statements without rows cost none of their own. The server does one after the other as
ever: each sees what was committed when its turn came.
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
    """Tells the columns of an answer that is still on its way, when the same was asked before.

    SQLAlchemy wants to know them as soon as a statement is sent; that alone would be a journey.
    """

    #: Text of a statement to its columns; None: it has no rows.
    _columns: ClassVar[dict[str, list[Column] | None]] = {}
    _MOST_REMEMBERED = 2_000
    _text = ""

    def execute(self, query: Any, *args: Any, **kwargs: Any) -> DescriptionCachingCursor:
        self._text = query
        super().execute(query, *args, **kwargs)
        return self

    def executemany(self, query: Any, *args: Any, **kwargs: Any) -> None:
        self._text = query
        super().executemany(query, *args, **kwargs)

    @property
    def description(self) -> list[Column] | None:
        if self.pgresult is not None or self._conn._pipeline is None:
            return super().description
        if self._text not in self._columns:
            self._fetch_pipeline()
            if len(self._columns) >= self._MOST_REMEMBERED:
                self._columns.clear()
            self._columns[self._text] = super().description
        return self._columns[self._text]


class BufferedPipeline(psycopg.Pipeline):
    """Sends nothing before somebody waits for an answer, and then all of it in one piece: sent one
    by one, statements would wake the server one by one."""

    def _communicate_gen(self) -> PQGen[None]:
        yield from ()

    def _fetch_gen(self, *, flush: bool) -> PQGen[None]:
        while self.command_queue:
            self.command_queue.popleft()()
        if not flush:
            yield from send(self.pgconn)
        yield from super()._fetch_gen(flush=flush)

    def _exit_gen(self) -> PQGen[None]:
        """After a commit nothing is on its way any more: that needs no journey."""
        if self.command_queue or self.result_queue:
            yield from super()._exit_gen()


@contextmanager
def pipelined(connection: Connection) -> Iterator[None]:
    """Within, statements on this connection travel together. Begin and commit within, too.
    Raises Busy when the connection is lost."""
    driver: Any = connection.connection.driver_connection
    is_done = False
    driver._pipeline = BufferedPipeline(driver)
    try:
        with driver.pipeline():
            yield
            is_done = True
    except psycopg.Error as error:
        if not is_done:
            raise Busy() from error  # the connection was lost on the way
        log.warning("the database went away after a commit: %s", type(error).__name__)
    else:
        if driver.info.transaction_status != TransactionStatus.IDLE:
            raise RuntimeError("a transaction was left open, and will be rolled back")


def send_begin(connection: Connection) -> None:
    """BEGIN, on its way with what follows.

    The driver knows that a transaction is open from a sync alone; so one is sent along.
    """
    connection.exec_driver_sql("BEGIN")
    driver: Any = connection.connection.driver_connection
    driver._pipeline._enqueue_sync()


def await_begin(connection: Connection) -> None:
    """Before a commit: until an answer has come the driver knows of no transaction, and would take
    COMMIT for needless. Who has fetched anything has heard."""
    driver: Any = connection.connection.driver_connection
    if driver.info.transaction_status == TransactionStatus.IDLE:
        connection.exec_driver_sql("SELECT 1").scalar_one()


def drain(connection: Connection) -> None:
    """After a failure: have all that was sent answered, so that the transaction can be rolled
    back. Nothing is left to settle where the connection is gone."""
    if connection.invalidated:
        return
    driver: Any = connection.connection.driver_connection
    with suppress(psycopg.Error), driver.pipeline() as pipeline:
        pipeline.sync()
