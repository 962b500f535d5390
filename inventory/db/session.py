"""The database handle, and the sessions and connections that read."""

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

#: To a session another Engine is another connection: so each has one for reading, for good.
_reading_engines: WeakKeyDictionary[Engine, Engine] = WeakKeyDictionary()


def _reading(engine: Engine) -> Engine:
    if engine.dialect.name != "postgresql":
        return engine
    if engine not in _reading_engines:
        options = {"isolation_level": "AUTOCOMMIT"}
        _reading_engines[engine] = engine.execution_options(**options)
    return _reading_engines[engine]


class ReadOnlySession(Session):
    """The request's own reading; that it ends badly is no reason to withhold the answer.

    On PostgreSQL each statement of it sees what is committed, in a transaction or not: without
    one it costs two round trips less.
    """

    def get_bind(self, *args: Any, **kwargs: Any) -> Any:
        bind = super().get_bind(*args, **kwargs)
        return _reading(bind) if isinstance(bind, Engine) else bind

    def close(self) -> None:
        try:
            super().close()
        except sa.exc.DBAPIError as error:
            log.warning("the database went away after a request: %s", type(error).__name__)
            self.invalidate()


db = SQLAlchemy(model_class=Base, session_options={"class_": ReadOnlySession})


def init_app(app: Flask) -> None:
    """Bind the handle to the app; its SQLALCHEMY_DATABASE_URI says which database."""
    url = sa.make_url(app.config["SQLALCHEMY_DATABASE_URI"])
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = _engine_options(
        url, threads=app.config.get("THREADS", 4)
    )
    db.init_app(app)
    with app.app_context():
        _prepare(db.engine)


_reader: ContextVar[Connection | None] = ContextVar("reader", default=None)


def connection() -> Connection:
    """The request's own connection, for reading."""
    return _reader.get() or db.session.connection()


@contextmanager
def use_connection(reader: Connection) -> Iterator[None]:
    """Within, `connection()` is this one."""
    token = _reader.set(reader)
    try:
        yield
    finally:
        _reader.reset(token)


def app_context_thread(task: Callable[[], None]) -> threading.Thread:
    """A thread for `work` on the same database, with sessions of its own; not started yet.

    A daemon: a program that is asked to stop does not wait for it.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]

    def run() -> None:
        with app.app_context():
            task()

    return threading.Thread(target=copy_context().run, args=(run,), daemon=True)


def reading_engine() -> Engine:
    """The app's engine, for connections that only read."""
    return _reading(db.engine)


@contextmanager
def short_read_connection() -> Iterator[None]:
    """Within, `connection()` is one that is given back at the end: for what is asked before a
    write, which would leave the request's own reading first. A session costs more than that."""
    if _reader.get() is not None:
        yield
        return
    with reading_engine().connect() as reader, use_connection(reader):
        yield


def unsafe_settings() -> list[str]:
    """Why the ledger would not be safe in this database, in words: empty when it would be."""
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
    """A connection that sees the database as it stands now, however long it reads."""
    with (engine or db.engine).connect() as reader:
        if reader.dialect.name == "postgresql":
            reader = reader.execution_options(isolation_level="REPEATABLE READ")
            for limit in ("statement_timeout", "idle_in_transaction_session_timeout"):
                reader.exec_driver_sql(f"SET LOCAL {limit} = 0")
        yield reader


def url() -> sa.URL:
    """Where the app's database is."""
    return db.engine.url
