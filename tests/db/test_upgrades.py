"""A database of another schema version is backed up and upgraded, or refused with advice."""

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
from inventory.db import db, schema_version, search_index, search_keys, snapshot, triggers
from inventory.queries import list_items, list_lots, list_references, list_reservations
from tests.cli.test_cli import Shell
from tests.support.servers import LiveServer
from tests.support.stock_builder import Stock
from tests.test_server import refused

ServerFactory = Callable[..., LiveServer]
_SCRIPT = ScriptDirectory("migrations")
NEWEST = str(_SCRIPT.get_current_head())
BEFORE = str(_SCRIPT.get_revision(NEWEST).down_revision)


def version_of(app: Flask) -> str | None:
    with app.app_context(), snapshot() as reader:
        return schema_version.schema_status(reader, Path("migrations")).found


@pytest.fixture
def older_app(app: Flask) -> Flask:
    """A site with a lot, at the previous schema version."""
    with app.app_context():
        Stock().lot("receive 10, reserve 4")
    downgrade(app)
    return app


def downgrade(app: Flask) -> None:
    with app.app_context():
        db.session.remove()
        flask_migrate.downgrade(revision=BEFORE)
        db.engine.dispose()


@pytest.fixture
def other_app(config: Config, empty_database_url: str) -> Iterator[Flask]:
    app = create_app(dataclasses.replace(config, database_url=empty_database_url))
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def backups_of(app: Flask) -> list[backups.Backup]:
    return backups.found_in(Path(app.config["BACKUP_PATH"]))


def test_start_backs_up_and_upgrades_an_older_database(
    older_app: Flask, other_app: Flask, make_server: ServerFactory
) -> None:
    server = make_server().start()
    assert httpx.get(f"{server.url}/health/ready").status_code == 200
    server.stop()
    [backup] = backups_of(older_app)
    assert backup.purpose == f"before-{NEWEST}"
    first = server.log.splitlines()[0]
    assert f"from schema version {BEFORE} to {NEWEST}" in first
    assert str(backup.path) in first
    assert version_of(older_app) == NEWEST
    assert backups.figures(backup.path)["schema"] == BEFORE
    # The backup can be restored and is upgraded too.
    result = Shell(other_app)("backup", "restore", str(backup.path))
    assert "2 entries verified, 0 differences" in result.output
    assert version_of(other_app) == NEWEST


def test_rows_of_before_the_search_keys_are_found_after_the_upgrade(
    app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(search_keys, "_CHUNK", 2)
    with app.app_context():
        warehouse = Stock()
        for number in range(5):
            warehouse.item(f"BOLT-M10X{number}", name="Sechskant, größer")
            script = f"receive 10, reserve 4 Job-{number}"
            warehouse.lot(script, item=f"BOLT-M10X{number}", lot_code=f"L-2026-{number}")
        db.session.remove()
        flask_migrate.downgrade(revision="0021")
        flask_migrate.upgrade()
        with snapshot() as reader:
            assert len(list_items(reader, q="grosser boltm10x").rows) == 5
            assert len(list_lots(reader, q="l2026").rows) == 5
            assert len(list_references(reader, q="job").rows) == 5
            assert [row.reference for row in list_reservations(reader, q="JOB3").rows] == ["Job-3"]
            missing = "SELECT count(*) FROM {} WHERE search_key IS NULL"
            for table in search_index.SEARCHED:
                assert reader.exec_driver_sql(missing.format(table)).scalar() == 0
            assert triggers.missing(reader) == []
    assert "were gone" not in caplog.text


def test_empty_older_database_is_upgraded_without_a_backup(
    app: Flask, make_server: ServerFactory
) -> None:
    downgrade(app)
    server = make_server().start()
    server.stop()
    assert server.log.startswith("Inventory is at")
    assert backups_of(app) == []


def test_second_start_makes_no_backup(older_app: Flask, make_server: ServerFactory) -> None:
    for _ in range(2):
        make_server().start().stop()
    assert len(backups_of(older_app)) == 1


def test_older_database_is_not_upgraded_if_the_backup_fails(
    older_app: Flask, make_server: ServerFactory, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    output = refused(make_server(BACKUP_PATH=f"{tmp_path}/file/backups"))
    assert "no backup can be created before that" in output
    assert "flask db upgrade" in output
    assert version_of(older_app) == BEFORE


def test_newer_database_is_refused_with_advice(app: Flask, make_server: ServerFactory) -> None:
    with app.app_context(), db.engine.connect().execution_options(write=True) as conn, conn.begin():
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    output = refused(make_server())
    assert f"at schema version 9999, and this program knows no further than {NEWEST}" in output
    assert "start the newer program" in output
    assert backups_of(app) == []


def test_command_on_an_older_database_fails_with_advice(other_app: Flask) -> None:
    output = Shell(other_app).fails("users", "list")
    assert output == (
        f"Error: The database is at schema version none, and this program needs {NEWEST}: run"
        " `flask db upgrade` (`make run` does it by itself, after a backup).\n"
    )
