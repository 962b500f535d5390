"""Checks of the backups: age, readability, and the programs that make them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy.engine import Connection

from inventory import backups
from inventory.backups import postgresql
from inventory.common import clock
from inventory.common.errors import EnvironmentProblem
from inventory.config import Config
from inventory.db import schema_version
from inventory.doctor.results import CheckResult, error, ok, warning

RECENT, OLD = timedelta(hours=36), timedelta(days=8)


def check_backups(conn: Connection, config: Config) -> Iterator[CheckResult]:
    """Check that there is a recent backup that can be read."""
    if not config.is_sqlite:
        yield _programs(conn)
    found = backups.found_in(config.backup_path)
    whole = [one for one in found if one.manifest is not None]
    broken = [one.path.name for one in found if one.manifest is None]
    advice = "Run `flask backup create --keep 7`, each night from cron."
    if broken:
        yield warning(
            "Backups", f"cannot be read: {', '.join(broken[:3])}", "Remove the broken files."
        )
    if not whole and schema_version.holds_data(conn):
        yield error("Backups", f"there is no backup in {config.backup_path}", advice)
    elif whole:
        age = clock.now() - whole[0].made_at
        message = f"the last of {len(whole)} backups is from {whole[0].made_at:%Y-%m-%d %H:%M} UTC"
        if age > OLD:
            yield error("Backups", message, advice)
        elif age > RECENT:
            yield warning("Backups", message, advice)
        else:
            yield ok("Backups", f"{message}; keep copies on another machine")
    else:
        yield ok("Backups", "there is nothing to back up yet")


def _programs(conn: Connection) -> CheckResult:
    try:
        postgresql.require_programs(conn)
    except EnvironmentProblem as problem:
        return error("Backup programs", "no backup can be made", problem.detail)
    return ok("Backup programs", "pg_dump and pg_restore are installed")
