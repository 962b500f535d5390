"""The installation's check-up: what can be wrong with it, and how to mend it, a line each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import sqlalchemy as sa

from inventory.config import Config
from inventory.db import snapshot
from inventory.doctor import backups, database, system
from inventory.doctor.results import CheckResult, Verdict, error, warning

__all__ = ["CheckResult", "Verdict", "run_checks"]


def run_checks(config: Config) -> list[CheckResult]:
    """Every check, in the order in which things rest upon one another."""
    found = [
        *_safely("Python", lambda: [system.check_python()]),
        *_safely("Dependencies", lambda: [system.check_dependencies(config.root_path)]),
        *_safely("User", lambda: [system.check_running_user()]),
        *_safely("Files", lambda: [system.check_file_permissions(config)]),
        *_safely("File system", lambda: [system.check_file_system(config)]),
        *_safely("Disk", lambda: [system.check_disk_space(config)]),
        *_safely("Time zone", lambda: [system.check_timezone(config)]),
        *_safely("Front", lambda: system.check_proxy(config)),
    ]
    path = Path(config.url.database or "")
    if config.is_sqlite and not path.exists():  # to look would make it
        found.append(warning("Database", f"{path} is not there yet", "Run `make run`."))
        return found
    try:
        with snapshot() as conn:
            found += _safely("Database", lambda: database.check_database(conn, config))
            found += _safely("Backups", lambda: backups.check_backups(conn, config))
    except sa.exc.SQLAlchemyError as problem:
        reason = str(getattr(problem, "orig", problem)).strip().splitlines()[0]
        advice = "Start it, or correct DATABASE_URL."
        found.append(error("Database", f"{config.database_name} does not answer: {reason}", advice))
    return found


def _safely(name: str, examine: Callable[[], Iterable[CheckResult]]) -> Iterator[CheckResult]:
    """A check that cannot be made is a finding, not the end of the check-up."""
    try:
        yield from examine()
    except Exception as problem:
        reason = str(getattr(problem, "orig", problem)).strip().splitlines() or [
            type(problem).__name__
        ]
        yield error(name, f"cannot be checked: {reason[0]}", "Mend that first.")
