"""A backup file: a zip with the database and a manifest that describes it.

The file is written under another name, synced and then renamed, so that a backup is either complete
or absent. An existing file is never overwritten.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from inventory.backups import check_log
from inventory.backups.check_log import BackupCheck
from inventory.common.errors import CorruptBackup, EnvironmentProblem

FORMAT = 1
MANIFEST = "manifest.json"
#: For example inventory-20261123T104200Z.zip; a purpose comes before ".zip".
NAME = re.compile(r"inventory-(\d{8}T\d{6}Z)(-[a-z0-9-]+)?\.zip")
_CHUNK = 1 << 20
_BROKEN = (OSError, zipfile.BadZipFile, zlib.error, ValueError, KeyError, TypeError)


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup file; `manifest` is None if it cannot be read."""

    path: Path
    made_at: datetime
    size: int
    #: The purpose, such as "before-0007"; empty for scheduled backups.
    purpose: str
    manifest: dict[str, Any] | None
    #: The last check of the whole file; None if it was never checked.
    proof: BackupCheck | None


def name_at(when: datetime, purpose: str = "") -> str:
    """Return the file name of a backup."""
    return f"inventory-{when.astimezone(UTC):%Y%m%dT%H%M%SZ}{purpose and f'-{purpose}'}.zip"


def found_in(directory: Path) -> list[Backup]:
    """Return the backups in a directory, newest first."""
    if not directory.is_dir():
        return []
    proved = check_log.read(directory)
    named = [(path, match) for path in directory.iterdir() if (match := NAME.fullmatch(path.name))]
    return sorted(
        (
            Backup(
                path,
                datetime.strptime(match[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC),
                path.stat().st_size,
                (match[2] or "").removeprefix("-"),
                _manifest_or_none(path),
                proved.get(path.name),
            )
            for path, match in named
        ),
        key=lambda backup: (backup.made_at, backup.path.name),
        reverse=True,
    )


def _manifest_or_none(path: Path) -> dict[str, Any] | None:
    try:
        return read_manifest(path)
    except EnvironmentProblem:
        return None


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn any error about the file into one sentence.

    Raises:
        EnvironmentProblem: the file cannot be read, or (CorruptBackup) is not a backup.
    """
    try:
        yield
    except FileNotFoundError:
        raise EnvironmentProblem(f"There is no file {path}.") from None
    except _BROKEN as error:
        reason = getattr(error, "strerror", None) or str(error)
        kind = EnvironmentProblem if isinstance(error, OSError) else CorruptBackup
        raise kind(f"{path} is not a whole backup: {reason}.") from None


def read_manifest(path: Path) -> dict[str, Any]:
    """Return the backup's manifest.

    Raises:
        EnvironmentProblem: the manifest cannot be read.
    """
    with readable(path), zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read(MANIFEST))
        if manifest["format"] != FORMAT:
            raise ValueError("it is from another version of the program")
        _require_shape(manifest)
        return dict(manifest)


def _require_shape(manifest: dict[str, Any]) -> None:
    [(name, file)] = manifest["files"].items()
    texts = [manifest[word] for word in ("made_at", "database", "schema", "heads", "engine")]
    whole = [file["bytes"], *manifest["tables"].values()]
    if not all(isinstance(text, str) for text in (name, file["sha256"], *texts)):
        raise TypeError("its manifest is malformed")
    if not all(isinstance(number, int) for number in whole):
        raise TypeError("its manifest is malformed")


def unpack(path: Path, manifest: dict[str, Any], target: Path) -> None:
    """Unpack the database and compare its checksum.

    Raises:
        EnvironmentProblem: the file cannot be read, or (CorruptBackup) its checksum differs.
    """
    with _new_file(target) as file:
        _read(path, manifest, file)
        file.flush()
        os.fsync(file.fileno())


def _read(path: Path, manifest: dict[str, Any], into: BinaryIO | None = None) -> None:
    with readable(path), zipfile.ZipFile(path) as archive:
        [(name, expected)] = manifest["files"].items()
        sum_, size = hashlib.sha256(), 0
        with archive.open(name) as source:
            while chunk := source.read(_CHUNK):
                sum_.update(chunk)
                size += len(chunk)
                if into is not None:
                    into.write(chunk)
        if {"bytes": size, "sha256": sum_.hexdigest()} != expected:
            raise ValueError("its checksum differs")


def write(directory: Path, name: str, database: Path, manifest: dict[str, Any]) -> Path:
    """Pack the database and its manifest into a file of that name.

    Raises:
        EnvironmentProblem: the file already exists.
    """
    target = directory / name
    partial = directory / f".{name}.{os.getpid()}.partial"
    manifest = manifest | {"format": FORMAT, "files": {database.name: _checksum(database)}}
    try:
        with _new_file(partial) as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                archive.writestr(MANIFEST, json.dumps(manifest, indent=1))
                archive.write(database, database.name)
            file.flush()
            os.fsync(file.fileno())
        _read(partial, read_manifest(partial))
        _give_name(partial, target)
        fsync_directory(directory)
    finally:
        partial.unlink(missing_ok=True)
    return target


def _give_name(partial: Path, target: Path) -> None:
    try:
        os.link(partial, target)  # Unlike a rename, this fails if the name exists.
    except FileExistsError:
        raise EnvironmentProblem(
            f"{target} already exists: a backup is never overwritten."
        ) from None
    except OSError:  # Some file systems have no hard links.
        if target.exists():
            raise EnvironmentProblem(
                f"{target} already exists: a backup is never overwritten."
            ) from None
        partial.rename(target)


def _new_file(path: Path) -> Any:
    return open(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w+b")


def _checksum(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    return {"bytes": path.stat().st_size, "sha256": found}


def fsync_directory(directory: Path) -> None:
    """Sync a directory, so that new names in it are durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directory(directory: Path) -> None:
    """Create a directory and its missing parents, for this user only."""
    for missing in [one for one in (*reversed(directory.parents), directory) if not one.exists()]:
        missing.mkdir(mode=0o700, exist_ok=True)


def require_disk_space(directory: Path, needed: int) -> None:
    """Require this many free bytes on the directory's disk.

    Raises:
        EnvironmentProblem: less is free.
    """
    free = shutil.disk_usage(directory).free
    if free < needed:
        raise EnvironmentProblem(
            f"{directory} has {free // 2**20} MiB left, and {needed // 2**20 + 1} are needed."
            " Free space, or set BACKUP_PATH to a larger disk."
        )
