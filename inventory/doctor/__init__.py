"""Checks of the installation: one line each, with advice.

May import `queries`, `labels` and `backups` and the layers below.
"""

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
    """Run all checks; those that others depend on come first."""
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
    if config.is_sqlite and not path.exists():  # opening the database would create the file
        found.append(warning("Database", f"{path} does not exist yet", "Run `make run`."))
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
    """Report a check that fails with an exception as an error of its own."""
    try:
        yield from examine()
    except Exception as problem:
        reason = str(getattr(problem, "orig", problem)).strip().splitlines() or [
            type(problem).__name__
        ]
        yield error(name, f"cannot be checked: {reason[0]}", "Fix this first.")
