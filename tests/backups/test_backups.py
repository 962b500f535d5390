"""Backups: complete, consistent, verified, and restored only into an empty database."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import stat
import sys
import threading
import zipfile
import zlib
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
def empty_app(config: Config, empty_database_url: str) -> Iterator[Flask]:
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


def create_backup(app: Flask, flask: Shell, script: str = "receive 10, reserve 4, issue 2") -> Path:
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


# --- restore of a lost database -------------------------------------------------------------------


def test_backup_restores_a_lost_database(
    app: Flask, empty_app: Flask, flask: Shell, test_databases: Databases
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
    result = Shell(empty_app)("backup", "restore", str(only_backup(app)))
    assert result.exit_code == 0, result.output
    assert f"{before['tables']['inventory_ledger']} entries verified, 0 diff" in result.output
    after = figures(empty_app)
    after["tables"]["verification_runs"] -= 1  # added by the restore
    assert after == before
    assert Shell(empty_app)("ledger", "verify").exit_code == 0
    with empty_app.app_context():
        Stock().lot("receive 5")  # the sequences continue


def test_backup_during_writes_is_a_consistent_snapshot(app: Flask, flask: Shell) -> None:
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
    entry_counts = [backups.figures(backup.path)["tables"]["inventory_ledger"] for backup in made]
    final_count = figures(app)["tables"]["inventory_ledger"]
    assert entry_counts[0] < entry_counts[1] < entry_counts[2] < final_count


# --- creating -------------------------------------------------------------------------------------


def test_backup_is_private_to_its_owner(app: Flask, flask: Shell) -> None:
    path = create_backup(app, flask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.name in flask("backup", "list").output


def test_a_backup_is_never_overwritten(app: Flask, flask: Shell) -> None:
    with clock.frozen_at(datetime(2026, 11, 23, 10, tzinfo=UTC)):
        path = create_backup(app, flask)
        before = path.read_bytes()
        assert "never overwritten" in flask.fails("backup", "create")
    assert only_backup(app).read_bytes() == before


def test_backup_without_a_writable_directory_fails_with_a_message(
    app: Flask, flask: Shell, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    app.config["BACKUP_PATH"] = str(tmp_path / "file" / "backups")
    assert "No backup was made in" in flask.fails("backup", "create")
    app.config["BACKUP_PATH"] = str(tmp_path / "none")
    assert "There are no backups" in flask("backup", "list").output


@pytest.mark.only("postgresql")
def test_missing_pg_dump_is_reported_with_what_to_install(
    app: Flask, flask: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "path", [path for path in sys.path if "site-packages" not in path])
    assert "PostgreSQL's own program pg_dump, version 18" in flask.fails("backup", "create")
    assert list(directory(app).iterdir()) == []


@pytest.mark.only("postgresql")
def test_backup_works_with_two_hosts_in_the_database_url(app: Flask, config: Config) -> None:
    with app.app_context():
        Stock().lot("receive 10")
    url = sa.make_url(config.database_url)
    host = str(url.query["host"])
    query = {"host": (host, host), "target_session_attrs": "read-write"}
    both = url.update_query_dict(query)
    made = backups.create(both, config.backup_path)
    assert backups.figures(made.path)["tables"]["inventory_ledger"] == 1
    two_hosts = dataclasses.replace(config, database_url=both.render_as_string(hide_password=False))
    assert two_hosts.database_name.endswith(f"on {host} or {host}")


# --- verification ---------------------------------------------------------------------------------


def test_intact_backup_verifies(app: Flask, flask: Shell, database_kind: str) -> None:
    result = flask("backup", "verify", str(create_backup(app, flask)))
    assert result.exit_code == 0
    assert "1 items, 1 lots, 3 entries" in result.output
    if database_kind == "sqlite":
        assert "3 entries verified, 0 differences" in result.output


@pytest.mark.parametrize("position", [0.1, 0.5, 0.9])
def test_one_flipped_bit_is_found(app: Flask, flask: Shell, position: float) -> None:
    path = create_backup(app, flask)
    whole = path.read_bytes()
    start = int(len(whole) * position)
    for place in range(start, start + 50):
        content = bytearray(whole)
        content[place] ^= 1
        path.write_bytes(content)
        if unpacked(path) != unpacked_bytes(whole):  # a packed run of zeros has several spellings
            break
    assert "not a whole backup" in flask.fails("backup", "verify", str(path))


def unpacked(path: Path) -> list[bytes] | None:
    return unpacked_bytes(path.read_bytes())


def unpacked_bytes(content: bytes) -> list[bytes] | None:
    """Return the files of a backup, or None if they cannot be unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return [archive.read(name) for name in sorted(archive.namelist())]
    except (zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, EOFError):
        return None


def test_truncated_backup_is_found(app: Flask, flask: Shell) -> None:
    path = create_backup(app, flask)
    path.write_bytes(path.read_bytes()[:-100])
    assert "not a whole backup" in flask.fails("backup", "verify", str(path))
    assert "cannot be read" in flask("backup", "list").output
    assert "There is no file" in flask.fails("backup", "verify", f"{path}.not")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda m: m["tables"].update(items=7), "1 rows in items instead of 7 rows"),
        (lambda m: m["tables"].update(dreams=1), "no table in dreams instead of 1 rows"),
        (lambda m: m.update({"heads": "0" * 64}), "balances of lots differ"),
        (lambda m: m.update(schema="0001"), "instead of 0001"),
        (lambda m: next(iter(m["files"].values())).update(bytes=1), "checksum differs"),
        (lambda m: m.update(format=9), "another version"),
        (lambda m: m.pop("files"), "not a whole backup"),
        (lambda m: m.update(tables={"items": "many"}), "malformed"),
        (lambda m: m.update(schema=None), "malformed"),
    ],
)
def test_backup_that_differs_from_its_manifest_is_found(
    app: Flask, flask: Shell, change: Callable[[dict[str, Any]], None], expected: str
) -> None:
    path = create_backup(app, flask)
    change_manifest(path, change)
    assert expected in flask.fails("backup", "verify", str(path))
    assert expected in flask.fails("backup", "restore", str(path)) or "schema" in expected


@pytest.mark.only("sqlite")
def test_backup_verify_names_a_wrong_row_of_the_ledger(
    app: Flask, flask: Shell, database_url: str
) -> None:
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


def test_backup_list_shows_when_a_backup_was_verified(app: Flask, flask: Shell) -> None:
    path = create_backup(app, flask)
    assert " never" in flask("backup", "list").output
    with clock.frozen_at(datetime(2027, 3, 31, 9, 5, tzinfo=UTC)):
        assert flask("backup", "verify", str(path)).exit_code == 0
    assert "2027-03-31 09:05\n" in flask("backup", "list").output
    change_manifest(path, lambda manifest: manifest.update({"heads": "0" * 64}))
    with clock.frozen_at(datetime(2027, 4, 1, 9, 5, tzinfo=UTC)):
        flask.fails("backup", "verify", str(path))
    assert "2027-04-01 09:05, wrong" in flask("backup", "list").output
    assert stat.S_IMODE((directory(app) / "verified.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("kept", ["[", "[]", '{"x.zip": 7, "y.zip": {"at": "soon"}}'])
def test_unreadable_verification_note_counts_as_never_verified(
    app: Flask, flask: Shell, kept: str
) -> None:
    path = create_backup(app, flask)
    (directory(app) / "verified.json").write_text(kept)
    assert " never" in flask("backup", "list").output
    assert flask("backup", "verify", str(path)).exit_code == 0
    assert list(json.loads((directory(app) / "verified.json").read_text())) == [path.name]


def test_failed_verify_for_lack_of_space_is_not_recorded_as_wrong(
    app: Flask, flask: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(directory: Path, needed: int) -> None:
        raise EnvironmentProblem("no room")

    path = create_backup(app, flask)
    monkeypatch.setattr(backups.archive, "require_disk_space", full)
    assert "no room" in flask.fails("backup", "verify", str(path))
    assert " never" in flask("backup", "list").output


# --- restore targets ------------------------------------------------------------------------------


def test_restore_into_a_database_with_data_is_refused(app: Flask, flask: Shell) -> None:
    path = create_backup(app, flask)
    before = figures(app)
    assert "never overwrites a database" in flask.fails("backup", "restore", str(path))
    assert figures(app) == before


def test_restore_of_a_backup_of_the_other_database_is_refused(
    app: Flask, empty_app: Flask, flask: Shell, database_kind: str
) -> None:
    path = create_backup(app, flask)
    other = "postgresql" if database_kind == "sqlite" else "sqlite"
    change_manifest(path, lambda manifest: manifest.update(database=other))
    output = Shell(empty_app).fails("backup", "restore", str(path))
    assert "`flask database move`" in output


def test_restore_of_a_backup_of_a_newer_version_is_refused(
    app: Flask, empty_app: Flask, flask: Shell
) -> None:
    path = create_backup(app, flask)
    change_manifest(path, lambda manifest: manifest.update(schema="9999"))
    output = Shell(empty_app).fails("backup", "restore", str(path))
    assert "does not know: use the newer program" in output


@pytest.mark.only("sqlite")
def test_restore_under_a_running_server_is_refused(
    app: Flask, flask: Shell, empty_app: Flask, make_server: Callable[..., LiveServer]
) -> None:
    path = create_backup(app, flask)
    server = make_server(DATABASE_URL=empty_app.config["SQLALCHEMY_DATABASE_URI"]).start()
    target = Path(empty_app.config["SQLALCHEMY_DATABASE_URI"].removeprefix("sqlite:///"))
    target.unlink()  # as a user might do to make room
    output = Shell(empty_app).fails("backup", "restore", str(path))
    assert "stop it first" in output
    server.stop()
    result = Shell(empty_app)("backup", "restore", str(path))
    assert result.exit_code == 0, result.output
    assert list(target.parent.glob(f".{target.name}*")) == []


@pytest.mark.only("postgresql")
def test_restore_with_other_connections_is_refused(
    app: Flask, flask: Shell, empty_app: Flask
) -> None:
    path = create_backup(app, flask)
    url = empty_app.config["SQLALCHEMY_DATABASE_URI"].replace("+psycopg", "")
    with psycopg.connect(url):
        output = Shell(empty_app).fails("backup", "restore", str(path))
    assert "1 others are connected" in output


# --- rotation -------------------------------------------------------------------------------------


def backup_at(when: datetime, purpose: str = "", *, whole: bool = True) -> backups.Backup:
    return backups.Backup(Path(f"{when}{purpose}"), when, 1, purpose, {} if whole else None, None)


def test_rotation_keeps_the_last_of_each_day_and_week() -> None:
    first = datetime(2026, 1, 1, 3, tzinfo=UTC)
    twice_a_day = [backup_at(first + timedelta(hours=12 * n)) for n in range(120)]
    deleted = rotation.backups_to_delete(twice_a_day, days=3, weeks=4)
    kept = [f"{backup.made_at:%m-%d %H}" for backup in twice_a_day if backup not in deleted]
    # 1 March 2026 is a Sunday: the weeks end on 1 March, 22, 15 and 8 February.
    assert kept == ["02-08 15", "02-15 15", "02-22 15", "02-27 15", "02-28 15", "03-01 15"]


def test_rotation_keeps_upgrade_backups_and_broken_files() -> None:
    first = datetime(2026, 1, 1, tzinfo=UTC)
    upgrade = backup_at(first, "before-0007")
    broken = backup_at(first + timedelta(days=9), whole=False)
    daily = [backup_at(first + timedelta(days=n)) for n in range(3)]
    assert rotation.backups_to_delete([upgrade, broken, *daily], days=1, weeks=0) == daily[:2]


def test_backup_create_rotates_only_with_the_keep_option(app: Flask, flask: Shell) -> None:
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
def test_restore_waits_for_another_writer_of_its_target(
    app: Flask, flask: Shell, tmp_path: Path
) -> None:
    """Another command holds the write lock: the restore waits, then checks the target."""
    path = create_backup(app, flask)
    target = tmp_path / "place.db"
    with ThreadPoolExecutor() as pool:
        with exclusive_writer(str(target)):
            migrations = Path(app.extensions["migrate"].directory)
            url = sa.URL.create("sqlite", database=str(target))
            restore = pool.submit(backups.restore, path, url, migrations)
            wait([restore], timeout=1)
            assert not restore.done()
            target.write_text("other data")
        with pytest.raises(EnvironmentProblem, match="exists and is not empty"):
            restore.result(20)
    assert target.read_text() == "other data"
