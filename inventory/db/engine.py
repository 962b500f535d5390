"""Engines: options, pragmas and pool checks for SQLite and PostgreSQL."""

from __future__ import annotations

import functools
import os
import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Dialect, Engine
from sqlalchemy.pool import ConnectionPoolEntry

from inventory.db.sqlite_write_lock import WAIT_SECONDS

#: The first SQLite version without the bug that could reset a write-ahead log in use.
SQLITE_WITHOUT_RESET_BUG = (3, 51, 3)

_PRAGMAS = {
    "journal_mode": "WAL",
    "synchronous": "FULL",
    "foreign_keys": "ON",
    "recursive_triggers": "ON",
    "trusted_schema": "OFF",
    "busy_timeout": "10000",
}

_POSTGRESQL = {
    "lock_timeout": "8s",
    "statement_timeout": "15s",
    "idle_in_transaction_session_timeout": "30s",
    "synchronous_commit": "on",
    "default_transaction_isolation": "read\\ committed",
    "timezone": "UTC",
    "jit": "off",
}


def _prepare(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        event.listen(engine, "do_connect", _create_private_file)
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin)
    else:
        engine.dialect.do_ping = functools.partial(_is_alive, engine.dialect.do_ping)  # type: ignore[method-assign]


def _is_alive(ask: Callable[[Any], bool], connection: Any) -> bool:
    """Return whether a pooled connection is still alive.

    Polls the socket first: a closed connection is readable. The driver's ping runs only then, which
    saves a round trip per checkout.
    """
    wire = select.poll()
    wire.register(connection.pgconn.socket, select.POLLIN)
    return ask(connection) if wire.poll(0) else True


def _create_private_file(_: Dialect, __: Any, place: tuple[Any, ...], ___: Any) -> None:
    """Create a missing database file, readable by its owner only."""
    path = str(place[0])
    if path.startswith(("file:", ":memory:")):
        return
    with suppress(OSError):  # The file exists, or SQLite reports better why it cannot be created.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


@contextmanager
def temporary_engine(url: str | sa.URL) -> Iterator[Engine]:
    """Yield an engine on another database, for backups and migrations.

    It has the same settings as the app's engine and is disposed of at the end.
    """
    url = sa.make_url(url)
    engine = sa.create_engine(url, **_engine_options(url, threads=2))
    _prepare(engine)
    try:
        yield engine
    finally:
        engine.dispose()


def new_engine(url: str, *, threads: int) -> Engine:
    """Return an engine on another database, with the same settings as the app's.

    The caller disposes of it.

    Args:
        threads: the pool has two connections per thread.
    """
    made = sa.make_url(url)
    engine = sa.create_engine(made, **_engine_options(made, threads=threads))
    _prepare(engine)
    return engine


def _engine_options(url: sa.URL, *, threads: int) -> dict[str, Any]:
    """Return the engine's options, with a pool of two connections per thread.

    A request can have one connection open for reading while it writes on another.
    """
    if url.get_backend_name() == "sqlite":
        return {
            "module": sqlite_module(),
            "pool_size": 2 * threads,
            "pool_timeout": WAIT_SECONDS,
            "hide_parameters": True,  # User input must not appear in the log.
            "connect_args": {"isolation_level": None, "check_same_thread": False},
        }
    from inventory.db.pipeline import DescriptionCachingCursor

    settings = " ".join(f"-c {name}={value}" for name, value in _POSTGRESQL.items())
    return {
        "pool_pre_ping": True,
        "pool_size": 2 * threads,
        "max_overflow": 4,
        "pool_timeout": WAIT_SECONDS,
        "hide_parameters": True,
        "connect_args": {
            "options": settings,
            "connect_timeout": 5,
            "cursor_factory": DescriptionCachingCursor,
        },
    }


def sqlite_module() -> Any:
    """Return the newest SQLite driver: pysqlite3 if installed, else Python's own."""
    try:
        from pysqlite3 import dbapi2
    except ImportError:
        from sqlite3 import dbapi2
    return dbapi2


def _set_pragmas(dbapi_connection: Any, _record: ConnectionPoolEntry) -> None:
    for name, value in _PRAGMAS.items():
        dbapi_connection.execute(f"PRAGMA {name}={value}")


def _begin(connection: Connection) -> None:
    write = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
