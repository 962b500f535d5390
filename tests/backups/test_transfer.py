"""A site moved to another database: all of it, equal to the last row, or nothing."""

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


def on(app: Flask, url: str) -> Flask:
    return create_app(dataclasses.replace(app.extensions["inventory"], database_url=url))


def close(*apps: Flask) -> None:
    for app in apps:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def held(url: str) -> dict[str, object]:
    """What both must share: the search index of SQLite is SQLite's own."""
    with temporary_engine(url) as engine, snapshot(engine) as conn:
        found = fingerprint.database_fingerprint(conn)
        found["tables"] = {k: v for k, v in found["tables"].items() if "_search" not in k}
        return found | {"next": transfer.next_ids(conn)}


def moved(app: Flask, url: str) -> str:
    close(app)
    result = Shell(app)("database", "move", "--to", url)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.only("postgresql")
def test_a_warehouse_goes_to_sqlite_and_back_and_works_on(
    app: Flask, empty_database_url: str, tmp_path: Path
) -> None:
    with app.app_context():
        demo.load(days=4, scale=0.2)
        Stock().reserve(1, item=_an_item(), expires_at=None)
    there = f"sqlite:///{tmp_path}/there.db"
    told = moved(app, there)
    entries = held(there)["tables"]["inventory_ledger"]  # type: ignore[index]
    assert entries > 50
    assert f"{entries} entries verified, 0 differences" in told
    assert (tmp_path / "there.db").stat().st_mode & 0o777 == 0o600
    middle = on(app, there)
    moved(middle, empty_database_url)
    back = on(app, empty_database_url)
    first, last = held(app.config["SQLALCHEMY_DATABASE_URI"]), held(empty_database_url)
    assert {**first, "next": 0} == {**last, "next": 0}
    assert last["next"] == held(there)["next"]
    for place in (middle, back):
        with place.app_context():
            Stock().lot("receive 10, reserve 4, issue 2")
        assert Shell(place)("ledger", "verify").exit_code == 0
    close(middle, back)


def _an_item() -> str:
    Stock().lot("receive 5", item="MOVED-1")
    return "MOVED-1"


def test_a_site_goes_to_another_database_of_its_kind(app: Flask, empty_database_url: str) -> None:
    with app.app_context():
        Stock().lot("receive 10, reserve 4, issue 2, quarantine")
    told = moved(app, empty_database_url)
    assert "3 entries verified, 0 differences" in told
    assert "the figures of 1 items" in told
    old = held(app.config["SQLALCHEMY_DATABASE_URI"])
    assert old == held(empty_database_url)


# --- refusals -------------------------------------------------------------------------------------


def test_a_target_that_holds_anything_is_refused(app: Flask, test_databases: Databases) -> None:
    url = test_databases.fresh()
    other = on(app, url)
    with other.app_context():
        Stock().lot("receive 1")
    close(app, other)
    before = held(url)
    assert "The target is not empty" in Shell(app).fails("database", "move", "--to", url)
    old = sa.make_url(app.config["SQLALCHEMY_DATABASE_URI"])
    with pytest.raises(EnvironmentProblem, match="The target is not empty"):
        transfer.move(old, sa.make_url(url), Path("migrations"))
    assert held(url) == before
    test_databases.drop(url)


def test_where_it_is_already_and_what_is_no_database_are_refused(app: Flask) -> None:
    here = app.config["SQLALCHEMY_DATABASE_URI"]
    assert "on already" in Shell(app).fails("database", "move", "--to", here)
    assert "The target must be postgresql://" in Shell(app).fails(
        "database", "move", "--to", "mysql://x/y"
    )


@pytest.mark.only("sqlite")
def test_nothing_moves_under_a_running_server(
    app: Flask, live_server: LiveServer, empty_database_url: str
) -> None:
    said = Shell(app).fails("database", "move", "--to", empty_database_url)
    assert "stop it first" in said
    live_server.stop()
    moved(app, empty_database_url)


@pytest.mark.only("postgresql")
def test_nothing_moves_while_others_are_connected(app: Flask, empty_database_url: str) -> None:
    close(app)
    with psycopg.connect(app.config["SQLALCHEMY_DATABASE_URI"].replace("+psycopg", "")):
        said = Shell(app).fails("database", "move", "--to", empty_database_url)
    assert "1 others are connected" in said


def test_an_older_schema_does_not_move(app: Flask, empty_database_url: str) -> None:
    with app.app_context(), db.engine.connect().execution_options(write=True) as conn, conn.begin():
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    close(app)
    said = Shell(app).fails("database", "move", "--to", empty_database_url)
    assert "The move cannot begin" in said


@pytest.mark.parametrize(
    ("loss", "told"),
    [
        ("_put", "items has 0 rows, of 1"),
        ("_set_sequences", "is given already"),
    ],
)
def test_what_is_lost_on_the_way_is_found(
    app: Flask,
    empty_database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    loss: str,
    told: str,
    database_kind: str,
) -> None:
    """A copy that forgets something must not pass for a move."""
    with app.app_context():
        Stock().item("BOLT")
    name = {"_put": "_put_postgresql"}.get(loss, loss) if database_kind == "postgresql" else loss
    put = getattr(transfer, name)

    def forget(tx: sa.Connection, *what: object) -> None:
        if what and what[0] is not items:
            put(tx, *what)

    monkeypatch.setattr(transfer, name, forget)
    close(app)
    result = Shell(app)("database", "move", "--to", empty_database_url)
    if loss == "_set_sequences" and database_kind == "sqlite":
        assert result.exit_code == 0  # nothing to forget
    else:
        assert told in result.output
        assert "Go on with the old database" in result.output


def test_a_move_that_breaks_off_leaves_nothing_and_can_be_tried_again(
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
    assert set(held(empty_database_url)["tables"].values()) == {0, 1}  # type: ignore[attr-defined]
    assert "1 entries verified, 0 differences" in moved(app, empty_database_url)
