"""Which migration the database stands at, and which one this program knows as the newest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.common.errors import EnvironmentProblem

TABLE = "alembic_version"


@dataclass(frozen=True, slots=True)
class SchemaStatus:
    """Where a database stands; `found` is None when it has no schema yet."""

    found: str | None
    newest: str
    known: frozenset[str]

    @property
    def is_current(self) -> bool:
        return self.found == self.newest

    @property
    def is_older(self) -> bool:
        return self.found is not None and self.found in self.known and not self.is_current

    @property
    def is_newer(self) -> bool:
        """Made by a program that knows migrations which this one does not."""
        return self.found is not None and self.found not in self.known

    def __str__(self) -> str:
        """In one sentence what is wrong and what to do."""
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


def standing(conn: Connection, migrations: Path) -> SchemaStatus:
    """Where the database stands among these migrations."""
    return known(found(conn), migrations)


def found(conn: Connection) -> str | None:
    """The migration that the database stands at; None when it has no schema yet."""
    if not sa.inspect(conn).has_table(TABLE):
        return None
    version: str | None = conn.exec_driver_sql(f"SELECT version_num FROM {TABLE}").scalar()  # noqa: S608
    return version


def known(found: str | None, migrations: Path) -> SchemaStatus:
    """Where a version stands among the migrations: the files begin with the numbers that they
    are known by, so that a worker needs no Alembic to tell."""
    revisions = sorted(file.name[:4] for file in migrations.glob("versions/[0-9]*.py"))
    return SchemaStatus(found, revisions[-1], frozenset(revisions))


def upgrade() -> None:
    """Run the migrations that the app's database has not seen yet."""
    import flask_migrate  # brings Alembic along, which nobody needs who only serves

    flask_migrate.upgrade()


def holds_data(conn: Connection) -> bool:
    """Whether anybody has worked with the database: accounts, items or entries."""
    tables = set(sa.inspect(conn).get_table_names())
    return any(
        conn.exec_driver_sql(f"SELECT 1 FROM {name} LIMIT 1").first()  # noqa: S608
        for name in ("users", "items", "inventory_ledger")
        if name in tables
    )


def require_not_newer(found: str, migrations: Path) -> None:
    """Raises Unable for a schema version that this program does not know."""
    if found != "none" and known(found, migrations).is_newer:
        raise EnvironmentProblem(
            f"The backup is at schema version {found}, which this program does not know: use the"
            " newer program that made it."
        )
