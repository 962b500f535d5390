"""Checks of the installation: one line each, with advice.

May import `queries`, `labels` and `backups` and the layers below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import sqlalchemy as sa

from inventory.common.messages import message
from inventory.config import Config
from inventory.db import snapshot
from inventory.doctor import backups, database, system
from inventory.doctor.results import CheckResult, Verdict, error, warning

__all__ = ["CheckResult", "Verdict", "run_checks"]


def run_checks(config: Config) -> list[CheckResult]:
    """Run all checks; those that others depend on come first."""
    found = [
        *_safely(message("Python"), lambda: [system.check_python()]),
        *_safely(message("Dependencies"), lambda: [system.check_dependencies(config.root_path)]),
        *_safely(message("User"), lambda: [system.check_running_user()]),
        *_safely(message("Files"), lambda: [system.check_file_permissions(config)]),
        *_safely(message("File system"), lambda: [system.check_file_system(config)]),
        *_safely(message("Disk"), lambda: [system.check_disk_space(config)]),
        *_safely(message("Time zone"), lambda: [system.check_timezone(config)]),
        *_safely(message("Address"), lambda: system.check_proxy(config)),
    ]
    path = Path(config.url.database or "")
    if config.is_sqlite and not path.exists():  # opening the database would create the file
        found.append(
            warning(
                message("Database"),
                message("%(path)s does not exist yet", path=path),
                message("Run `make run`."),
            )
        )
        return found
    try:
        with snapshot() as conn:
            found += _safely(message("Database"), lambda: database.check_database(conn, config))
            found += _safely(message("Backups"), lambda: backups.check_backups(conn, config))
    except sa.exc.SQLAlchemyError as problem:
        reason = str(getattr(problem, "orig", problem)).strip().splitlines()[0]
        advice = message("Start the database, or fix DATABASE_URL.")
        found.append(
            error(
                message("Database"),
                message(
                    "%(database_name)s does not answer: %(reason)s",
                    database_name=config.database_name,
                    reason=reason,
                ),
                advice,
            )
        )
    return found


def _safely(name: str, examine: Callable[[], Iterable[CheckResult]]) -> Iterator[CheckResult]:
    """Report a check that fails with an exception as an error of its own."""
    try:
        yield from examine()
    except Exception as problem:
        reason = str(getattr(problem, "orig", problem)).strip().splitlines() or [
            type(problem).__name__
        ]
        yield error(
            name,
            message("cannot be checked: %(reason)s", reason=reason[0]),
            message("Fix this error first, then run the checks again."),
        )
