"""Drills of outages under load: failover, full disk and stopped database.

The results are checked by tests/stress/chaos/checking.py.
"""

from __future__ import annotations

import os
import resource
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.api.live import admin_token
from tests.stress.chaos import checking
from tests.stress.chaos.history import GRANTED, History
from tests.stress.chaos.nemesis import small_disk
from tests.stress.chaos.run import Plan, _running_clients, _verify_ledger
from tests.stress.drills.standby import pair
from tests.support.databases import Server, _memory_directory, migrate, postgresql
from tests.support.servers import LiveServer, wait_until


@dataclass
class DrillResult:
    history: History
    problems: list[str]
    #: Number of answers before, during and after the outage.
    before: int
    during: int
    after: int

    @property
    def figures(self) -> dict[str, int]:
        results = self.history.results()
        return {
            "granted": results[GRANTED],
            "refused": results.total() - results[GRANTED],
            "told_busy": self.history.errors["BUSY"],
            "strange": len(self.history.unexpected),
            "problems": len(self.problems),
        }

    def __str__(self) -> str:
        results = self.history.results()
        errors = ", ".join(f"{name} {n}" for name, n in sorted(self.history.errors.items()))
        return "\n".join([
            f"{results[GRANTED]} operations granted, {results.total() - results[GRANTED]} refused;"
            f" {self.before} answers before, {self.during} during, {self.after} after the outage",
            f"errors of clients: {errors or 'none'}",
            f"{len(self.problems)} problems",
            *self.problems[:20],
        ])  # fmt: skip


def fail_over(*, answers: int, synchronous: bool = True) -> DrillResult:
    """Kill the primary under load and promote the standby, without a restart of the server."""
    with _work_directory() as directory, pair(directory / "pair") as servers:
        migrate(servers.url)
        rows_of = servers.standby.url
        if synchronous:
            servers.make_synchronous()
            return _run_drill(
                servers.url, directory, answers, lambda _: servers.fail_over(), rows_of=rows_of
            )

        def lose_writes(history: History) -> None:
            servers.disconnect_standby()
            _wait_for_answers(history, answers)
            servers.fail_over()

        return _run_drill(
            servers.url, directory, answers, lose_writes, rows_of=rows_of, continues=False
        )


def full_disk(kind: str, *, answers: int) -> DrillResult:
    """Fill the disk of the database for a while. Needs root to mount a file system."""
    with ExitStack() as stack:
        directory = stack.enter_context(_work_directory())
        disk = stack.enter_context(small_disk(directory / "disk", 48 if kind == "sqlite" else 300))
        if kind == "sqlite":
            url = f"sqlite:///{disk}/inventory.db"
        else:
            url = stack.enter_context(postgresql(disk, {"max_connections": "60"})).url
        migrate(url)
        return _run_drill(url, directory, answers, outage=lambda server: _full_disk(disk))


def database_down(*, answers: int) -> DrillResult:
    """Stop PostgreSQL under load for a while, without a restart of the server."""
    with (
        _work_directory() as directory,
        postgresql(directory / "pair", {"max_connections": "60"}) as database,
    ):
        migrate(database.url)
        return _run_drill(
            database.url, directory, answers, outage=lambda _: _stopped_database(database)
        )


def full_quota(*, answers: int) -> DrillResult:
    """Like `full_disk` without root: limit the file size of the server processes."""
    with _work_directory() as directory:
        url = f"sqlite:///{directory}/inventory.db"
        migrate(url)
        return _run_drill(url, directory, answers, outage=_limited_file_size)


def _run_drill(
    url: str,
    directory: Path,
    answers: int,
    strike: Callable[[History], None] = lambda _: None,
    *,
    continues: bool = True,
    outage: Callable[[LiveServer], Any] | None = None,
    rows_of: str | None = None,
) -> DrillResult:
    environ = {"INSTANCE_PATH": str(directory / "instance"), "LOG_LEVEL": "ERROR"}
    server = LiveServer(environ | {"DATABASE_URL": url}, directory / "log").start()
    try:
        token, history = admin_token(server), History()
        proxy: Any = SimpleNamespace(url=server.url)
        processes = [server.process and server.process.pid, *server.workers()]
        with _running_clients(Plan("", 0, clients=4), proxy, server, token, history):
            _wait_for_answers(history, answers)
            before = history.answered()
            if outage is not None:
                with outage(server):
                    busy = history.errors["BUSY"]
                    wait_until(
                        lambda: history.errors["BUSY"] > busy + 10, "no client met the outage", 30
                    )
            strike(history)
            during = history.answered()
            if continues:
                _wait_for_answers(history, answers)
        rows = checking.Rows.of(rows_of or url)
        problems = checking.problems_of(history, rows) + _verify_ledger(server)
        if processes != [server.process and server.process.pid, *server.workers()]:
            problems.append("processes of the server were replaced")
        after = history.answered() - during
        return DrillResult(history, problems, before, during - before, after)
    finally:
        server.kill()


def _wait_for_answers(history: History, more: int) -> None:
    goal = history.answered() + more
    wait_until(lambda: history.answered() >= goal, "the clients get no answers", seconds=60)


@contextmanager
def _stopped_database(database: Server) -> Iterator[None]:
    database.stop()
    try:
        yield
    finally:
        database.start()


@contextmanager
def _full_disk(disk: Path) -> Iterator[None]:
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 65536):
                pass
        except OSError:
            pass
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def _limited_file_size(server: LiveServer) -> Iterator[None]:
    """Limit the file size of each worker to one byte, so that every write fails."""
    workers = server.workers()
    for pid in workers:
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        for pid in workers:
            _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))


@contextmanager
def _work_directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="drill-", dir=_memory_directory()) as name:
        directory = Path(name)
        (directory / "pair").mkdir()
        if os.geteuid() == 0:
            directory.chmod(0o711)
        yield directory
