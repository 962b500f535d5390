"""A database of another version: brought up to date after a backup, or refused in one sentence."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import flask_migrate
import httpx
import pytest
from alembic.script import ScriptDirectory
from flask import Flask

from inventory import backups, create_app
from inventory.config import Config
from inventory.db import db, schema_version, snapshot
from tests.cli.test_cli import Shell
from tests.support.servers import LiveServer
from tests.support.stock_builder import Stock
from tests.test_server import refused

Maker = Callable[..., LiveServer]
_SCRIPT = ScriptDirectory("migrations")
NEWEST = str(_SCRIPT.get_current_head())
BEFORE = str(_SCRIPT.get_revision(NEWEST).down_revision)


def version_of(app: Flask) -> str | None:
    with app.app_context(), snapshot() as reader:
        return schema_version.schema_status(reader, Path("migrations")).found


@pytest.fixture
def older(app: Flask) -> Flask:
    """A site with a lot, at the schema before this one."""
    with app.app_context():
        Stock().lot("receive 10, reserve 4")
    go_back(app)
    return app


def go_back(app: Flask) -> None:
    with app.app_context():
        db.session.remove()
        flask_migrate.downgrade(revision=BEFORE)
        db.engine.dispose()


@pytest.fixture
def elsewhere(config: Config, empty_database_url: str) -> Iterator[Flask]:
    app = create_app(dataclasses.replace(config, database_url=empty_database_url))
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def kept(app: Flask) -> list[backups.Backup]:
    return backups.found_in(Path(app.config["BACKUP_PATH"]))


def test_the_start_backs_an_older_database_up_and_brings_it_up_to_date(
    older: Flask, elsewhere: Flask, make_server: Maker
) -> None:
    server = make_server().start()
    assert httpx.get(f"{server.url}/health/ready").status_code == 200
    server.stop()
    [backup] = kept(older)
    assert backup.purpose == f"before-{NEWEST}"
    first = server.log.splitlines()[0]
    assert f"from schema version {BEFORE} to {NEWEST}" in first
    assert str(backup.path) in first
    assert version_of(older) == NEWEST
    assert backups.figures(backup.path)["schema"] == BEFORE
    # That backup can be put back, and is brought up to date as well.
    result = Shell(elsewhere)("backup", "restore", str(backup.path))
    assert "2 entries verified, 0 differences" in result.output
    assert version_of(elsewhere) == NEWEST


def test_nothing_is_backed_up_where_nothing_was_done(app: Flask, make_server: Maker) -> None:
    go_back(app)
    server = make_server().start()
    server.stop()
    assert server.log.startswith("Inventory is at")
    assert kept(app) == []


def test_a_second_start_backs_up_nothing(older: Flask, make_server: Maker) -> None:
    for _ in range(2):
        make_server().start().stop()
    assert len(kept(older)) == 1


def test_without_a_backup_an_older_database_is_left_as_it_is(
    older: Flask, make_server: Maker, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    said = refused(make_server(BACKUP_PATH=f"{tmp_path}/file/backups"))
    assert "no backup can be made before that" in said
    assert "flask db upgrade" in said
    assert version_of(older) == BEFORE


def test_a_newer_database_is_refused_with_what_to_do(app: Flask, make_server: Maker) -> None:
    with app.app_context(), db.engine.connect().execution_options(write=True) as conn, conn.begin():
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    said = refused(make_server())
    assert f"at schema version 9999, and this program knows no further than {NEWEST}" in said
    assert "start the newer program" in said
    assert kept(app) == []


def test_commands_say_what_to_do_on_an_older_database(elsewhere: Flask) -> None:
    said = Shell(elsewhere).fails("users", "list")
    assert said == (
        f"Error: The database is at schema version none, and this program needs {NEWEST}: run"
        " `flask db upgrade` (`make run` does it by itself, after a backup).\n"
    )
