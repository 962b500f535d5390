"""Backups: created while the server runs, verified, rotated and restored.

A backup contains the whole database at one point in time and a manifest. The manifest has figures
that a copy must match: the rows of each table, and one hash over the last entry of every lot.

May import `verification` and `barcodes` and the layers below.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from inventory import verification
from inventory.backups import archive, check_log, fingerprint, postgresql, rotation, sqlite
from inventory.backups.archive import Backup
from inventory.common import clock
from inventory.common.errors import CorruptBackup, EnvironmentProblem
from inventory.db import schema_version, snapshot, temporary_engine

__all__ = ["Backup", "create", "figures", "found_in", "restore", "rotate", "verify"]

found_in = archive.found_in

_KINDS: dict[str, Any] = {"sqlite": sqlite, "postgresql": postgresql}
_WORDS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def create(url: sa.URL, directory: Path, *, purpose: str = "") -> Backup:
    """Back up the database into the directory; the server can run meanwhile.

    The file is read back before it gets its name. An error leaves no file.

    Args:
        purpose: added to the name; empty for scheduled backups.

    Raises:
        EnvironmentProblem: the backup cannot be made.
    """
    kind = url.get_backend_name()
    try:
        archive.make_directory(directory)
        with _working_directory(directory) as workshop:
            made_at = clock.now()
            database, found = _KINDS[kind].dump(url, workshop)
            manifest = {"made_at": made_at.isoformat(), "database": kind, **found}
            path = archive.write(
                directory, archive.name_at(made_at, purpose), database, manifest
            )  # fmt: skip
    except OSError as error:
        raise EnvironmentProblem(
            f"No backup was made in {directory}: {error.strerror or error}. Check the free space"
            " and the permissions."
        ) from None
    return next(one for one in found_in(directory) if one.path == path)


def rotate(directory: Path, *, days: int, weeks: int) -> list[Backup]:
    """Delete the backups that the rotation does not keep, and return them."""
    gone = rotation.backups_to_delete(found_in(directory), days=days, weeks=weeks)
    for backup in gone:
        backup.path.unlink()
    return gone


def figures(path: Path) -> dict[str, Any]:
    """Read the whole backup, compare it with its manifest and return the manifest.

    Raises:
        EnvironmentProblem: the file cannot be read, or (CorruptBackup) differs from its manifest.
    """
    with _opened(path) as (manifest, _):
        return manifest


def verify(path: Path, migrations: Path) -> tuple[dict[str, Any], verification.Report | None]:
    """Read the whole backup, compare it with its manifest and verify its ledger.

    The result is recorded next to the backup (`check_log`).

    Returns:
        (manifest, report). The report is None if the ledger needs a database to restore into: on
        PostgreSQL, or with an earlier schema version.

    Raises:
        EnvironmentProblem: the file cannot be read, or (CorruptBackup) differs from its manifest.
    """
    try:
        manifest, report = _verify(path, migrations)
    except CorruptBackup:
        check_log.note(path, whole=False)
        raise
    check_log.note(path, whole=report is None or report.ok)
    return manifest, report


def _verify(path: Path, migrations: Path) -> tuple[dict[str, Any], verification.Report | None]:
    with _opened(path) as (manifest, database):
        current = schema_version.status_of_version(manifest["schema"], migrations).is_current
        if manifest["database"] != "sqlite" or not current:
            return manifest, None
        with sqlite.on(database) as engine, snapshot(engine) as conn:
            return manifest, verification.verify(conn)


def restore(path: Path, url: sa.URL, migrations: Path) -> dict[str, Any]:
    """Restore the backup into the database of `url` and return its manifest.

    Raises:
        EnvironmentProblem: the backup is corrupt, of the other database or newer than this program;
            or the target is not empty or in use.
    """
    kind = url.get_backend_name()
    manifest = archive.read_manifest(path)
    if manifest["database"] != kind:
        raise EnvironmentProblem(
            f"The backup is of {_WORDS[manifest['database']]} and DATABASE_URL names"
            f" {_WORDS[kind]}: restore it into {_WORDS[manifest['database']]}, and move it with"
            " `flask database move`."
        )
    schema_version.require_not_newer(manifest["schema"], migrations)
    place = Path(url.database or "").parent if kind == "sqlite" else None
    if place is not None:
        archive.make_directory(place)
    with _opened(path, place) as (manifest, database):
        _KINDS[kind].restore(url, database)
    with temporary_engine(url) as engine, snapshot(engine) as conn:
        if different := fingerprint.differences(manifest, fingerprint.database_fingerprint(conn)):
            raise EnvironmentProblem(
                f"What was restored is not what was saved: {'; '.join(different)}."
            )
    return manifest


@contextmanager
def _opened(path: Path, place: Path | None = None) -> Iterator[tuple[dict[str, Any], Path]]:
    """Yield the manifest and the unpacked database after comparing them."""
    manifest = archive.read_manifest(path)
    if place is None and os.access(path.parent, os.W_OK):
        place = path.parent  # The temporary directory can be too small for a database.
    with _working_directory(place) as workshop:
        [(name, expected)] = manifest["files"].items()
        archive.require_disk_space(workshop, int(expected["bytes"]))
        database = workshop / Path(name).name
        archive.unpack(path, manifest, database)
        if manifest["database"] == "sqlite":
            found = sqlite.inspect(database)
        else:
            found = postgresql.inspect(database, manifest["engine"])
        if different := fingerprint.differences(manifest, found):
            raise CorruptBackup(f"{path} is not what its manifest says: {'; '.join(different)}.")
        yield manifest, database


@contextmanager
def _working_directory(place: Path | None) -> Iterator[Path]:
    """Yield a directory for this user only, on the disk of the result."""
    with tempfile.TemporaryDirectory(prefix=".inventory-", dir=place) as directory:
        yield Path(directory)
