"""Two PostgreSQL servers on loopback: a primary and its standby."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests.support.databases import Server, _as_unprivileged, _binaries, _unprivileged_ids
from tests.support.servers import free_port, wait_until

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "wal_level": "replica",
    "max_wal_senders": "4",
    "log_min_messages": "fatal",
}


class Pair:
    """A primary and a standby; `url` connects to the one that accepts writes."""

    def __init__(self, primary: Server, standby: Server, ports: tuple[int, int]) -> None:
        self.primary, self.standby = primary, standby
        hosts = "&".join(f"host=127.0.0.1:{port}" for port in ports)
        self.url = f"postgresql://postgres@/postgres?{hosts}&target_session_attrs=read-write"

    def make_synchronous(self) -> None:
        """Make commits wait for the standby."""
        _run(self.primary, "ALTER SYSTEM SET synchronous_standby_names = '*'")
        _run(self.primary, "SELECT pg_reload_conf()")
        query = "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"
        wait_until(lambda: bool(_run(self.primary, query)), "the standby is not synchronous", 30)

    def disconnect_standby(self) -> None:
        """Stop the replication, as the negative control of the failover drill."""
        _run(self.standby, "ALTER SYSTEM SET primary_conninfo = ''")
        _run(self.standby, "SELECT pg_reload_conf()")
        query = "SELECT 1 FROM pg_stat_replication"
        wait_until(lambda: not _run(self.primary, query), "the standby is still connected", 30)

    def fail_over(self) -> None:
        """Kill all processes of the primary and promote the standby."""
        assert self.primary.process is not None
        os.killpg(self.primary.process.pid, signal.SIGKILL)
        self.primary.process.wait(30)
        time.sleep(0.5)
        assert _run(self.standby, "SELECT pg_promote()") == [(True,)]


@contextmanager
def pair(directory: Path) -> Iterator[Pair]:
    """Run a primary with its standby in this directory."""
    ports = free_port(), free_port()
    directory.chmod(0o711)
    with _binaries() as binaries:
        servers = [_server(binaries, directory / name, port)
                   for name, port in zip("ab", ports, strict=True)]  # fmt: skip
        primary, standby = servers
        primary.init()
        primary.start()
        try:
            _copy(binaries, primary, standby, ports[0])
            standby.start()
            yield Pair(primary, standby, ports)
        finally:
            for server in servers:
                if server.process is not None and server.process.poll() is None:
                    server.stop()


def _server(binaries: Path, directory: Path, port: int) -> Server:
    directory.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(directory, *_unprivileged_ids())
    server = Server(binaries, directory, {**_SETTINGS, "port": str(port)})
    server.url = f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
    return server


def _copy(binaries: Path, primary: Server, standby: Server, port: int) -> None:
    command: list[Any] = [binaries / "pg_basebackup", "-D", standby.data, "-h", "127.0.0.1"]
    command += ["-p", str(port), "-U", "postgres", "-R", "-X", "stream", "-c", "fast"]
    subprocess.run(
        command, **_as_unprivileged(), cwd=standby.data.parent, check=True, capture_output=True
    )


def _run(server: Server, statement: str) -> list[Any]:
    with psycopg.connect(server.url.replace("+psycopg", ""), autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []
