"""The database handle `db`, and sessions and connections for reading."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import Any, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session
from sqlalchemy.engine import Connection, Engine

from inventory.db.base import Base
from inventory.db.engine import _engine_options, _prepare

log = logging.getLogger(__name__)

P = ParamSpec("P")

R = TypeVar("R")

#: One reading engine per engine: a session opens a connection for each Engine object it meets.
_reading_engines: WeakKeyDictionary[Engine, Engine] = WeakKeyDictionary()


def _reading(engine: Engine) -> Engine:
    if engine.dialect.name != "postgresql":
        return engine
    if engine not in _reading_engines:
        options = {"isolation_level": "AUTOCOMMIT"}
        _reading_engines[engine] = engine.execution_options(**options)
    return _reading_engines[engine]


class ReadOnlySession(Session):
    """Session for read-only queries of a request.

    Errors while closing are logged, not raised, because the response is complete. Uses AUTOCOMMIT
    on PostgreSQL: each statement sees what is committed either way, and this saves two round trips.
    """

    def get_bind(self, *args: Any, **kwargs: Any) -> Any:
        """Return the reading engine of the bind."""
        bind = super().get_bind(*args, **kwargs)
        return _reading(bind) if isinstance(bind, Engine) else bind

    def close(self) -> None:
        """Close the session; an error is logged."""
        try:
            super().close()
        except sa.exc.DBAPIError as error:
            log.warning("the database went away after a request: %s", type(error).__name__)
            self.invalidate()


db = SQLAlchemy(model_class=Base, session_options={"class_": ReadOnlySession})


def init_app(app: Flask) -> None:
    """Bind the handle to the database of the app's SQLALCHEMY_DATABASE_URI."""
    url = sa.make_url(app.config["SQLALCHEMY_DATABASE_URI"])
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = _engine_options(
        url, threads=app.config.get("THREADS", 4)
    )
    db.init_app(app)
    with app.app_context():
        _prepare(db.engine)


_reader: ContextVar[Connection | None] = ContextVar("reader", default=None)


def connection() -> Connection:
    """Return the request's connection for reading."""
    return _reader.get() or db.session.connection()


@contextmanager
def use_connection(reader: Connection) -> Iterator[None]:
    """Make `connection()` return this connection of the read replica inside the block."""
    token = _reader.set(reader)
    try:
        yield
    finally:
        _reader.reset(token)


def app_context_thread(task: Callable[[], None]) -> threading.Thread:
    """Return a thread that runs `task` in the app's context; not started yet.

    The thread has its own sessions. It is a daemon thread, so that a program can stop without
    waiting for it.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]

    def run() -> None:
        with app.app_context():
            task()

    return threading.Thread(target=copy_context().run, args=(run,), daemon=True)


def reading_engine() -> Engine:
    """Return the app's engine, for downloads: they read after the request has ended."""
    return _reading(db.engine)


def unsafe_settings() -> list[str]:
    """Return unsafe database settings as messages; empty if all are safe."""
    with db.engine.connect() as reader:
        if reader.dialect.name == "sqlite":
            wanted = {"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"}
            ask = "PRAGMA {}"
        else:
            wanted = {"transaction_isolation": "read committed", "synchronous_commit": "on"}
            wanted["session_replication_role"] = "origin"
            ask = "SHOW {}"
        found = {name: str(reader.exec_driver_sql(ask.format(name)).scalar()) for name in wanted}
    return [
        f"{name} is {found[name]}, must be {value}"
        for name, value in wanted.items()
        if found[name] != value
    ]


@contextmanager
def snapshot(engine: Engine | None = None) -> Iterator[Connection]:
    """Yield a connection that sees one state of the database throughout.

    On PostgreSQL the statement and idle timeouts are off.

    Args:
        engine: the app's engine if None.
    """
    with (engine or db.engine).connect() as reader:
        if reader.dialect.name == "postgresql":
            reader = reader.execution_options(isolation_level="REPEATABLE READ")
            for limit in ("statement_timeout", "idle_in_transaction_session_timeout"):
                reader.exec_driver_sql(f"SET LOCAL {limit} = 0")
        yield reader


def url() -> sa.URL:
    """Return the URL of the app's database."""
    return db.engine.url
