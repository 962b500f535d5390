"""The database handle and @atomic: the only code that begins and commits.

SQLite and PostgreSQL get one recipe. A write leaves the request's read snapshot, passes the
gate (SQLite has one writer at a time), and runs on a short connection of its own; a lost race
runs again; locked too long, full or gone is Busy. Why each of these: docs/decisions.md.
"""

from __future__ import annotations

import functools
import logging
import os
import random
import select
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from contextvars import ContextVar, copy_context
from datetime import UTC, datetime
from typing import Any, Concatenate, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session
from sqlalchemy import event
from sqlalchemy.engine import Connection, Dialect, Engine, Transaction
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import ConnectionPoolEntry

from inventory.common import instrumentation
from inventory.common.errors import Busy
from inventory.db.sqlite_write_lock import WAIT_SECONDS, gate_at

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

ATTEMPTS = 12
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


class Base(DeclarativeBase):
    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """A moment, always in UTC and always aware (SQLite forgets the zone of a DateTime)."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


#: To a session another Engine is another connection: so each has one for reading, for good.
_reading_engines: WeakKeyDictionary[Engine, Engine] = WeakKeyDictionary()


def _reading(engine: Engine) -> Engine:
    if engine.dialect.name != "postgresql":
        return engine
    if engine not in _reading_engines:
        options = {"isolation_level": "AUTOCOMMIT"}
        _reading_engines[engine] = engine.execution_options(**options)
    return _reading_engines[engine]


class ReaderSession(Session):
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


db = SQLAlchemy(model_class=Base, session_options={"class_": ReaderSession})


def init_app(app: Flask) -> None:
    """Bind the handle to the app; its SQLALCHEMY_DATABASE_URI says which database."""
    url = sa.make_url(app.config["SQLALCHEMY_DATABASE_URI"])
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = _engine_options(
        url, threads=app.config.get("THREADS", 4)
    )
    db.init_app(app)
    with app.app_context():
        _prepare(db.engine)


def _prepare(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        event.listen(engine, "do_connect", _make_private)
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin)
    else:
        engine.dialect.do_ping = functools.partial(_lives, engine.dialect.do_ping)  # type: ignore[method-assign]


def _lives(ask: Callable[[Any], bool], connection: Any) -> bool:
    """Whether a connection of the pool can still be used.

    A server that ends a connection, or dies, closes the wire. Where nothing came in since the last
    answer, asking in words would only be one more round trip for each reading and each writing.
    """
    wire = select.poll()
    wire.register(connection.pgconn.socket, select.POLLIN)
    return ask(connection) if wire.poll(0) else True


def _make_private(_: Dialect, __: Any, place: tuple[Any, ...], ___: Any) -> None:
    """A database that is not there yet is made for its owner alone, whoever makes it."""
    path = str(place[0])
    if path.startswith(("file:", ":memory:")):
        return
    with suppress(OSError):  # it is there; or cannot be made, which SQLite says better
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


@contextmanager
def engine_on(url: str | sa.URL) -> Iterator[Engine]:
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


_reader: ContextVar[Connection | None] = ContextVar("reader", default=None)


def connection() -> Connection:
    """The request's own connection, for reading."""
    return _reader.get() or db.session.connection()


@contextmanager
def reading_from(reader: Connection) -> Iterator[None]:
    """Within, `connection()` is this one."""
    token = _reader.set(reader)
    try:
        yield
    finally:
        _reader.reset(token)


def in_a_thread(work: Callable[[], None]) -> threading.Thread:
    """A thread for `work` on the same database, with sessions of its own; not started yet.

    A daemon: a program that is asked to stop does not wait for it.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]

    def run() -> None:
        with app.app_context():
            work()

    return threading.Thread(target=copy_context().run, args=(run,), daemon=True)


def reading_engine() -> Engine:
    """The app's engine, for connections that only read."""
    return _reading(db.engine)


@contextmanager
def reading_briefly() -> Iterator[None]:
    """Within, `connection()` is one that is given back at the end: for what is asked before a
    write, which would leave the request's own reading first. A session costs more than that."""
    if _reader.get() is not None:
        yield
        return
    with reading_engine().connect() as reader, reading_from(reader):
        yield


_tells_positions = False
_position: ContextVar[str | None] = ContextVar("position", default=None)
#: Further than any log will ever be: nobody can have come so far.
_NEVER = "FFFFFFFF/FFFFFFFF"


def tell_positions() -> None:
    """From now on note after each write where the log of the database stands."""
    global _tells_positions
    _tells_positions = True


def last_position() -> str | None:
    """Where the log stood after this request's last write; asked once."""
    position = _position.get()
    _position.set(None)
    return position


def _note_position(writer: Connection) -> None:
    """The write is done, whatever becomes of this."""
    if not _tells_positions or writer.dialect.name != "postgresql":
        return
    try:
        found = writer.exec_driver_sql("SELECT pg_current_wal_flush_lsn()").scalar_one()
        _position.set(str(found))
    except sa.exc.DBAPIError:
        _position.set(_NEVER)


def weaknesses() -> list[str]:
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


@contextmanager
def writing_to(engine: Engine) -> Iterator[Connection]:
    """One transaction on another database, however long: all of it stays, or nothing."""
    with engine.connect() as connection:
        tx = connection.execution_options(write=True)
        with tx.begin():
            if tx.dialect.name == "postgresql":
                for limit in ("statement_timeout", "idle_in_transaction_session_timeout"):
                    tx.exec_driver_sql(f"SET LOCAL {limit} = 0")
            yield tx


def url() -> sa.URL:
    """Where the app's database is."""
    return db.engine.url


@contextmanager
def nobody_else_writes(file: str) -> Iterator[None]:
    """Keep every other writer out of this file of SQLite while this lasts."""
    with gate_at(file)():
        yield


def atomic(verb: Callable[Concatenate[Connection, P], R]) -> Callable[P, R]:
    """One verb, one transaction: committed when the verb returns, rolled back when it raises.

    Called with `dry_run=True` the verb runs to its end and everything is rolled back.
    Raises Busy when the database stays locked, is full, or cannot be reached.
    """
    return _atomic(verb, _begun)


def atomic_in_few_journeys(verb: Callable[Concatenate[Connection, P], R]) -> Callable[P, R]:
    """The same for a verb whose statements can travel together (pipelining.py): it looks at no
    statement's row count, and at the rows of one as late as it can."""
    return _atomic(verb, _begun_in_few_journeys)


@contextmanager
def _begun(tx: Connection) -> Iterator[Transaction]:
    with tx.begin() as transaction:
        yield transaction


@contextmanager
def _begun_in_few_journeys(tx: Connection) -> Iterator[Transaction]:
    if tx.dialect.name != "postgresql":
        with _begun(tx) as transaction:
            yield transaction
        return
    from inventory.db.pipeline import few_journeys, hear_of_begin, say_begin, settle

    tx = tx.execution_options(isolation_level="AUTOCOMMIT")  # we say BEGIN ourselves
    with few_journeys(tx), tx.begin() as transaction:
        try:
            say_begin(tx)
            yield transaction
            if transaction.is_active:
                hear_of_begin(tx)
        except BaseException:
            settle(tx)
            raise


def _atomic(
    verb: Callable[Concatenate[Connection, P], R],
    begun: Callable[[Connection], AbstractContextManager[Transaction]],
) -> Callable[P, R]:
    @functools.wraps(verb)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if db.session.registry.has():
            db.session.rollback()
        engine = db.engine
        for attempt in range(ATTEMPTS):
            try:
                with _gate_of(engine)(), engine.connect() as connection:
                    tx = connection.execution_options(write=True)
                    with begun(tx) as transaction:
                        result = verb(tx, *args, **kwargs)
                        if kwargs.get("dry_run"):
                            transaction.rollback()
                    _note_position(connection)
                    return result
            except sa.exc.DBAPIError as error:
                _again_or_raise(error, attempt)
            except sa.exc.TimeoutError as error:
                raise Busy() from error
        log.error("gave up after %d lost races in %s", ATTEMPTS, verb.__name__)
        raise Busy()

    return run


def _again_or_raise(error: sa.exc.DBAPIError, attempt: int) -> None:
    """Return for a lost race (run again), else raise: Busy, or the error when it is a fault."""
    if is_lost_race(error):
        instrumentation.lost_race(getattr(error.orig, "sqlstate", None) or "UNIQUE")
        time.sleep(random.uniform(0, 0.002 * 2 ** min(attempt, 6)) if attempt else 0)
        return
    if getattr(error.orig, "sqlstate", None) == "25006":
        db.engine.dispose()  # this server is a standby now: look for the one that took over
    if is_outage(error):
        raise Busy() from error
    raise error


def is_lost_race(error: sa.exc.DBAPIError) -> bool:
    """Somebody else wrote first: a unique constraint, a deadlock, a serialization failure."""
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return state in {"23505", "40001", "40P01"}
    return isinstance(error, sa.exc.IntegrityError) and "UNIQUE" in str(error.orig)


def is_outage(error: sa.exc.DBAPIError) -> bool:
    """The database is locked, full, read-only or gone; the request itself may be fine."""
    if error.connection_invalidated:
        return True
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return state[:2] in {"08", "53", "57", "58"} or state in {"55P03", "25006", "25P03"}
    if isinstance(error, sa.exc.OperationalError):
        text = str(error.orig)
        return "no such" not in text and "syntax error" not in text
    return isinstance(error, sa.exc.InterfaceError)


@contextmanager
def _open_gate() -> Iterator[None]:
    yield


def _gate_of(engine: Engine) -> Callable[[], Any]:
    if engine.dialect.name != "sqlite":
        return _open_gate
    return gate_at(engine.url.database or "")


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
    from inventory.db.pipeline import Cursor

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
            "cursor_factory": Cursor,
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
