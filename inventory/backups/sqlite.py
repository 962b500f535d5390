"""SQLite: copied while people work, by its own backup, which sees one moment of it."""

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
_RESTORED = "a backup is being restored here: start again when that is done."


def dump(url: sa.URL, directory: Path) -> tuple[Path, dict[str, Any]]:
    """Copy the database into the directory; the copy, and what it holds."""
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
        # One file, with nothing beside it that could be forgotten.
        target.execute("PRAGMA journal_mode=DELETE")
    except module.Error as error:
        raise EnvironmentProblem(f"{path} cannot be copied: {error}.") from None
    finally:
        target.close()
        source.close()


def inspect(copy: Path) -> dict[str, Any]:
    """What a copy holds. Raises Unable when its pages are damaged."""
    with on(copy) as engine, snapshot(engine) as conn:
        problem = conn.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
        if problem != "ok":
            raise CorruptBackup(f"The database is damaged: {problem}.")
        return fingerprint.database_fingerprint(conn) | {
            "engine": f"SQLite {sqlite_module().sqlite_version}"
        }


@contextmanager
def on(path: Path) -> Iterator[sa.Engine]:
    """An engine on that file, which is left in one piece at the end."""
    with temporary_engine(sa.URL.create("sqlite", database=str(path))) as engine:
        yield engine
        engine.dispose()
    connection = sqlite_module().connect(path)
    connection.execute("PRAGMA journal_mode=DELETE")
    connection.close()


@contextmanager
def serving(url: sa.URL, *, alone: bool = False) -> Iterator[None]:
    """Hold the database open as a server does, or `alone`: with no server on it."""
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
    """Put a copy where the database shall be. Raises Unable when something is there already."""
    path = Path(url.database or "")
    with serving(url, alone=True), exclusive_writer(str(path)):
        _require_empty(path)
        _set_aside(path)
        copy.rename(path)
        archive.fsync_directory(path.parent)


def _set_aside(path: Path) -> None:
    """A log left by a database that was moved away may hold its last writes: keep it."""
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
        held = 1  # whatever it is, it is somebody's
    finally:
        connection.close()
    if held:
        raise EnvironmentProblem(
            f"{path} exists and is not empty: move it away first, or set DATABASE_URL to another"
            " file. A restore never overwrites a database."
        )
