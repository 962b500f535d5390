"""The transaction recipe: what must stand in each connection, what is tried again, what is Busy."""

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


def test_every_connection_is_set_up_for_a_ledger(app: Flask) -> None:
    with app.app_context():
        assert database.unsafe_settings() == []


def test_a_connection_that_may_forget_is_named(
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


RACE, OUTAGE, FAULT = "race", "outage", "fault"


@pytest.mark.parametrize(
    ("kind", "text", "state", "what"),
    [
        (sa.exc.IntegrityError, "duplicate key", "23505", RACE),
        (sa.exc.IntegrityError, "check constraint", "23514", FAULT),
        (sa.exc.IntegrityError, "foreign key", "23503", FAULT),
        (sa.exc.OperationalError, "could not serialize", "40001", RACE),
        (sa.exc.OperationalError, "deadlock detected", "40P01", RACE),
        (sa.exc.OperationalError, "lock timeout", "55P03", OUTAGE),
        (sa.exc.OperationalError, "statement timeout", "57014", OUTAGE),
        (sa.exc.OperationalError, "disk full", "53100", OUTAGE),
        (sa.exc.OperationalError, "too many connections", "53300", OUTAGE),
        (sa.exc.OperationalError, "connection refused", "08006", OUTAGE),
        (sa.exc.ProgrammingError, "syntax error", "42601", FAULT),
        (sa.exc.IntegrityError, "UNIQUE constraint failed: a.b", None, RACE),
        (sa.exc.IntegrityError, "x is append-only: UNIQUE row exists", None, RACE),
        (sa.exc.IntegrityError, "CHECK constraint failed: b", None, FAULT),
        (sa.exc.OperationalError, "database is locked", None, OUTAGE),
        (sa.exc.OperationalError, "database or disk is full", None, OUTAGE),
        (sa.exc.OperationalError, "disk I/O error", None, OUTAGE),
        (sa.exc.OperationalError, "unable to open database file", None, OUTAGE),
        (sa.exc.OperationalError, "no such table: items", None, FAULT),
    ],
)
def test_what_a_database_says_is_told_apart(
    kind: type, text: str, state: str | None, what: str
) -> None:
    found = error(kind, text, state)
    assert database.is_retryable_conflict(found) is (what == RACE)
    if what != RACE:
        assert database.is_database_unavailable(found) is (what == OUTAGE)


def test_a_lost_race_runs_again_until_it_is_won(app: Flask) -> None:
    tries = []

    @atomic
    def write(tx: sa.Connection) -> str:
        tries.append(1)
        if len(tries) < 4:
            raise error(sa.exc.IntegrityError, "duplicate key", "23505")
        return "won"

    with app.app_context():
        assert write() == "won"
    assert len(tries) == 4


def test_a_race_that_is_never_won_is_busy(app: Flask) -> None:
    @atomic
    def write(tx: sa.Connection) -> None:
        raise error(sa.exc.OperationalError, "deadlock detected", "40P01")

    with app.app_context(), pytest.raises(Busy):
        write()


def test_a_fault_is_raised_and_nothing_is_kept(app: Flask) -> None:
    @atomic
    def write(tx: sa.Connection) -> None:
        tx.exec_driver_sql("UPDATE users SET role = 'viewer'")
        raise ZeroDivisionError

    with app.app_context():
        add_user(name="anna")
        with pytest.raises(ZeroDivisionError):
            write()
        assert connection().exec_driver_sql("SELECT role FROM users").scalars().all() == ["admin"]


def test_a_snapshot_does_not_see_what_is_written_meanwhile(app: Flask) -> None:
    with app.app_context():
        add_user(name="anna")
        with snapshot() as reader:
            count = sa.text("SELECT count(*) FROM users")
            assert reader.execute(count).scalar() == 1
            add_user(name="ben")
            assert reader.execute(count).scalar() == 1


def test_a_database_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    """Whoever makes it: commands do not set the umask that the server does."""
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
def test_a_connection_that_dies_after_the_last_question_costs_no_answer(app: Flask) -> None:
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
def test_a_connection_is_asked_whether_it_lives_only_when_its_wire_says_something(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    with app.app_context(), db.engine.connect() as other:
        dialect = db.engine.dialect
        ask = dialect.do_ping.args[0]  # type: ignore[attr-defined]
        counted = functools.partial(
            engine_module._is_alive, lambda one: asked.append(one) or ask(one)
        )  # type: ignore[func-returns-value]
        monkeypatch.setattr(dialect, "do_ping", counted)
        found = []
        for _ in range(10):
            found.append(backend())
            db.session.rollback()
        assert len(set(found)) == 1
        assert asked == []
        other.exec_driver_sql(f"SELECT pg_terminate_backend({found[0]}, 5000)")
        assert backend() != found[0]
        assert len(asked) == 1


@pytest.mark.only("postgresql")
def test_reading_for_a_request_takes_one_connection_and_no_transaction(app: Flask) -> None:
    with app.app_context():
        assert backend() == backend()
        assert db.engine.pool.checkedout() == 1
        wire = connection().connection.dbapi_connection
        assert wire is not None
        assert wire.info.transaction_status.name == "IDLE"
