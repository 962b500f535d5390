"""The schema version of a database, and the newest that this program knows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.common.errors import EnvironmentProblem

TABLE = "alembic_version"


@dataclass(frozen=True, slots=True)
class SchemaStatus:
    """A database's schema version; `found` is None if it has no schema yet."""

    found: str | None
    newest: str
    known: frozenset[str]

    @property
    def is_current(self) -> bool:
        """Return whether the database has the newest version."""
        return self.found == self.newest

    @property
    def is_older(self) -> bool:
        """Return whether the database has a known, older version."""
        return self.found is not None and self.found in self.known and not self.is_current

    @property
    def is_newer(self) -> bool:
        """Return whether the database has a version that this program does not know."""
        return self.found is not None and self.found not in self.known

    def __str__(self) -> str:
        """Return one sentence: what is wrong and what to do."""
        if self.is_newer:
            return (
                f"the database is at schema version {self.found}, and this program knows no"
                f" further than {self.newest}: start the newer program that wrote it, or restore"
                " a backup from before."
            )
        if not self.is_current:
            return (
                f"the database is at schema version {self.found or 'none'}, and this program"
                f" needs {self.newest}: run `flask db upgrade` (`make run` does it by itself,"
                " after a backup)."
            )
        return f"the schema is at version {self.newest}, as it must be."


def schema_status(conn: Connection, migrations: Path) -> SchemaStatus:
    """Return the schema status of the database.

    Args:
        migrations: the folder that contains `versions`.
    """
    return status_of_version(current_version(conn), migrations)


def current_version(conn: Connection) -> str | None:
    """Return the database's schema version, or None if it has no schema yet."""
    if not sa.inspect(conn).has_table(TABLE):
        return None
    version: str | None = conn.exec_driver_sql(f"SELECT version_num FROM {TABLE}").scalar()  # noqa: S608
    return version


def status_of_version(found: str | None, migrations: Path) -> SchemaStatus:
    """Return the schema status of a version.

    The versions come from the file names of the migrations, so that a worker need not load Alembic.

    Args:
        migrations: the folder that contains `versions`.
    """
    revisions = sorted(file.name[:4] for file in migrations.glob("versions/[0-9]*.py"))
    return SchemaStatus(found, revisions[-1], frozenset(revisions))


def upgrade() -> None:
    """Run the outstanding migrations on the app's database."""
    import flask_migrate  # It loads Alembic, which a worker does not need.

    flask_migrate.upgrade()


def holds_data(conn: Connection) -> bool:
    """Return whether the database has any user, item or ledger entry."""
    tables = set(sa.inspect(conn).get_table_names())
    return any(
        conn.exec_driver_sql(f"SELECT 1 FROM {name} LIMIT 1").first()  # noqa: S608
        for name in ("users", "items", "inventory_ledger")
        if name in tables
    )


def require_not_newer(found: str, migrations: Path) -> None:
    """Require a schema version, as a backup names it, that this program knows.

    Raises:
        EnvironmentProblem: the version is newer than the newest known one.
    """
    if found != "none" and status_of_version(found, migrations).is_newer:
        raise EnvironmentProblem(
            f"The backup is at schema version {found}, which this program does not know: use the"
            " newer program that made it."
        )
