"""Several statements on one journey to PostgreSQL (libpq's pipeline mode, driven by psycopg).

Within `few_journeys` a statement is sent and not waited for: its rows are waited for when they are
fetched, and by then all that was asked before has been answered too. So whoever executes first
and fetches later pays for one journey; statements without rows cost none of their own. The server
does one after the other as ever: each sees what was committed when its turn came.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, ClassVar

import psycopg
from psycopg import Column
from psycopg.pq import TransactionStatus
from sqlalchemy.engine import Connection

from inventory.errors import Busy

log = logging.getLogger(__name__)


class Cursor(psycopg.Cursor[Any]):
    """Tells the columns of an answer that is still on its way, when the same was asked before.

    SQLAlchemy wants to know them as soon as a statement is sent; that alone would be a journey.
    """

    #: Text of a statement to its columns; None: it has no rows.
    _columns: ClassVar[dict[str, list[Column] | None]] = {}
    _MOST_REMEMBERED = 2_000
    _text = ""

    def execute(self, query: Any, *args: Any, **kwargs: Any) -> Cursor:
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


@contextmanager
def few_journeys(connection: Connection) -> Iterator[None]:
    """Within, statements on this connection travel together. Begin and commit within, too.
    Raises Busy when the connection is lost."""
    driver: Any = connection.connection.driver_connection
    is_done = False
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


def say_begin(connection: Connection) -> None:
    """BEGIN, on its way with what follows.

    The driver would wait for the answer, since it knows that a transaction is open from a sync
    alone; so one is sent along. Without it a COMMIT would be taken for needless.
    """
    connection.exec_driver_sql("BEGIN")
    driver: Any = connection.connection.driver_connection
    driver._pipeline._enqueue_sync()


def settle(connection: Connection) -> None:
    """After a failure: have all that was sent answered, so that the transaction can be rolled
    back. Nothing is left to settle where the connection is gone."""
    if connection.invalidated:
        return
    driver: Any = connection.connection.driver_connection
    with suppress(psycopg.Error), driver.pipeline() as pipeline:
        pipeline.sync()
