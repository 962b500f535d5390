"""Checks of the backups: age, readability, and the programs that make them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy.engine import Connection

from inventory import backups
from inventory.backups import postgresql
from inventory.common import clock
from inventory.common.errors import EnvironmentProblem
from inventory.common.messages import message, plural_message
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
    advice = message("Run `flask backup create --keep 7`, each night from cron.")
    if broken:
        yield warning(
            message("Backups"),
            message("cannot be read: %(names)s", names=list(broken[:3])),
            message("Delete the damaged files."),
        )
    if not whole and schema_version.holds_data(conn):
        yield error(
            message("Backups"),
            message("there is no backup in %(backup_path)s", backup_path=config.backup_path),
            advice,
        )
    elif whole:
        age = clock.now() - whole[0].made_at
        what = plural_message(
            "the only backup is from %(time)s",
            "the last of %(num)s backups is from %(time)s",
            len(whole),
            time=clock.Time(whole[0].made_at),
        )
        if age > OLD:
            yield error(message("Backups"), what, advice)
        elif age > RECENT:
            yield warning(message("Backups"), what, advice)
        else:
            yield ok(
                message("Backups"), message("%(what)s; keep copies on another machine", what=what)
            )
    else:
        yield ok(message("Backups"), message("there is nothing to back up yet"))


def _programs(conn: Connection) -> CheckResult:
    try:
        postgresql.require_programs(conn)
    except EnvironmentProblem as problem:
        return error(
            message("Backup programs"), message("no backup can be created"), problem.detail
        )
    return ok(message("Backup programs"), message("pg_dump and pg_restore are installed"))
