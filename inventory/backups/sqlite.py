"""Backups of SQLite with its backup API, which copies one consistent state."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from inventory.backups import archive, fingerprint
from inventory.common.errors import CorruptBackup, EnvironmentProblem
from inventory.db import exclusive_writer, snapshot, sqlite_module, temporary_engine

FILE = "database.sqlite"

_SERVED = "A server is running on this database: stop it first."
_RESTORED = "a backup is being restored: start the server when that is done."


def dump(url: sa.URL, directory: Path) -> tuple[Path, dict[str, Any]]:
    """Copy the database into the directory.

    Returns:
        (copy, its fingerprint).

    Raises:
        EnvironmentProblem: no database, no disk space, or the copy failed.
    """
    path, copy = Path(url.database or ""), directory / FILE
    if not path.exists():
        raise EnvironmentProblem(f"There is no database yet: {path} does not exist.")
    archive.require_disk_space(directory, 2 * path.stat().st_size)
    os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    _copy(path, copy)
    return copy, inspect(copy)


def _copy(path: Path, copy: Path) -> None:
    module = sqlite_module()
    source, target = module.connect(path, timeout=10), module.connect(copy)
    try:
        source.backup(target)
        # Without WAL the copy is one file.
        target.execute("PRAGMA journal_mode=DELETE")
    except module.Error as error:
        raise EnvironmentProblem(f"{path} cannot be copied: {error}.") from None
    finally:
        target.close()
        source.close()


def inspect(copy: Path) -> dict[str, Any]:
    """Return the fingerprint of a copy.

    Raises:
        CorruptBackup: the integrity check failed.
    """
    with on(copy) as engine, snapshot(engine) as conn:
        problem = conn.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
        if problem != "ok":
            raise CorruptBackup(f"The database is damaged: {problem}.")
        return fingerprint.database_fingerprint(conn) | {
            "engine": f"SQLite {sqlite_module().sqlite_version}"
        }


@contextmanager
def on(path: Path) -> Iterator[sa.Engine]:
    """Yield an engine on the file; at the end no WAL file is left."""
    with temporary_engine(sa.URL.create("sqlite", database=str(path))) as engine:
        yield engine
        engine.dispose()
    connection = sqlite_module().connect(path)
    connection.execute("PRAGMA journal_mode=DELETE")
    connection.close()


@contextmanager
def serving(url: sa.URL, *, alone: bool = False) -> Iterator[None]:
    """Lock the database as a server does, or exclusively.

    Args:
        alone: require that no server is running.

    Raises:
        EnvironmentProblem: a server is running, or a backup is being restored.
    """
    path = Path(f"{url.database}-serving")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise EnvironmentProblem(_SERVED if alone else _RESTORED) from None
    finally:
        os.close(descriptor)


def restore(url: sa.URL, copy: Path) -> None:
    """Move a copy to the database's path.

    Raises:
        EnvironmentProblem: a database that is not empty is there, or a server is running.
    """
    path = Path(url.database or "")
    with serving(url, alone=True), exclusive_writer(str(path)):
        _require_empty(path)
        _set_aside(path)
        copy.rename(path)
        archive.fsync_directory(path.parent)


def _set_aside(path: Path) -> None:
    """Rename an old WAL: it can contain the last writes of a database moved away."""
    with suppress(FileNotFoundError):
        path.unlink()
    for end in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            Path(f"{path}{end}").rename(f"{path}{end}-before-restore")


def _require_empty(path: Path) -> None:
    if not path.exists():
        return
    connection = sqlite_module().connect(path)
    try:
        held = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    except sqlite_module().Error:
        held = 1  # An unreadable file is not overwritten either.
    finally:
        connection.close()
    if held:
        raise EnvironmentProblem(
            f"{path} exists and is not empty: move it away first, or set DATABASE_URL to another"
            " file. A restore never overwrites a database."
        )
