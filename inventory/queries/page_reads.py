"""Reads of long lists, page by page, while the rows are sent.

A client takes its time. So no connection is held between two pages, and a page whose connection
was lost is read again: its rows are handed on only when all of them are here.
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

#: Seconds before each further try: the first one only replaces a connection that was ended, all
#: of them outlast the restart of a server.
RETRY_SECONDS = (0.0, 0.1, 0.4, 1.0, 3.0, 5.0)


class Reads(Protocol):
    """Runs one query, which reads a page, and returns what it returns."""

    def __call__(self, query: Callable[[Connection], T], /) -> T: ...


def reads_on(conn: Connection) -> Reads:
    """Reads on one connection, which belongs to the caller."""

    def read(query: Callable[[Connection], T], /) -> T:
        return query(conn)

    return read


def short_reads(engine: Engine) -> Reads:
    """Reads on a connection for each, given back before the rows are handed on.

    The first one is not retried: whoever waits for an answer is told at once. Raises: Busy where
    no try succeeds.
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
