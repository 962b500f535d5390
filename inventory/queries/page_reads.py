"""Read long lists page by page while the rows are sent.

No connection is held between two pages, because a client can be slow. A page whose connection was
lost is read again; its rows are returned only when all of them are here.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from inventory.common.errors import Busy
from inventory.db import is_database_unavailable

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Seconds before each retry. The first replaces a closed connection; together they are longer than
#: a restart of the database server.
RETRY_SECONDS = (0.0, 0.1, 0.4, 1.0, 3.0, 5.0)


class Reads(Protocol):
    """Runs a query that reads one page, and returns its result."""

    def __call__(self, query: Callable[[Connection], T], /) -> T: ...


def reads_on(conn: Connection) -> Reads:
    """Return Reads on one connection, which the caller owns."""

    def read(query: Callable[[Connection], T], /) -> T:
        return query(conn)

    return read


def short_reads(engine: Engine) -> Reads:
    """Return Reads that take a connection per page and release it before returning.

    The first page is not retried, because a client waits for its response.

    Raises:
        Busy: raised by the Reads if no attempt succeeds.
    """
    waits: Sequence[float] = ()

    def read(query: Callable[[Connection], T], /) -> T:
        nonlocal waits
        found = _read(engine, query, waits)
        waits = RETRY_SECONDS
        return found

    return read


def _read(engine: Engine, query: Callable[[Connection], T], waits: Sequence[float]) -> T:
    for wait in (*waits, None):
        try:
            with engine.connect() as conn:
                return query(conn)
        except (sa.exc.DBAPIError, sa.exc.TimeoutError) as error:
            if isinstance(error, sa.exc.DBAPIError) and not is_database_unavailable(error):
                raise
            if wait is None:
                raise Busy() from error
            log.warning("a page is read again: %s", type(error).__name__)
            time.sleep(wait)
    raise AssertionError("unreachable")
