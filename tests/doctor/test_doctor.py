"""`flask doctor`: each thing that can be wrong is broken once, and must be named with its cure."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask

from inventory import backups, create_app, doctor, ledger
from inventory.accounts import users
from inventory.common import clock
from inventory.config import ROOT, Config
from inventory.db import db, snapshot
from inventory.doctor import CheckResult, system
from inventory.doctor import backups as doctor_backups
from tests.cli.test_cli import Shell
from tests.support.stock_builder import Stock
from tests.support.users import Person, visible_text


@pytest.fixture
def well(app: Flask, config: Config) -> Flask:
    """A site with an admin, a lot, a backup and a verified ledger."""
    with app.app_context():
        Stock().lot("receive 10, reserve 4")
        backups.create(db.engine.url, config.backup_path)
    assert Shell(app)("ledger", "verify").exit_code == 0
    if config.is_sqlite:
        Path(config.url.database or "").chmod(0o600)
    return app


def found(app: Flask, name: str, **settings: object) -> CheckResult:
    """The check of that name."""
    config = dataclasses.replace(app.extensions["inventory"], **settings)
    with app.app_context():
        db.session.rollback()
        return next(check for check in doctor.run_checks(config) if check.name == name)


def change(app: Flask, statement: str) -> None:
    with app.app_context(), db.engine.connect().execution_options(write=True) as conn, conn.begin():
        conn.exec_driver_sql(statement)


def test_nothing_is_wrong_with_a_site_as_it_should_be(well: Flask, database_kind: str) -> None:
    result = Shell(well)("doctor")
    lines = result.output.splitlines()
    wrong = [line for line in lines if line.startswith("wrong")]
    if database_kind == "sqlite":
        assert (wrong, result.exit_code) == ([], 0)
    else:  # the tests' own server is careless on purpose
        [durability] = wrong
        assert "fsync and full_page_writes off: a power cut loses data" in durability
        assert result.exit_code == 1
    assert len(lines) >= 17


def test_a_page_tells_the_same_to_admins(well: Flask) -> None:
    with well.app_context():
        Stock().item("NUT")
    found = {one.name for one in examined(well)}
    ada, ole = Person(well, "ada"), Person(well, "ole")
    words = visible_text(ada.get("/checkup/").text)
    assert all(name in words for name in found)
    assert "inventory-" in words
    assert ole.get("/checkup/").status_code == 403
    assert "Health" not in visible_text(ole.get("/").text)


def examined(app: Flask) -> list[CheckResult]:
    with app.app_context():
        return doctor.run_checks(app.extensions["inventory"])


# --- the machine ----------------------------------------------------------------------------------


def test_an_old_python_is_wrong() -> None:
    assert system.check_python((3, 9, 1)).verdict == "wrong"


def test_dependencies_missing_and_of_other_versions(tmp_path: Path) -> None:
    (tmp_path / "constraints.txt").write_text("click==0.1\nnot-here==1.0\n")
    (tmp_path / "requirements.txt").write_text("Flask==3.1.3  # web\n")
    assert "click 8" in system.check_dependencies(tmp_path).message
    assert system.check_dependencies(tmp_path).verdict == "look at"
    (tmp_path / "requirements.txt").write_text('elsewhere==1 ; os == "x"\ngone[all]==2.0\n')
    told = system.check_dependencies(tmp_path)
    assert (told.verdict, told.message) == ("wrong", "missing: gone")
    assert system.check_dependencies(ROOT).verdict == "ok"


def test_files_that_others_may_read(well: Flask) -> None:
    directory = Path(well.config["BACKUP_PATH"])
    directory.chmod(0o755)
    told = found(well, "Files")
    assert told.verdict == "wrong"
    assert f"{directory} (mode 755)" in told.message
    assert told.advice == f"Run: chmod go= {directory}"
    directory.chmod(0o700)
    key = directory.parent / "secret_key"
    key.write_text("x" * 40)
    key.chmod(0o644)
    assert found(well, "Files").verdict == "ok"  # nobody else gets into its directory
    directory.parent.chmod(0o711)
    assert f"{key} (mode 644)" in found(well, "Files").message


@pytest.mark.parametrize(
    ("mounts", "verdict"),
    [
        ("disk / ext4 rw 0 0\n", "ok"),
        ("disk / ext4 rw 0 0\nserver:/x /srv nfs4 rw 0 0\n", "wrong"),
        ("server:/ / nfs4 rw 0 0\ndisk /srv/data ext4 rw 0 0\n", "ok"),
        ("disk / ext4 rw 0 0\nserver:/x /srv/dat cifs rw 0 0\n", "ok"),
    ],
)
def test_a_database_on_the_network(config: Config, mounts: str, verdict: str) -> None:
    there = dataclasses.replace(config, database_url="sqlite:////srv/data/inventory.db")
    assert system.check_file_system(there, mounts).verdict == verdict


@pytest.mark.parametrize(("free", "verdict"), [(10, "wrong"), (2**30, "look at"), (2**40, "ok")])
def test_little_room(config: Config, free: int, verdict: str) -> None:
    told = system.check_disk_space(config, [(Path("/a"), 2**41), (Path("/b"), free)])
    assert told.verdict == verdict
    assert "on /b" in told.message


def test_the_site_is_told_its_time(config: Config) -> None:
    there = dataclasses.replace(config, site_timezone=ZoneInfo("Asia/Tokyo"))
    assert system.check_timezone(there).message.startswith("Asia/Tokyo: it is ")


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({}, ["Front"]),
        ({"host": "0.0.0.0"}, ["HTTPS", "Host names"]),
        ({"https": True}, ["Proxies", "Host names"]),
        ({"https": True, "proxy_count": 1, "trusted_hosts": ("a.b",)}, ["Front"]),
        (
            {"https": True, "proxy_count": 1, "trusted_hosts": ("a.b",), "host": "0.0.0.0"},
            ["Proxies"],
        ),
        ({"proxy_count": 1, "trusted_hosts": ("a.b",)}, ["HTTPS"]),
    ],
)
def test_what_stands_in_front(config: Config, settings: dict, names: list[str]) -> None:
    told = system.check_proxy(dataclasses.replace(config, **settings))
    assert [one.name for one in told] == names


# --- the database ---------------------------------------------------------------------------------


def test_a_database_that_does_not_answer(app: Flask) -> None:
    url = "postgresql+psycopg://u:secret@127.0.0.1:1/stock"
    gone = create_app(dataclasses.replace(app.extensions["inventory"], database_url=url))
    told = found(gone, "Database")
    assert told.verdict == "wrong"
    assert "does not answer" in told.message
    assert "secret" not in told.message


def test_a_database_that_is_not_there_yet_is_not_made(app: Flask, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/none.db"
    new = create_app(dataclasses.replace(app.extensions["inventory"], database_url=url))
    assert found(new, "Database").verdict == "look at"
    assert not (tmp_path / "none.db").exists()


def test_an_older_schema(well: Flask) -> None:
    change(well, "UPDATE alembic_version SET version_num = '0001'")
    told = found(well, "Schema")
    assert (told.verdict, "needs" in told.message) == ("wrong", True)


def test_a_trigger_that_is_gone(well: Flask, database_kind: str) -> None:
    on = " ON operations" if database_kind == "postgresql" else ""
    name = "operations_append_only" if on else "operations_no_update"
    change(well, f"DROP TRIGGER {name}{on}")
    told = found(well, "Rules")
    assert (told.verdict, name in told.message) == ("wrong", True)


def test_a_setting_that_somebody_changed(well: Flask, database_kind: str) -> None:
    statement = {"sqlite": "PRAGMA synchronous = OFF", "postgresql": "SET synchronous_commit = off"}

    def weaken(connection: Any, *_: object) -> None:
        connection.execute(statement[database_kind])
        connection.commit()

    with well.app_context():
        db.session.remove()
        db.engine.dispose()
        sa.event.listen(db.engine, "connect", weaken)
    assert found(well, "Settings").verdict == "wrong"


def test_a_clock_that_went_back(well: Flask) -> None:
    with clock.frozen_at(clock.now() - timedelta(days=1)):
        told = found(well, "Clock")
    assert (told.verdict, told.advice) == ("wrong", "Set the clock: timedatectl set-ntp true")


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM lot_heads", "UPDATE lot_heads SET on_hand = on_hand + 1"],
)
def test_a_read_cache_that_differs(well: Flask, statement: str) -> None:
    change(well, statement)
    told = found(well, "Read cache")
    assert (told.verdict, told.advice) == ("wrong", "Run: flask ledger rebuild-cache")


def test_a_ledger_that_was_not_verified_or_differs(app: Flask, well: Flask) -> None:
    with clock.frozen_at(clock.now() + timedelta(days=9)):
        assert found(well, "Ledger").verdict == "look at"
    change(well, "DELETE FROM lot_heads")
    Shell(well)("ledger", "verify")
    told = found(well, "Ledger")
    assert (told.verdict, "1 differences" in told.message) == ("wrong", True)
    change(well, "DELETE FROM verification_runs")
    assert found(well, "Ledger").message == "never verified"


def test_reservations_that_nobody_ends(well: Flask) -> None:
    with well.app_context():
        Stock().reserve(1, expires_at=clock.now() + timedelta(hours=1))
        with clock.frozen_at(clock.now() + timedelta(days=2)):
            told = found(well, "Reservations")
            assert told.verdict == "look at"
            assert "1 expired" in told.message
            assert ledger.expire_reservations() == 1
            assert found(well, "Reservations").verdict == "ok"


def test_a_site_without_an_admin(app: Flask) -> None:
    assert found(app, "Admins").verdict == "look at"
    with app.app_context():
        users.create_user(name="vic", password="a quiet warehouse", role="viewer")
    assert found(app, "Admins").verdict == "wrong"


@pytest.mark.only("postgresql")
def test_too_few_connections_for_the_workers(well: Flask) -> None:
    told = found(well, "Connections", workers=10, threads=10)
    assert told.verdict == "wrong"
    assert "10 workers may want 240 connections" in told.message
    assert found(well, "Connections", workers=2, threads=8).verdict == "ok"


# --- the backups ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "verdict"), [(0, "ok"), (2, "look at"), (9, "wrong")])
def test_backups_grow_old(well: Flask, days: int, verdict: str) -> None:
    with clock.frozen_at(clock.now() + timedelta(days=days)):
        assert found(well, "Backups").verdict == verdict


def test_no_backup_and_a_broken_one(well: Flask) -> None:
    [path] = Path(well.config["BACKUP_PATH"]).iterdir()
    path.write_bytes(b"")
    told = found(well, "Backups")
    assert (told.verdict, path.name in told.message) == ("look at", True)
    path.unlink()
    assert found(well, "Backups").verdict == "wrong"


def test_an_empty_site_needs_no_backup(app: Flask, config: Config) -> None:
    with app.app_context(), snapshot() as conn:
        assert [one.verdict for one in doctor_backups.check_backups(conn, config)][-1] == "ok"


def test_a_check_that_cannot_be_made_is_told(well: Flask, tmp_path: Path) -> None:
    assert found(well, "Dependencies", root_path=tmp_path).message.startswith("cannot be checked: ")
