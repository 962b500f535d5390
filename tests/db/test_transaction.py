"""Transactions: connection settings, retries of conflicts, and when Busy is raised."""

from __future__ import annotations

import functools
import os
import stat
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from inventory import create_app
from inventory import db as database
from inventory.common.errors import Busy
from inventory.config import Config
from inventory.db import atomic, connection, db, snapshot
from inventory.db import engine as engine_module
from tests.support.stock_builder import add_user


def test_every_connection_has_safe_settings(app: Flask) -> None:
    with app.app_context():
        assert database.unsafe_settings() == []


def test_connection_setting_that_can_lose_data_is_named(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(engine_module._PRAGMAS, "synchronous", "NORMAL")
    monkeypatch.setitem(engine_module._POSTGRESQL, "synchronous_commit", "off")
    app = create_app(config)
    with app.app_context():
        (named,) = database.unsafe_settings()
        assert named.startswith("synchronous")
        db.engine.dispose()


def error(kind: type, text: str, state: str | None = None) -> sa.exc.DBAPIError:
    original = Exception(text)
    if state:
        original.sqlstate = state  # type: ignore[attr-defined]
    return kind("SELECT 1", None, original)


CONFLICT, UNAVAILABLE, OTHER = "conflict", "unavailable", "other"


@pytest.mark.parametrize(
    ("kind", "text", "state", "category"),
    [
        (sa.exc.IntegrityError, "duplicate key", "23505", CONFLICT),
        (sa.exc.IntegrityError, "check constraint", "23514", OTHER),
        (sa.exc.IntegrityError, "foreign key", "23503", OTHER),
        (sa.exc.OperationalError, "could not serialize", "40001", CONFLICT),
        (sa.exc.OperationalError, "deadlock detected", "40P01", CONFLICT),
        (sa.exc.OperationalError, "lock timeout", "55P03", UNAVAILABLE),
        (sa.exc.OperationalError, "statement timeout", "57014", UNAVAILABLE),
        (sa.exc.OperationalError, "disk full", "53100", UNAVAILABLE),
        (sa.exc.OperationalError, "too many connections", "53300", UNAVAILABLE),
        (sa.exc.OperationalError, "connection refused", "08006", UNAVAILABLE),
        (sa.exc.ProgrammingError, "syntax error", "42601", OTHER),
        (sa.exc.IntegrityError, "UNIQUE constraint failed: a.b", None, CONFLICT),
        (sa.exc.IntegrityError, "x is append-only: UNIQUE row exists", None, CONFLICT),
        (sa.exc.IntegrityError, "CHECK constraint failed: b", None, OTHER),
        (sa.exc.OperationalError, "database is locked", None, UNAVAILABLE),
        (sa.exc.OperationalError, "database or disk is full", None, UNAVAILABLE),
        (sa.exc.OperationalError, "disk I/O error", None, UNAVAILABLE),
        (sa.exc.OperationalError, "unable to open database file", None, UNAVAILABLE),
        (sa.exc.OperationalError, "no such table: items", None, OTHER),
    ],
)
def test_database_errors_are_classified(
    kind: type, text: str, state: str | None, category: str
) -> None:
    found = error(kind, text, state)
    assert database.is_retryable_conflict(found) is (category == CONFLICT)
    if category != CONFLICT:
        assert database.is_database_unavailable(found) is (category == UNAVAILABLE)


def test_conflict_is_retried_until_it_succeeds(app: Flask) -> None:
    attempts = []

    @atomic
    def write(tx: sa.Connection) -> str:
        attempts.append(1)
        if len(attempts) < 4:
            raise error(sa.exc.IntegrityError, "duplicate key", "23505")
        return "won"

    with app.app_context():
        assert write() == "won"
    assert len(attempts) == 4


def test_endless_conflict_raises_busy(app: Flask) -> None:
    @atomic
    def write(tx: sa.Connection) -> None:
        raise error(sa.exc.OperationalError, "deadlock detected", "40P01")

    with app.app_context(), pytest.raises(Busy):
        write()


def test_other_error_is_raised_and_rolled_back(app: Flask) -> None:
    @atomic
    def write(tx: sa.Connection) -> None:
        tx.exec_driver_sql("UPDATE users SET role = 'viewer'")
        raise ZeroDivisionError

    with app.app_context():
        add_user(name="anna")
        with pytest.raises(ZeroDivisionError):
            write()
        assert connection().exec_driver_sql("SELECT role FROM users").scalars().all() == ["admin"]


def test_snapshot_does_not_see_later_writes(app: Flask) -> None:
    with app.app_context():
        add_user(name="anna")
        with snapshot() as reader:
            count = sa.text("SELECT count(*) FROM users")
            assert reader.execute(count).scalar() == 1
            add_user(name="ben")
            assert reader.execute(count).scalar() == 1


def test_new_database_file_is_private_to_its_owner(tmp_path: Path) -> None:
    """Commands do not set the umask of the server, so the engine must set the mode."""
    before = os.umask(0o022)
    try:
        with (
            database.temporary_engine(f"sqlite:///{tmp_path}/new.db") as engine,
            engine.connect() as conn,
        ):
            conn.exec_driver_sql("CREATE TABLE t (n INTEGER)")
            conn.commit()
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert set(modes.values()) == {0o600}, modes


@pytest.mark.only("postgresql")
def test_connection_lost_after_the_last_query_does_not_fail_the_request(app: Flask) -> None:
    for _ in range(3):
        with app.app_context():
            backend = connection().exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
            with db.engine.connect() as other:
                other.exec_driver_sql(f"SELECT pg_terminate_backend({backend}, 5000)")
    with app.app_context():
        assert not db.session.registry.has()
        assert db.engine.pool.checkedout() == 0


def backend() -> int:
    return int(connection().exec_driver_sql("SELECT pg_backend_pid()").scalar_one())


@pytest.mark.only("postgresql")
def test_pool_pings_a_connection_only_if_its_socket_is_readable(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    pings: list[object] = []
    with app.app_context(), db.engine.connect() as other:
        dialect = db.engine.dialect
        ping = dialect.do_ping.args[0]  # type: ignore[attr-defined]
        counted = functools.partial(
            engine_module._is_alive, lambda connection: pings.append(connection) or ping(connection)
        )  # type: ignore[func-returns-value]
        monkeypatch.setattr(dialect, "do_ping", counted)
        found = []
        for _ in range(10):
            found.append(backend())
            db.session.rollback()
        assert len(set(found)) == 1
        assert pings == []
        other.exec_driver_sql(f"SELECT pg_terminate_backend({found[0]}, 5000)")
        assert backend() != found[0]
        assert len(pings) == 1


@pytest.mark.only("postgresql")
def test_request_reads_with_one_connection_and_no_transaction(app: Flask) -> None:
    with app.app_context():
        assert backend() == backend()
        assert db.engine.pool.checkedout() == 1
        dbapi_connection = connection().connection.dbapi_connection
        assert dbapi_connection is not None
        assert dbapi_connection.info.transaction_status.name == "IDLE"
