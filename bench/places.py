"""Databases for the benchmarks: made once, kept, and used again by the next run.

They lie on the disk and are as careful as a site's: every commit is on the disk before it counts.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy.engine import make_url

from tests.support.databases import Server, _binaries, _nobody

PLACE = Path(tempfile.gettempdir(), f"inventory-bench-{os.geteuid()}")

_SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "maintenance_work_mem": "256MB",
    "log_min_messages": "fatal",
}


@contextmanager
def place(kind: str) -> Iterator[Place]:
    """Where kept databases of this kind are; a PostgreSQL server runs as long as it is used."""
    PLACE.mkdir(mode=0o711, exist_ok=True)
    if PLACE.stat().st_uid != os.geteuid():
        raise SystemExit(f"{PLACE} belongs to somebody else.")
    if kind == "sqlite":
        yield Place(kind, f"sqlite:///{PLACE}")
        return
    directory = PLACE / "pg"
    is_new = not (directory / "data" / "PG_VERSION").exists()
    directory.mkdir(mode=0o700, exist_ok=True)
    with _binaries() as binaries:
        if os.geteuid() == 0:
            os.chown(directory, *_nobody())
        server = Server(binaries, directory, _SETTINGS)
        if is_new:
            server.init()
        server.start()
        try:
            yield Place(kind, server.url)
        finally:
            server.stop()


class Place:
    def __init__(self, kind: str, url: str) -> None:
        self.kind, self._url = kind, url

    def url(self, name: str) -> str:
        if self.kind == "sqlite":
            return f"{self._url}/{name}.db"
        return make_url(self._url).set(database=name).render_as_string(hide_password=False)

    def has(self, name: str) -> bool:
        if self.kind == "sqlite":
            return Path(PLACE, f"{name}.db").exists()
        with psycopg.connect(self._plain) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            return found.fetchone() is not None

    def create(self, name: str) -> None:
        if self.kind == "postgresql":
            self._run(f'CREATE DATABASE "{name}"')

    def copy(self, name: str, to: str) -> None:
        """A copy to write into, so that the kept one stays what it is."""
        self.drop(to)
        if self.kind == "sqlite":
            shutil.copyfile(PLACE / f"{name}.db", PLACE / f"{to}.db")
        else:
            self._run(f'CREATE DATABASE "{to}" TEMPLATE "{name}" STRATEGY file_copy')

    def rename(self, name: str, to: str) -> None:
        if self.kind == "sqlite":
            Path(PLACE, f"{name}.db").rename(Path(PLACE, f"{to}.db"))
        else:
            self._run(f'ALTER DATABASE "{name}" RENAME TO "{to}"')

    def look_around(self, name: str) -> None:
        """What PostgreSQL does by itself in the minutes after a migration."""
        if self.kind == "postgresql":
            with psycopg.connect(self.url(name).replace("+psycopg", ""), autocommit=True) as one:
                one.execute("ANALYZE")

    def drop(self, name: str) -> None:
        if self.kind == "sqlite":
            for path in PLACE.glob(f"{name}.db*"):
                path.unlink()
        else:
            self._run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    @property
    def _plain(self) -> str:
        return self._url.replace("+psycopg", "")

    def _run(self, statement: str) -> None:
        with psycopg.connect(self._plain, autocommit=True) as connection:
            connection.execute(statement)
