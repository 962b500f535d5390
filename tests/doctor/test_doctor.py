"""`flask doctor`: each check must report its problem and the advice to fix it."""

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
def healthy_app(app: Flask, config: Config) -> Flask:
    """A site with an admin, a lot, a backup and a verified ledger."""
    with app.app_context():
        Stock().lot("receive 10, reserve 4")
        backups.create(db.engine.url, config.backup_path)
    assert Shell(app)("ledger", "verify").exit_code == 0
    if config.is_sqlite:
        Path(config.url.database or "").chmod(0o600)
    return app


def check_named(app: Flask, name: str, **settings: object) -> CheckResult:
    """Run all checks and return the one with that name."""
    config = dataclasses.replace(app.extensions["inventory"], **settings)
    with app.app_context():
        db.session.rollback()
        return next(check for check in doctor.run_checks(config) if check.name == name)


def run_sql(app: Flask, statement: str) -> None:
    with app.app_context(), db.engine.connect().execution_options(write=True) as conn, conn.begin():
        conn.exec_driver_sql(statement)


def test_healthy_site_has_no_wrong_check(healthy_app: Flask, database_kind: str) -> None:
    result = Shell(healthy_app)("doctor")
    lines = result.output.splitlines()
    wrong = [line for line in lines if line.startswith("wrong")]
    if database_kind == "sqlite":
        assert (wrong, result.exit_code) == ([], 0)
    else:  # the test server runs without durability settings
        [durability] = wrong
        assert "fsync, full_page_writes off: a power cut loses data" in durability
        assert result.exit_code == 1
    assert len(lines) >= 17


def test_health_page_shows_the_checks_to_admins_only(healthy_app: Flask) -> None:
    with healthy_app.app_context():
        Stock().item("NUT")
    names = {check.name for check in run_checks(healthy_app)}
    ada, ole = Person(healthy_app, "ada"), Person(healthy_app, "ole")
    words = visible_text(ada.get("/checkup/").text)
    assert all(name in words for name in names)
    assert "inventory-" in words
    assert ole.get("/checkup/").status_code == 403
    assert "Health" not in visible_text(ole.get("/").text)


def run_checks(app: Flask) -> list[CheckResult]:
    with app.app_context():
        return doctor.run_checks(app.extensions["inventory"])


# --- system ---------------------------------------------------------------------------------------


def test_old_python_version_is_wrong() -> None:
    assert system.check_python((3, 9, 1)).verdict == "wrong"


def test_missing_and_other_dependency_versions_are_named(tmp_path: Path) -> None:
    (tmp_path / "constraints.txt").write_text("click==0.1\nnot-here==1.0\n")
    (tmp_path / "requirements.txt").write_text("Flask==3.1.3  # web\n")
    assert "click 8" in system.check_dependencies(tmp_path).message
    assert system.check_dependencies(tmp_path).verdict == "look at"
    (tmp_path / "requirements.txt").write_text('elsewhere==1 ; os == "x"\ngone[all]==2.0\n')
    check = system.check_dependencies(tmp_path)
    assert (check.verdict, check.message) == ("wrong", "missing: gone")
    assert system.check_dependencies(ROOT).verdict == "ok"


def test_files_readable_by_others_are_wrong(healthy_app: Flask) -> None:
    directory = Path(healthy_app.config["BACKUP_PATH"])
    directory.chmod(0o755)
    check = check_named(healthy_app, "Files")
    assert check.verdict == "wrong"
    assert f"{directory} (mode 755)" in check.message
    assert check.advice == f"Run: chmod go= {directory}"
    directory.chmod(0o700)
    key = directory.parent / "secret_key"
    key.write_text("x" * 40)
    key.chmod(0o644)
    assert check_named(healthy_app, "Files").verdict == "ok"  # its directory is private
    directory.parent.chmod(0o711)
    assert f"{key} (mode 644)" in check_named(healthy_app, "Files").message


@pytest.mark.parametrize(
    ("mounts", "verdict"),
    [
        ("disk / ext4 rw 0 0\n", "ok"),
        ("disk / ext4 rw 0 0\nserver:/x /srv nfs4 rw 0 0\n", "wrong"),
        ("server:/ / nfs4 rw 0 0\ndisk /srv/data ext4 rw 0 0\n", "ok"),
        ("disk / ext4 rw 0 0\nserver:/x /srv/dat cifs rw 0 0\n", "ok"),
    ],
)
def test_database_on_a_network_file_system_is_wrong(
    config: Config, mounts: str, verdict: str
) -> None:
    changed_config = dataclasses.replace(config, database_url="sqlite:////srv/data/inventory.db")
    assert system.check_file_system(changed_config, mounts).verdict == verdict


@pytest.mark.parametrize(("free", "verdict"), [(10, "wrong"), (2**30, "look at"), (2**40, "ok")])
def test_verdict_depends_on_free_disk_space(config: Config, free: int, verdict: str) -> None:
    check = system.check_disk_space(config, [(Path("/a"), 2**41), (Path("/b"), free)])
    assert check.verdict == verdict
    assert "on /b" in check.message


def test_timezone_check_shows_the_local_time(config: Config) -> None:
    changed_config = dataclasses.replace(config, site_timezone=ZoneInfo("Asia/Tokyo"))
    assert system.check_timezone(changed_config).message.startswith("Asia/Tokyo: it is ")


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({}, ["Address"]),
        ({"host": "0.0.0.0"}, ["HTTPS", "Host names"]),
        ({"https": True}, ["Proxies", "Host names"]),
        ({"https": True, "proxy_count": 1, "trusted_hosts": ("a.b",)}, ["Address"]),
        (
            {"https": True, "proxy_count": 1, "trusted_hosts": ("a.b",), "host": "0.0.0.0"},
            ["Proxies"],
        ),
        ({"proxy_count": 1, "trusted_hosts": ("a.b",)}, ["HTTPS"]),
    ],
)
def test_proxy_check_finds_contradicting_settings(
    config: Config, settings: dict, names: list[str]
) -> None:
    checks = system.check_proxy(dataclasses.replace(config, **settings))
    assert [check.name for check in checks] == names


# --- database -------------------------------------------------------------------------------------


def test_unreachable_database_is_wrong_and_hides_the_password(app: Flask) -> None:
    url = "postgresql+psycopg://u:secret@127.0.0.1:1/stock"
    unreachable_app = create_app(dataclasses.replace(app.extensions["inventory"], database_url=url))
    check = check_named(unreachable_app, "Database")
    assert check.verdict == "wrong"
    assert "does not answer" in check.message
    assert "secret" not in check.message


def test_missing_database_file_is_not_created_by_the_check(app: Flask, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/none.db"
    app_without_database = create_app(
        dataclasses.replace(app.extensions["inventory"], database_url=url)
    )
    assert check_named(app_without_database, "Database").verdict == "look at"
    assert not (tmp_path / "none.db").exists()


def test_older_schema_is_wrong(healthy_app: Flask) -> None:
    run_sql(healthy_app, "UPDATE alembic_version SET version_num = '0001'")
    check = check_named(healthy_app, "Schema")
    assert (check.verdict, "needs" in check.message) == ("wrong", True)


def test_missing_trigger_is_wrong(healthy_app: Flask, database_kind: str) -> None:
    on = " ON operations" if database_kind == "postgresql" else ""
    name = "operations_append_only" if on else "operations_no_update"
    run_sql(healthy_app, f"DROP TRIGGER {name}{on}")
    check = check_named(healthy_app, "Triggers and constraints")
    assert (check.verdict, name in check.message) == ("wrong", True)


def test_changed_database_setting_is_wrong(healthy_app: Flask, database_kind: str) -> None:
    statement = {"sqlite": "PRAGMA synchronous = OFF", "postgresql": "SET synchronous_commit = off"}

    def weaken(connection: Any, *_: object) -> None:
        connection.execute(statement[database_kind])
        connection.commit()

    with healthy_app.app_context():
        db.session.remove()
        db.engine.dispose()
        sa.event.listen(db.engine, "connect", weaken)
    assert check_named(healthy_app, "Settings").verdict == "wrong"


def test_clock_behind_the_latest_entry_is_wrong(healthy_app: Flask) -> None:
    with clock.frozen_at(clock.now() - timedelta(days=1)):
        check = check_named(healthy_app, "Clock")
    assert (check.verdict, check.advice) == ("wrong", "Set the clock: timedatectl set-ntp true")


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM lot_heads", "UPDATE lot_heads SET on_hand = on_hand + 1"],
)
def test_balance_table_that_differs_is_wrong(healthy_app: Flask, statement: str) -> None:
    run_sql(healthy_app, statement)
    check = check_named(healthy_app, "Read cache")
    assert (check.verdict, check.advice) == ("wrong", "Run: flask ledger rebuild-cache")


def test_ledger_with_differences_or_old_verification_is_reported(
    app: Flask, healthy_app: Flask
) -> None:
    with clock.frozen_at(clock.now() + timedelta(days=9)):
        assert check_named(healthy_app, "Ledger").verdict == "look at"
    run_sql(healthy_app, "DELETE FROM lot_heads")
    Shell(healthy_app)("ledger", "verify")
    check = check_named(healthy_app, "Ledger")
    assert (check.verdict, "1 difference was found" in check.message) == ("wrong", True)
    run_sql(healthy_app, "DELETE FROM verification_runs")
    assert check_named(healthy_app, "Ledger").message == "never verified"


def test_expired_open_reservations_are_reported(healthy_app: Flask) -> None:
    with healthy_app.app_context():
        Stock().reserve(1, expires_at=clock.now() + timedelta(hours=1))
        with clock.frozen_at(clock.now() + timedelta(days=2)):
            check = check_named(healthy_app, "Reservations")
            assert check.verdict == "look at"
            assert "1 reservation expired" in check.message
            assert ledger.expire_reservations() == 1
            assert check_named(healthy_app, "Reservations").verdict == "ok"


def test_site_without_an_admin_is_wrong(app: Flask) -> None:
    assert check_named(app, "Administrators").verdict == "look at"
    with app.app_context():
        users.create_user(name="vic", password="a quiet warehouse", role="viewer")
    assert check_named(app, "Administrators").verdict == "wrong"


@pytest.mark.only("postgresql")
def test_too_few_connections_for_the_workers_is_wrong(healthy_app: Flask) -> None:
    check = check_named(healthy_app, "Connections", workers=10, threads=10)
    assert check.verdict == "wrong"
    assert "10 workers can need 240 connections" in check.message
    assert check_named(healthy_app, "Connections", workers=2, threads=8).verdict == "ok"


# --- backups --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "verdict"), [(0, "ok"), (2, "look at"), (9, "wrong")])
def test_verdict_depends_on_the_age_of_the_backup(
    healthy_app: Flask, days: int, verdict: str
) -> None:
    with clock.frozen_at(clock.now() + timedelta(days=days)):
        assert check_named(healthy_app, "Backups").verdict == verdict


def test_missing_and_unreadable_backups_are_reported(healthy_app: Flask) -> None:
    [path] = Path(healthy_app.config["BACKUP_PATH"]).iterdir()
    path.write_bytes(b"")
    check = check_named(healthy_app, "Backups")
    assert (check.verdict, path.name in check.message) == ("look at", True)
    path.unlink()
    assert check_named(healthy_app, "Backups").verdict == "wrong"


def test_an_empty_site_needs_no_backup(app: Flask, config: Config) -> None:
    with app.app_context(), snapshot() as conn:
        assert [result.verdict for result in doctor_backups.check_backups(conn, config)][-1] == "ok"


def test_failed_check_is_reported(healthy_app: Flask, tmp_path: Path) -> None:
    assert check_named(healthy_app, "Dependencies", root_path=tmp_path).message.startswith(
        "cannot be checked: "
    )
