"""`database move`: the copy equals the original in every row, or nothing is moved."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask

from inventory import create_app, demo
from inventory.backups import fingerprint, transfer
from inventory.common.errors import EnvironmentProblem
from inventory.db import db, snapshot, temporary_engine
from inventory.models import Item, table
from tests.cli.test_cli import Shell
from tests.support.databases import Databases, migrate
from tests.support.servers import LiveServer
from tests.support.stock_builder import Stock

items = table(Item)


def app_on(app: Flask, url: str) -> Flask:
    return create_app(dataclasses.replace(app.extensions["inventory"], database_url=url))


def close(*apps: Flask) -> None:
    for app in apps:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def content_of(url: str) -> dict[str, object]:
    """Return the fingerprint without the search index, which differs between databases."""
    with temporary_engine(url) as engine, snapshot(engine) as conn:
        found = fingerprint.database_fingerprint(conn)
        found["tables"] = {k: v for k, v in found["tables"].items() if "_search" not in k}
        return found | {"next": transfer.next_ids(conn)}


def move(app: Flask, url: str) -> str:
    close(app)
    result = Shell(app)("database", "move", "--to", url)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.only("postgresql")
def test_move_to_sqlite_and_back_keeps_all_data(
    app: Flask, empty_database_url: str, tmp_path: Path
) -> None:
    with app.app_context():
        demo.load(days=4, scale=0.2)
        Stock().reserve(1, item=_add_item(), expires_at=None)
    sqlite_url = f"sqlite:///{tmp_path}/there.db"
    output = move(app, sqlite_url)
    entries = content_of(sqlite_url)["tables"]["inventory_ledger"]  # type: ignore[index]
    assert entries > 50
    assert f"{entries} entries verified, 0 differences" in output
    assert (tmp_path / "there.db").stat().st_mode & 0o777 == 0o600
    middle = app_on(app, sqlite_url)
    move(middle, empty_database_url)
    back = app_on(app, empty_database_url)
    first, last = content_of(app.config["SQLALCHEMY_DATABASE_URI"]), content_of(empty_database_url)
    assert {**first, "next": 0} == {**last, "next": 0}
    assert last["next"] == content_of(sqlite_url)["next"]
    for moved_app in (middle, back):
        with moved_app.app_context():
            Stock().lot("receive 10, reserve 4, issue 2")
        assert Shell(moved_app)("ledger", "verify").exit_code == 0
    close(middle, back)


def _add_item() -> str:
    Stock().lot("receive 5", item="MOVED-1")
    return "MOVED-1"


def test_move_to_another_database_of_the_same_kind(app: Flask, empty_database_url: str) -> None:
    with app.app_context():
        Stock().lot("receive 10, reserve 4, issue 2, quarantine")
    output = move(app, empty_database_url)
    assert "3 entries verified, 0 differences" in output
    assert "the figures of 1 items" in output
    old = content_of(app.config["SQLALCHEMY_DATABASE_URI"])
    assert old == content_of(empty_database_url)


# --- refusals -------------------------------------------------------------------------------------


def test_move_to_a_target_with_data_is_refused(app: Flask, test_databases: Databases) -> None:
    url = test_databases.fresh()
    other = app_on(app, url)
    with other.app_context():
        Stock().lot("receive 1")
    close(app, other)
    before = content_of(url)
    assert "The target is not empty" in Shell(app).fails("database", "move", "--to", url)
    old = sa.make_url(app.config["SQLALCHEMY_DATABASE_URI"])
    with pytest.raises(EnvironmentProblem, match="The target is not empty"):
        transfer.move(old, sa.make_url(url), Path("migrations"))
    assert content_of(url) == before
    test_databases.drop(url)


def test_move_to_the_same_or_an_unknown_database_is_refused(app: Flask) -> None:
    current_url = app.config["SQLALCHEMY_DATABASE_URI"]
    assert "is in use" in Shell(app).fails("database", "move", "--to", current_url)
    assert "The target must be postgresql://" in Shell(app).fails(
        "database", "move", "--to", "mysql://x/y"
    )


@pytest.mark.only("sqlite")
def test_move_under_a_running_server_is_refused(
    app: Flask, live_server: LiveServer, empty_database_url: str
) -> None:
    output = Shell(app).fails("database", "move", "--to", empty_database_url)
    assert "stop it first" in output
    live_server.stop()
    move(app, empty_database_url)


@pytest.mark.only("postgresql")
def test_move_with_other_connections_is_refused(app: Flask, empty_database_url: str) -> None:
    close(app)
    with psycopg.connect(app.config["SQLALCHEMY_DATABASE_URI"].replace("+psycopg", "")):
        output = Shell(app).fails("database", "move", "--to", empty_database_url)
    assert "1 others are connected" in output


def test_move_of_an_older_schema_is_refused(app: Flask, empty_database_url: str) -> None:
    with app.app_context(), db.engine.connect().execution_options(write=True) as conn, conn.begin():
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    close(app)
    output = Shell(app).fails("database", "move", "--to", empty_database_url)
    assert "The move cannot begin" in output


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("_put", "items has 0 rows, instead of 1"),
        ("_set_sequences", "is in use"),
    ],
)
def test_move_finds_lost_rows_and_sequences(
    app: Flask,
    empty_database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    loss: str,
    expected: str,
    database_kind: str,
) -> None:
    """A copy with missing rows or sequences must fail."""
    with app.app_context():
        Stock().item("BOLT")
    name = {"_put": "_put_postgresql"}.get(loss, loss) if database_kind == "postgresql" else loss
    put = getattr(transfer, name)

    def lose_items(tx: sa.Connection, *args: object) -> None:
        if args and args[0] is not items:
            put(tx, *args)

    monkeypatch.setattr(transfer, name, lose_items)
    close(app)
    result = Shell(app)("database", "move", "--to", empty_database_url)
    if loss == "_set_sequences" and database_kind == "sqlite":
        assert result.exit_code == 0  # SQLite has no sequences
    else:
        assert expected in result.output
        assert "Keep the old database" in result.output


def test_interrupted_move_leaves_no_data_and_can_be_repeated(
    app: Flask, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        Stock().lot("receive 10")
    close(app)
    with monkeypatch.context() as broken:

        def stop(tx: sa.Connection) -> None:
            raise KeyboardInterrupt

        broken.setattr(transfer, "_set_sequences", stop)
        migrate(empty_database_url)
        old, new = map(sa.make_url, (app.config["SQLALCHEMY_DATABASE_URI"], empty_database_url))
        with pytest.raises(KeyboardInterrupt):
            transfer.move(old, new, Path("migrations"))
    assert set(content_of(empty_database_url)["tables"].values()) == {0, 1}  # type: ignore[attr-defined]
    assert "1 entries verified, 0 differences" in move(app, empty_database_url)
