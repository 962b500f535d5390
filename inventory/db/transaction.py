"""Write transactions: the only code that begins and commits.

`atomic` ends the request's read transaction, takes the SQLite write lock, runs on its own
connection and retries serialization failures. It raises `Busy` if the database stays locked, is
full or cannot be reached. Reasons: docs/decisions.md, ADR-030 and ADR-038.
"""

from __future__ import annotations

import functools
import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa
from blinker import Signal
from sqlalchemy.engine import Connection, Engine, Transaction

from inventory.common import deadline, instrumentation
from inventory.common.errors import Busy, QtyConflict
from inventory.common.messages import message
from inventory.common.quantity import MAX_OF_ITEM, format_qty
from inventory.db.session import db
from inventory.db.sqlite_write_lock import WAIT_SECONDS, write_lock_for

P = ParamSpec("P")

R = TypeVar("R")

log = logging.getLogger(__name__)

ATTEMPTS = 12

#: A write has ended, with `connection`; a receiver must not raise, as the write is committed.
write_finished = Signal()


@contextmanager
def write_transaction(engine: Engine) -> Iterator[Connection]:
    """Open one transaction on another database, without a time limit."""
    with engine.connect() as connection:
        tx = connection.execution_options(write=True)
        with tx.begin():
            if tx.dialect.name == "postgresql":
                for limit in ("statement_timeout", "idle_in_transaction_session_timeout"):
                    tx.exec_driver_sql(f"SET LOCAL {limit} = 0")
            yield tx


@contextmanager
def exclusive_writer(file: str) -> Iterator[None]:
    """Keep all other writers out of this SQLite file inside the block.

    Raises:
        Busy: the lock was not free within `WAIT_SECONDS`.
    """
    with write_lock_for(file)():
        yield


def atomic(verb: Callable[Concatenate[Connection, P], R]) -> Callable[P, R]:
    """Run the function in its own transaction, passed as the first argument.

    The transaction commits when the function returns and rolls back when it raises. With
    `dry_run=True` the function runs to its end and everything is rolled back. A lost race runs it
    again, up to `ATTEMPTS` times.

    Raises:
        Busy: the database is locked for too long, full or unreachable.
    """
    return _atomic(verb, _begin)


def atomic_pipelined(verb: Callable[Concatenate[Connection, P], R]) -> Callable[P, R]:
    """Like `atomic`, with the statements in pipeline mode (pipeline.py).

    The function must not read a statement's row count, and should fetch rows as late as it can.
    """
    return _atomic(verb, _begin_pipelined)


@contextmanager
def _begin(tx: Connection) -> Iterator[Transaction]:
    with tx.begin() as transaction:
        _limit_lock_waits(tx)
        yield transaction


def _limit_lock_waits(tx: Connection) -> None:
    """Shorten the waits for locks of a request that has waited before."""
    left = deadline.remaining(WAIT_SECONDS)
    if left < WAIT_SECONDS and tx.dialect.name == "postgresql":
        tx.exec_driver_sql(f"SET LOCAL lock_timeout = {left * 1000:.0f}")


@contextmanager
def _begin_pipelined(tx: Connection) -> Iterator[Transaction]:
    if tx.dialect.name != "postgresql":
        with _begin(tx) as transaction:
            yield transaction
        return
    from inventory.db.pipeline import await_begin, drain, pipelined, send_begin

    tx = tx.execution_options(isolation_level="AUTOCOMMIT")  # `send_begin` sends BEGIN.
    with pipelined(tx), tx.begin() as transaction:
        try:
            send_begin(tx)
            _limit_lock_waits(tx)
            yield transaction
            if transaction.is_active:
                await_begin(tx)
        except BaseException:
            drain(tx)
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
                with _write_lock_of(engine)(), engine.connect() as connection:
                    tx = connection.execution_options(write=True)
                    with begun(tx) as transaction:
                        result = verb(tx, *args, **kwargs)
                        if kwargs.get("dry_run"):
                            transaction.rollback()
                    write_finished.send(connection=connection)
                    return result
            except sa.exc.DBAPIError as error:
                _retry_or_raise(error, attempt)
            except sa.exc.TimeoutError as error:
                raise Busy() from error
        log.error("gave up after %d lost races in %s", ATTEMPTS, verb.__name__)
        raise Busy()

    return run


def _retry_or_raise(error: sa.exc.DBAPIError, attempt: int) -> None:
    """Wait and return after a lost race; otherwise raise Busy or the error."""
    if is_retryable_conflict(error):
        reason = getattr(error.orig, "sqlstate", None) or "UNIQUE"
        instrumentation.transaction_retried.send(reason=reason)
        time.sleep(random.uniform(0, 0.002 * 2 ** min(attempt, 6)) if attempt else 0)
        return
    if getattr(error.orig, "sqlstate", None) == "25006":
        db.engine.dispose()  # A read-only server is a standby now; reconnect to the new primary.
    if is_database_unavailable(error):
        raise Busy() from error
    if _is_too_much_of_an_item(error):
        most = format_qty(MAX_OF_ITEM)
        raise QtyConflict(
            message(
                "The quantity is too large: an item can have at most %(most)s on hand, in all its"
                " lots.",
                most=most,
            ),
            field="qty",
        ) from error
    raise error


def is_retryable_conflict(error: sa.exc.DBAPIError) -> bool:
    """Return whether another writer came first.

    That is a unique constraint, a deadlock or a serialization failure.
    """
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return state in {"23505", "40001", "40P01"}
    return isinstance(error, sa.exc.IntegrityError) and "UNIQUE" in str(error.orig)


def is_database_unavailable(error: sa.exc.DBAPIError) -> bool:
    """Return whether the database is locked, full, read-only or unreachable.

    The request itself can be fine then.
    """
    if error.connection_invalidated:
        return True
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return state[:2] in {"08", "53", "57", "58"} or state in {"55P03", "25006", "25P03"}
    if isinstance(error, sa.exc.OperationalError):
        text = str(error.orig)
        return "no such" not in text and "syntax error" not in text
    return isinstance(error, sa.exc.InterfaceError)


def _is_too_much_of_an_item(error: sa.exc.DBAPIError) -> bool:
    """Return whether the stock of an item would exceed `MAX_OF_ITEM`.

    On PostgreSQL far larger sums fail before the constraint is checked.
    """
    if getattr(error.orig, "sqlstate", None) == "22003":
        return "inventory_keep_cache" in (error.orig.diag.context or "")  # type: ignore[union-attr]
    return "ck_item_heads_on_hand" in str(error.orig)


@contextmanager
def _no_lock() -> Iterator[None]:
    yield


def _write_lock_of(engine: Engine) -> Callable[[], Any]:
    if engine.dialect.name != "sqlite":
        return _no_lock
    return write_lock_for(engine.url.database or "")
