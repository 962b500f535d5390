"""Databases for the benchmarks, kept for the next run.

They are on the disk with the durability of a real site: a commit waits for the disk.
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

from tests.support.databases import Server, _binaries, _unprivileged_ids

DIRECTORY = Path(tempfile.gettempdir(), f"inventory-bench-{os.geteuid()}")

_SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "maintenance_work_mem": "256MB",
    "log_min_messages": "fatal",
}


@contextmanager
def bench_databases(kind: str) -> Iterator[BenchDatabases]:
    """Yield access to the kept databases; a PostgreSQL server runs inside the block."""
    DIRECTORY.mkdir(mode=0o711, exist_ok=True)
    if DIRECTORY.stat().st_uid != os.geteuid():
        raise SystemExit(f"{DIRECTORY} belongs to another user.")
    if kind == "sqlite":
        yield BenchDatabases(kind, f"sqlite:///{DIRECTORY}")
        return
    directory = DIRECTORY / "pg"
    is_new = not (directory / "data" / "PG_VERSION").exists()
    directory.mkdir(mode=0o700, exist_ok=True)
    with _binaries() as binaries:
        if os.geteuid() == 0:
            os.chown(directory, *_unprivileged_ids())
        server = Server(binaries, directory, _SETTINGS)
        if is_new:
            server.init()
        server.start()
        try:
            yield BenchDatabases(kind, server.url)
        finally:
            server.stop()


class BenchDatabases:
    def __init__(self, kind: str, url: str) -> None:
        self.kind, self._url = kind, url

    def url(self, name: str) -> str:
        if self.kind == "sqlite":
            return f"{self._url}/{name}.db"
        return make_url(self._url).set(database=name).render_as_string(hide_password=False)

    def has(self, name: str) -> bool:
        if self.kind == "sqlite":
            return Path(DIRECTORY, f"{name}.db").exists()
        with psycopg.connect(self._libpq_url) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            return found.fetchone() is not None

    def create(self, name: str) -> None:
        if self.kind == "postgresql":
            self._run(f'CREATE DATABASE "{name}"')

    def copy(self, name: str, to: str) -> None:
        """Copy a database, so that writes do not change the kept one."""
        self.drop(to)
        if self.kind == "sqlite":
            shutil.copyfile(DIRECTORY / f"{name}.db", DIRECTORY / f"{to}.db")
        else:
            self._run(f'CREATE DATABASE "{to}" TEMPLATE "{name}" STRATEGY file_copy')

    def rename(self, name: str, to: str) -> None:
        if self.kind == "sqlite":
            Path(DIRECTORY, f"{name}.db").rename(Path(DIRECTORY, f"{to}.db"))
        else:
            self._run(f'ALTER DATABASE "{name}" RENAME TO "{to}"')

    def analyze(self, name: str) -> None:
        """Collect statistics, as autovacuum of PostgreSQL does after a migration."""
        if self.kind == "postgresql":
            with psycopg.connect(
                self.url(name).replace("+psycopg", ""), autocommit=True
            ) as connection:
                connection.execute("ANALYZE")

    def drop(self, name: str) -> None:
        if self.kind == "sqlite":
            for path in DIRECTORY.glob(f"{name}.db*"):
                path.unlink()
        else:
            self._run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    @property
    def _libpq_url(self) -> str:
        return self._url.replace("+psycopg", "")

    def _run(self, statement: str) -> None:
        with psycopg.connect(self._libpq_url, autocommit=True) as connection:
            connection.execute(statement)
