"""Backups: whole or not there, of one moment, and put back into an empty place only."""

from __future__ import annotations

import dataclasses
import json
import os
import stat
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask

from inventory import backups, create_app, demo
from inventory.backups import fingerprint, rotation
from inventory.common import clock
from inventory.common.errors import EnvironmentProblem
from inventory.config import Config
from inventory.db import db, exclusive_writer, snapshot, sqlite_module
from tests.cli.test_cli import Shell
from tests.support.databases import Databases
from tests.support.servers import LiveServer
from tests.support.stock_builder import Stock, part


@pytest.fixture
def flask(app: Flask) -> Shell:
    return Shell(app)


@pytest.fixture
def elsewhere(config: Config, empty_database_url: str) -> Iterator[Flask]:
    """The same site on a database without any table."""
    app = create_app(dataclasses.replace(config, database_url=empty_database_url))
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def directory(app: Flask) -> Path:
    return Path(app.config["BACKUP_PATH"])


def only_backup(app: Flask) -> Path:
    [path] = directory(app).glob("*.zip")
    return path


def a_backup(app: Flask, flask: Shell, script: str = "receive 10, reserve 4, issue 2") -> Path:
    with app.app_context():
        Stock().lot(script)
    assert flask("backup", "create").exit_code == 0
    return only_backup(app)


def figures(app: Flask) -> dict[str, Any]:
    with app.app_context(), snapshot() as conn:
        return fingerprint.database_fingerprint(conn)


def change_manifest(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(files["manifest.json"])
    change(manifest)
    files["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)


# --- the drill ------------------------------------------------------------------------------------


def test_a_warehouse_is_lost_and_put_back(
    app: Flask, elsewhere: Flask, flask: Shell, test_databases: Databases
) -> None:
    with app.app_context():
        demo.load(days=5, scale=0.2)
    before = figures(app)
    assert before["tables"]["inventory_ledger"] > 50
    assert flask("backup", "create").exit_code == 0
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
        test_databases.drop(app.config["SQLALCHEMY_DATABASE_URI"])
    result = Shell(elsewhere)("backup", "restore", str(only_backup(app)))
    assert result.exit_code == 0, result.output
    assert f"{before['tables']['inventory_ledger']} entries verified, 0 diff" in result.output
    after = figures(elsewhere)
    after["tables"]["verification_runs"] -= 1  # the one that the restore wrote down
    assert after == before
    assert Shell(elsewhere)("ledger", "verify").exit_code == 0
    with elsewhere.app_context():
        Stock().lot("receive 5")  # ids go on where they were


def test_a_backup_made_while_people_work_is_of_one_moment(app: Flask, flask: Shell) -> None:
    with app.app_context():
        stock = Stock()
        lots = [stock.lot("receive 1000") for _ in range(3)]
    done = threading.Event()

    def work(lot: int) -> None:
        with app.app_context():
            while not done.is_set():
                stock.post("issue", item="BOLT", lots=[part(lot, 1)])

    workers = [threading.Thread(target=work, args=(lot,)) for lot in lots]
    for worker in workers:
        worker.start()
    try:
        with app.app_context():
            url = db.engine.url
            made = [
                backups.create(url, directory(app), purpose=f"try-{number}") for number in range(3)
            ]
    finally:
        done.set()
        for worker in workers:
            worker.join()
    held = [backups.figures(one.path)["tables"]["inventory_ledger"] for one in made]
    assert held[0] < held[1] < held[2] < figures(app)["tables"]["inventory_ledger"]


# --- what is written ------------------------------------------------------------------------------


def test_a_backup_is_for_its_owner_alone(app: Flask, flask: Shell) -> None:
    path = a_backup(app, flask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.name in flask("backup", "list").output


def test_a_backup_is_never_overwritten(app: Flask, flask: Shell) -> None:
    with clock.frozen_at(datetime(2026, 11, 23, 10, tzinfo=UTC)):
        path = a_backup(app, flask)
        before = path.read_bytes()
        assert "never overwritten" in flask.fails("backup", "create")
    assert only_backup(app).read_bytes() == before


def test_no_place_for_a_backup_is_one_sentence_and_leaves_nothing(
    app: Flask, flask: Shell, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    app.config["BACKUP_PATH"] = str(tmp_path / "file" / "backups")
    assert "No backup was made in" in flask.fails("backup", "create")
    app.config["BACKUP_PATH"] = str(tmp_path / "none")
    assert "There are no backups" in flask("backup", "list").output


@pytest.mark.only("postgresql")
def test_without_the_programs_of_postgresql_it_says_what_to_install(
    app: Flask, flask: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "path", [path for path in sys.path if "site-packages" not in path])
    assert "PostgreSQL's own program pg_dump, version 18" in flask.fails("backup", "create")
    assert list(directory(app).iterdir()) == []


@pytest.mark.only("postgresql")
def test_a_site_with_a_standby_names_two_servers(app: Flask, config: Config) -> None:
    with app.app_context():
        Stock().lot("receive 10")
    url = sa.make_url(config.database_url)
    place = str(url.query["host"])
    query = {"host": (place, place), "target_session_attrs": "read-write"}
    both = url.update_query_dict(query)
    made = backups.create(both, config.backup_path)
    assert backups.figures(made.path)["tables"]["inventory_ledger"] == 1
    there = dataclasses.replace(config, database_url=both.render_as_string(hide_password=False))
    assert there.database_name.endswith(f"on {place} or {place}")


# --- what is wrong with a backup is found ---------------------------------------------------------


def test_a_whole_backup_verifies(app: Flask, flask: Shell, database_kind: str) -> None:
    result = flask("backup", "verify", str(a_backup(app, flask)))
    assert result.exit_code == 0
    assert "1 items, 1 lots, 3 entries" in result.output
    if database_kind == "sqlite":
        assert "3 entries verified, 0 differences" in result.output


@pytest.mark.parametrize("where", [0.1, 0.5, 0.9])
def test_one_flipped_bit_is_found(app: Flask, flask: Shell, where: float) -> None:
    path = a_backup(app, flask)
    content = bytearray(path.read_bytes())
    content[int(len(content) * where)] ^= 1
    path.write_bytes(content)
    assert "not a whole backup" in flask.fails("backup", "verify", str(path))


def test_a_torn_backup_is_found(app: Flask, flask: Shell) -> None:
    path = a_backup(app, flask)
    path.write_bytes(path.read_bytes()[:-100])
    assert "not a whole backup" in flask.fails("backup", "verify", str(path))
    assert "cannot be read" in flask("backup", "list").output
    assert "There is no file" in flask.fails("backup", "verify", f"{path}.not")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda m: m["tables"].update(items=7), "1 rows in items instead of 7 rows"),
        (lambda m: m["tables"].update(dreams=1), "no table in dreams instead of 1 rows"),
        (lambda m: m.update(heads="0" * 64), "do not stand where they stood"),
        (lambda m: m.update(schema="0001"), "instead of 0001"),
        (lambda m: next(iter(m["files"].values())).update(bytes=1), "checksum is another"),
        (lambda m: m.update(format=9), "another version"),
        (lambda m: m.pop("files"), "not a whole backup"),
        (lambda m: m.update(tables={"items": "many"}), "not of the right shape"),
        (lambda m: m.update(schema=None), "not of the right shape"),
    ],
)
def test_a_backup_that_holds_something_else_than_it_says_is_found(
    app: Flask, flask: Shell, change: Callable[[dict[str, Any]], None], told: str
) -> None:
    path = a_backup(app, flask)
    change_manifest(path, change)
    assert told in flask.fails("backup", "verify", str(path))
    assert told in flask.fails("backup", "restore", str(path)) or "schema" in told


@pytest.mark.only("sqlite")
def test_a_wrong_ledger_in_a_backup_is_named(app: Flask, flask: Shell, database_url: str) -> None:
    with app.app_context():
        Stock().lot("receive 10, reserve 4")
        db.session.remove()
    raw = sqlite_module().connect(database_url.removeprefix("sqlite:///"))
    raw.executescript("DROP TRIGGER qc_decisions_no_update; UPDATE qc_decisions SET reason = 'x'")
    raw.close()
    assert flask("backup", "create").exit_code == 0
    output = flask.fails("backup", "verify", str(only_backup(app)))
    assert "qc_decisions_no_update" in output
    assert "qc_decisions row 1: hash" in output


def test_when_a_backup_was_verified_stands_in_the_list(app: Flask, flask: Shell) -> None:
    path = a_backup(app, flask)
    assert " never" in flask("backup", "list").output
    with clock.frozen_at(datetime(2027, 3, 31, 9, 5, tzinfo=UTC)):
        assert flask("backup", "verify", str(path)).exit_code == 0
    assert "2027-03-31 09:05\n" in flask("backup", "list").output
    change_manifest(path, lambda manifest: manifest.update(heads="0" * 64))
    with clock.frozen_at(datetime(2027, 4, 1, 9, 5, tzinfo=UTC)):
        flask.fails("backup", "verify", str(path))
    assert "2027-04-01 09:05, wrong" in flask("backup", "list").output
    assert stat.S_IMODE((directory(app) / "verified.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("kept", ["[", "[]", '{"x.zip": 7, "y.zip": {"at": "soon"}}'])
def test_a_note_that_cannot_be_read_counts_as_none(app: Flask, flask: Shell, kept: str) -> None:
    path = a_backup(app, flask)
    (directory(app) / "verified.json").write_text(kept)
    assert " never" in flask("backup", "list").output
    assert flask("backup", "verify", str(path)).exit_code == 0
    assert list(json.loads((directory(app) / "verified.json").read_text())) == [path.name]


def test_what_could_not_be_looked_at_is_not_called_wrong(
    app: Flask, flask: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(directory: Path, needed: int) -> None:
        raise EnvironmentProblem("no room")

    path = a_backup(app, flask)
    monkeypatch.setattr(backups.archive, "require_disk_space", full)
    assert "no room" in flask.fails("backup", "verify", str(path))
    assert " never" in flask("backup", "list").output


# --- where a backup may be put --------------------------------------------------------------------


def test_a_place_with_anything_in_it_is_refused(app: Flask, flask: Shell) -> None:
    path = a_backup(app, flask)
    before = figures(app)
    assert "never overwrites a database" in flask.fails("backup", "restore", str(path))
    assert figures(app) == before


def test_a_backup_of_the_other_database_is_refused(
    app: Flask, elsewhere: Flask, flask: Shell, database_kind: str
) -> None:
    path = a_backup(app, flask)
    other = "postgresql" if database_kind == "sqlite" else "sqlite"
    change_manifest(path, lambda manifest: manifest.update(database=other))
    said = Shell(elsewhere).fails("backup", "restore", str(path))
    assert "`flask database move`" in said


def test_a_backup_of_a_newer_program_is_refused(app: Flask, elsewhere: Flask, flask: Shell) -> None:
    path = a_backup(app, flask)
    change_manifest(path, lambda manifest: manifest.update(schema="9999"))
    said = Shell(elsewhere).fails("backup", "restore", str(path))
    assert "does not know: use the newer program" in said


@pytest.mark.only("sqlite")
def test_nothing_is_restored_under_a_running_server(
    app: Flask, flask: Shell, elsewhere: Flask, make_server: Callable[..., LiveServer]
) -> None:
    path = a_backup(app, flask)
    server = make_server(DATABASE_URL=elsewhere.config["SQLALCHEMY_DATABASE_URI"]).start()
    place = Path(elsewhere.config["SQLALCHEMY_DATABASE_URI"].removeprefix("sqlite:///"))
    place.unlink()  # somebody believes that this is how to make room
    said = Shell(elsewhere).fails("backup", "restore", str(path))
    assert "stop it first" in said
    server.stop()
    result = Shell(elsewhere)("backup", "restore", str(path))
    assert result.exit_code == 0, result.output
    assert list(place.parent.glob(f".{place.name}*")) == []


@pytest.mark.only("postgresql")
def test_nothing_is_restored_while_others_are_connected(
    app: Flask, flask: Shell, elsewhere: Flask
) -> None:
    path = a_backup(app, flask)
    url = elsewhere.config["SQLALCHEMY_DATABASE_URI"].replace("+psycopg", "")
    with psycopg.connect(url):
        said = Shell(elsewhere).fails("backup", "restore", str(path))
    assert "1 others are connected" in said


# --- rotation -------------------------------------------------------------------------------------


def backup_at(when: datetime, purpose: str = "", *, whole: bool = True) -> backups.Backup:
    return backups.Backup(Path(f"{when}{purpose}"), when, 1, purpose, {} if whole else None, None)


def test_rotation_keeps_the_last_of_each_day_and_week() -> None:
    first = datetime(2026, 1, 1, 3, tzinfo=UTC)
    twice_a_day = [backup_at(first + timedelta(hours=12 * n)) for n in range(120)]
    gone = rotation.backups_to_delete(twice_a_day, days=3, weeks=4)
    kept = [f"{one.made_at:%m-%d %H}" for one in twice_a_day if one not in gone]
    # 1 March 2026 is a Sunday: the weeks end on 1 March, 22, 15 and 8 February.
    assert kept == ["02-08 15", "02-15 15", "02-22 15", "02-27 15", "02-28 15", "03-01 15"]


def test_rotation_leaves_alone_what_is_not_of_the_daily_round() -> None:
    first = datetime(2026, 1, 1, tzinfo=UTC)
    upgrade = backup_at(first, "before-0007")
    broken = backup_at(first + timedelta(days=9), whole=False)
    daily = [backup_at(first + timedelta(days=n)) for n in range(3)]
    assert rotation.backups_to_delete([upgrade, broken, *daily], days=1, weeks=0) == daily[:2]


def test_create_rotates_only_when_asked(app: Flask, flask: Shell) -> None:
    days = [datetime(2026, 11, day, 10, tzinfo=UTC) for day in (2, 3, 4, 5)]
    for day in days:
        with clock.frozen_at(day):
            assert flask("backup", "create").exit_code == 0
    assert len(os.listdir(directory(app))) == 4
    with clock.frozen_at(datetime(2026, 11, 6, 10, tzinfo=UTC)):
        words = ("backup", "create", "--keep", "2", "--keep-weeks", "0")
        assert "3 older backups removed" in flask(*words).output
    names = sorted(os.listdir(directory(app)))
    assert names == ["inventory-20261105T100000Z.zip", "inventory-20261106T100000Z.zip"]


@pytest.mark.only("sqlite")
def test_no_writer_gets_between_a_restore_and_its_place(
    app: Flask, flask: Shell, tmp_path: Path
) -> None:
    """A command that writes there holds the gate: the restore waits for it, then looks."""
    path = a_backup(app, flask)
    place = tmp_path / "place.db"
    with ThreadPoolExecutor() as pool:
        with exclusive_writer(str(place)):
            migrations = Path(app.extensions["migrate"].directory)
            url = sa.URL.create("sqlite", database=str(place))
            restoring = pool.submit(backups.restore, path, url, migrations)
            wait([restoring], timeout=1)
            assert not restoring.done()
            place.write_text("somebody's")
        with pytest.raises(EnvironmentProblem, match="exists and is not empty"):
            restoring.result(20)
    assert place.read_text() == "somebody's"
