"""A database on the simulated disk, with its server processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from tests.stress.powercut.disk import PowerCutDisk
from tests.support.databases import Server, _binaries, _unprivileged_ids
from tests.support.servers import ROOT, wait_until

_SETTINGS = {
    "max_connections": "60",
    "shared_buffers": "16MB",
    # Small, so that the log wraps often and a checkpoint is often running.
    "max_wal_size": "64MB",
    "min_wal_size": "32MB",
    "checkpoint_timeout": "30s",
}


class Sqlite:
    def __init__(self, disk: PowerCutDisk) -> None:
        self.path = disk.path / "inventory.db"
        self.url = f"sqlite:///{self.path}"
        self._used_by: list[subprocess.Popen[str]] = []

    def start(self) -> None:
        """SQLite has no server."""

    def kill(self) -> None:
        """Kill the processes that use the file."""
        for process in self._used_by:
            process.kill()
            process.communicate()
        self._used_by.clear()

    def checkpoint(self) -> None:
        self._use("checkpoint")

    def damage(self) -> list[str]:
        process = self._use("damage")
        output, errors = process.communicate(timeout=60)
        return [*output.splitlines(), *errors.splitlines()[-1:]]

    def _use(self, action: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.stress.powercut.sqlite_tool", action, self.path],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._used_by.append(process)
        return process


class PostgreSQL:
    def __init__(self, server: Server) -> None:
        self._server = server
        self.url = server.url

    def start(self) -> None:
        self._server.start()

    def kill(self) -> None:
        """Kill all processes of the server at once, so that none continues to write."""
        process = self._server.process
        if process is None or process.poll() is not None:
            return
        listed = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        for pid in [process.pid, *map(int, listed)]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait(30)
        wait_until(lambda: not any(Path("/proc", pid).exists() for pid in listed), "still alive")

    def checkpoint(self) -> None:
        threading.Thread(target=self._checkpoint, daemon=True).start()

    def _checkpoint(self) -> None:
        with (
            suppress(psycopg.Error),
            psycopg.connect(self._dsn, autocommit=True, connect_timeout=5) as connection,
        ):
            connection.execute("CHECKPOINT")

    def damage(self) -> list[str]:
        """Read every row; PostgreSQL verifies the checksum of each page."""
        tables = "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND NOT relisshared"
        try:
            with psycopg.connect(self._dsn, autocommit=True) as connection:
                for (table,) in connection.execute(tables).fetchall():
                    connection.execute(f"SELECT count(x::text) FROM {table} x")
        except psycopg.Error as error:
            return [f"damaged: {error}"]
        return []

    @property
    def _dsn(self) -> str:
        return self.url.replace("+psycopg", "")


@contextmanager
def database_on(
    disk: PowerCutDisk, kind: str, directory: Path, *, careless: bool = False
) -> Iterator[Sqlite | PostgreSQL]:
    """Run a database on the disk; `careless` sets fsync=off on PostgreSQL."""
    if kind == "sqlite":
        yield Sqlite(disk)
        return
    server_directory = directory / "pg"
    server_directory.mkdir(mode=0o700)
    with _binaries() as binaries:
        server = Server(
            binaries, server_directory, _SETTINGS | ({"fsync": "off"} if careless else {})
        )
        server.data = disk.path / "data"
        server.data.mkdir(mode=0o700)
        if os.geteuid() == 0:
            directory.chmod(0o711)
            for path in (server_directory, server.data):
                os.chown(path, *_unprivileged_ids())
        server.init()
        database = PostgreSQL(server)
        database.start()
        try:
            yield database
        finally:
            database.kill()
