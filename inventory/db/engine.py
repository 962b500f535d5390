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

#: From this version on SQLite is free of the bug that could reset a write-ahead log in use.
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
    """Whether a connection of the pool can still be used.

    A server that ends a connection, or dies, closes the wire. Where nothing came in since the last
    answer, asking in words would only be one more round trip for each reading and each writing.
    """
    wire = select.poll()
    wire.register(connection.pgconn.socket, select.POLLIN)
    return ask(connection) if wire.poll(0) else True


def _create_private_file(_: Dialect, __: Any, place: tuple[Any, ...], ___: Any) -> None:
    """A database that is not there yet is made for its owner alone, whoever makes it."""
    path = str(place[0])
    if path.startswith(("file:", ":memory:")):
        return
    with suppress(OSError):  # it is there; or cannot be made, which SQLite says better
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


@contextmanager
def temporary_engine(url: str | sa.URL) -> Iterator[Engine]:
    """Another database, treated as the app's own is: for backups and moves."""
    url = sa.make_url(url)
    engine = sa.create_engine(url, **_engine_options(url, threads=2))
    _prepare(engine)
    try:
        yield engine
    finally:
        engine.dispose()


def new_engine(url: str, *, threads: int) -> Engine:
    """An engine on another database, with the same settings; to be disposed of by the caller."""
    made = sa.make_url(url)
    engine = sa.create_engine(made, **_engine_options(made, threads=threads))
    _prepare(engine)
    return engine


def _engine_options(url: sa.URL, *, threads: int) -> dict[str, Any]:
    """Two connections a thread: a request may still hold one for reading while it writes."""
    if url.get_backend_name() == "sqlite":
        return {
            "module": sqlite_module(),
            "pool_size": 2 * threads,
            "pool_timeout": WAIT_SECONDS,
            "hide_parameters": True,  # what people typed is not for the log
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
    """The newest SQLite there is: pysqlite3 where it has a wheel, else Python's own."""
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
