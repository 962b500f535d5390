"""Checks of machine and settings: Python, files, disks, proxy."""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from inventory.common import clock
from inventory.common.messages import message
from inventory.config import Config
from inventory.doctor.results import CheckResult, error, ok, size, warning

OLDEST_PYTHON = (3, 11)
LITTLE, TOO_LITTLE = 2 * 2**30, 256 * 2**20
#: Their locking and their fsync are not what SQLite needs.
NETWORK_FILE_SYSTEMS = frozenset({
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "davfs",
    "fuse.sshfs", "fuse.glusterfs",
})  # fmt: skip


def check_python(version: tuple[int, ...] = sys.version_info[:3]) -> CheckResult:
    """Check the Python version."""
    what = ".".join(map(str, version))
    if version < OLDEST_PYTHON:
        needed = ".".join(map(str, OLDEST_PYTHON))
        return error(
            message("Python"),
            message("%(what)s is too old", what=what),
            message("Install Python %(needed)s or newer.", needed=needed),
        )
    return ok(message("Python"), what)


def check_dependencies(root: Path) -> CheckResult:
    """Check that the installed packages have the tested versions."""
    required = _pins(root / "requirements.txt")
    pinned = _pins(root / "constraints.txt") | required
    found = {name: _version(name) for name in pinned}
    optional = {name for name, (_, marked) in required.items() if marked}
    missing = [name for name in required if found[name] is None and name not in optional]
    others = [
        f"{name} {found[name]} (tested: {version})"
        for name, (version, _) in pinned.items()
        if found[name] not in (None, version)
    ]
    advice = message("Run `make setup`, or `pip install -r requirements.txt`.")
    if missing:
        return error(
            message("Dependencies"), message("missing: %(names)s", names=list(missing)), advice
        )
    if others:
        return warning(
            message("Dependencies"),
            message("other versions: %(names)s", names=list(others[:5])),
            advice,
        )
    return ok(
        message("Dependencies"),
        message("%(count)s packages have the tested version", count=len(required)),
    )


def _pins(path: Path) -> dict[str, tuple[str, bool]]:
    """Return each pinned name, its version, and whether it is for some machines only."""
    lines = path.read_text().splitlines()
    found = [re.match(r"([\w.-]+)(?:\[\w+\])?==([\w.]+)\s*(;?)", line) for line in lines]
    return {match[1].lower(): (match[2], bool(match[3])) for match in found if match}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def check_file_permissions(config: Config) -> CheckResult:
    """Check that only the server's user can read secret key, database and backups."""
    database = [Path(config.url.database or "")] if config.is_sqlite else []
    named = [config.instance_path, config.instance_path / "secret_key", *database]
    open_to_all = [path for path in (*named, config.backup_path) if _is_exposed(path)]
    if open_to_all:
        what = ", ".join(f"{path} (mode {path.stat().st_mode & 0o777:o})" for path in open_to_all)
        words = " ".join(map(str, open_to_all))
        return error(
            message("Files"),
            message("other users can read %(what)s", what=what),
            message("Run: chmod go= %(words)s", words=words),
        )
    return ok(message("Files"), message("only the owner can read secret key, database and backups"))


def _is_exposed(path: Path) -> bool:
    """Return whether other users can reach the path.

    A path in a directory that others cannot enter is not exposed.
    """
    if not path.exists() or not stat.S_IMODE(path.stat().st_mode) & 0o077:
        return False
    return path.is_dir() or bool(path.parent.stat().st_mode & 0o011)


def check_file_system(config: Config, mounts: str | None = None) -> CheckResult:
    """Check that a SQLite database is on a local disk."""
    place = Path(config.url.database or "") if config.is_sqlite else config.instance_path
    try:
        text = Path("/proc/self/mounts").read_text() if mounts is None else mounts
    except OSError:
        return warning(
            message("File system"),
            message("cannot be determined"),
            message("Make sure that the data is on a local disk."),
        )
    kind = _kind_of(place, text)
    if kind in NETWORK_FILE_SYSTEMS:
        advice = message("Move this path to a local disk, or use PostgreSQL.")
        what = message("%(place)s is on the network (%(kind)s)", place=place, kind=kind)
        return (error if config.is_sqlite else warning)(message("File system"), what, advice)
    return ok(
        message("File system"),
        message("%(place)s is on this machine (%(kind)s)", place=place, kind=kind),
    )


def _kind_of(place: Path, mounts: str) -> str:
    best, kind = "", "unknown"
    for line in mounts.splitlines():
        _, point, type_, *_ = line.split()
        point = point.replace("\\040", " ")
        inside = place == Path(point) or Path(point) in place.parents
        if inside and len(point) >= len(best):
            best, kind = point, type_
    return kind


def check_disk_space(
    config: Config, free_on: Iterable[tuple[Path, int]] | None = None
) -> CheckResult:
    """Check the disk space for the database and the next backup."""
    places = [config.instance_path, config.backup_path]
    if config.is_sqlite:
        places.append(Path(config.url.database or "").parent)
    known = free_on or [(_standing(path), _free(path)) for path in places]
    place, least = min(known, key=lambda one: one[1])
    what = message("%(size)s left on %(place)s", size=size(least), place=place)
    if least < TOO_LITTLE:
        return error(
            message("Disk"), what, message("Free space now: a full disk stops every write.")
        )
    if least < LITTLE:
        return warning(
            message("Disk"), what, message("Free space, or move BACKUP_PATH to another disk.")
        )
    return ok(message("Disk"), what)


def _standing(path: Path) -> Path:
    return next(one for one in (path, *path.parents) if one.exists())


def _free(path: Path) -> int:
    return shutil.disk_usage(_standing(path)).free


def check_timezone(config: Config) -> CheckResult:
    """Show the time zone and the time at the site."""
    there = clock.now().astimezone(config.site_timezone)
    return ok(
        message("Time zone"),
        message(
            "%(zone)s: it is %(time)s at the site",
            zone=config.site_timezone.key,
            time=clock.Time(there),
        ),
    )


def check_proxy(config: Config) -> list[CheckResult]:
    """Check HTTPS, proxies and host names."""
    found = []
    reachable = not config.is_loopback or config.proxy_count > 0
    if reachable and not config.https:
        found.append(
            warning(message(
"HTTPS"
), message(
"off: passwords cross the network unencrypted"
),
                 message(
"Use a reverse proxy with HTTPS and set HTTPS=yes."
))
        )  # fmt: skip
    if config.https and not config.proxy_count:
        found.append(
            warning(message(
"Proxies"
),
                 message(
"HTTPS is on but PROXY_COUNT is 0: all users share the address of the proxy"
),
                 message(
"Set PROXY_COUNT to the number of reverse proxies."
))
        )  # fmt: skip
    if config.proxy_count and not config.is_loopback:
        found.append(
            warning(message(
"Proxies"
),
                 message(
"proxies are trusted, but %(host)s can be reached without them",
host=config.host
),
                 message(
"Set HOST=127.0.0.1, or allow only the proxy to reach the port."
))
        )  # fmt: skip
    if not config.known_hosts:
        found.append(
            warning(message(
"Host names"
), message(
"requests for any host name are answered"
),
                 message(
"Set TRUSTED_HOSTS to the host names of this site."
))
        )  # fmt: skip
    return found or [
        ok(message("Address"), message("the address is %(address)s", address=config.address))
    ]


def check_running_user() -> CheckResult:
    """Check that the server does not run as root."""
    if os.geteuid() == 0:
        return warning(
            message("User"),
            message("the server runs as root"),
            message("Run the server as a dedicated user."),
        )
    return ok(message("User"), message("not root"))
