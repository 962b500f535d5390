"""What may happen to a site in its years, rehearsed: each drill tells what the clients saw.

The checker is that of the chaos runs (tests/stress/chaos/checking.py): it believes the clients
and the
rows, and asks no code of the product.
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
from tests.stress.chaos.run import Plan, _at_work, _what_verify_finds
from tests.stress.drills.standby import pair
from tests.support.databases import Server, _memory_directory, migrate, postgresql
from tests.support.servers import LiveServer, wait_until


@dataclass
class Told:
    history: History
    problems: list[str]
    #: Answered before the blow, while it lasted, and afterwards.
    before: int
    meanwhile: int
    after: int

    @property
    def figures(self) -> dict[str, int]:
        told = self.history.told()
        return {
            "granted": told[GRANTED],
            "refused": told.total() - told[GRANTED],
            "told_busy": self.history.troubles["BUSY"],
            "strange": len(self.history.strange),
            "problems": len(self.problems),
        }

    def __str__(self) -> str:
        told = self.history.told()
        met = ", ".join(f"{name} {n}" for name, n in sorted(self.history.troubles.items()))
        return "\n".join([
            f"{told[GRANTED]} operations granted, {told.total() - told[GRANTED]} refused;"
            f" {self.before} answers before, {self.meanwhile} meanwhile, {self.after} after it",
            f"clients met: {met or 'nothing'}",
            f"{len(self.problems)} problems",
            *self.problems[:20],
        ])  # fmt: skip


def fail_over(*, answers: int, synchronous: bool = True) -> Told:
    """The primary is killed in mid-load, the standby promoted; nobody restarts the program."""
    with _place() as place, pair(place / "pair") as both:
        migrate(both.url)
        rows_of = both.standby.url
        if synchronous:
            both.be_synchronous()
            return _rehearse(both.url, place, answers, lambda _: both.fail_over(), rows_of=rows_of)

        def lose(history: History) -> None:
            both.cut_off()
            _answered(history, answers)
            both.fail_over()

        return _rehearse(both.url, place, answers, lose, rows_of=rows_of, goes_on=False)


def full_disk(kind: str, *, answers: int) -> Told:
    """The disk under the database is full for a while (a file system of its own: needs root)."""
    with ExitStack() as stack:
        place = stack.enter_context(_place())
        disk = stack.enter_context(small_disk(place / "disk", 48 if kind == "sqlite" else 300))
        if kind == "sqlite":
            url = f"sqlite:///{disk}/inventory.db"
        else:
            url = stack.enter_context(postgresql(disk, {"max_connections": "60"})).url
        migrate(url)
        return _rehearse(url, place, answers, meanwhile=lambda server: _filled(disk))


def database_down(*, answers: int) -> Told:
    """PostgreSQL is stopped under a working program, which nobody restarts when it is back."""
    with _place() as place, postgresql(place / "pair", {"max_connections": "60"}) as database:
        migrate(database.url)
        return _rehearse(database.url, place, answers, meanwhile=lambda _: _stopped(database))


def full_quota(*, answers: int) -> Told:
    """The same for whoever may mount nothing: the server's files may not grow for a while."""
    with _place() as place:
        url = f"sqlite:///{place}/inventory.db"
        migrate(url)
        return _rehearse(url, place, answers, meanwhile=_held_small)


def _rehearse(
    url: str,
    place: Path,
    answers: int,
    strike: Callable[[History], None] = lambda _: None,
    *,
    goes_on: bool = True,
    meanwhile: Callable[[LiveServer], Any] | None = None,
    rows_of: str | None = None,
) -> Told:
    environ = {"INSTANCE_PATH": str(place / "instance"), "LOG_LEVEL": "ERROR"}
    server = LiveServer(environ | {"DATABASE_URL": url}, place / "log").start()
    try:
        token, history = admin_token(server), History()
        wire: Any = SimpleNamespace(url=server.url)
        processes = [server.process and server.process.pid, *server.workers()]
        with _at_work(Plan("", 0, clients=4), wire, server, token, history):
            _answered(history, answers)
            before = history.answered()
            if meanwhile is not None:
                with meanwhile(server):
                    trouble = history.troubles["BUSY"]
                    wait_until(lambda: history.troubles["BUSY"] > trouble + 10, "nobody met it", 30)
            strike(history)
            during = history.answered()
            if goes_on:
                _answered(history, answers)
        rows = checking.Rows.of(rows_of or url)
        problems = checking.problems_of(history, rows) + _what_verify_finds(server)
        if processes != [server.process and server.process.pid, *server.workers()]:
            problems.append("the server did not live through it")
        after = history.answered() - during
        return Told(history, problems, before, during - before, after)
    finally:
        server.kill()


def _answered(history: History, more: int) -> None:
    goal = history.answered() + more
    wait_until(lambda: history.answered() >= goal, "the clients get no answers", seconds=60)


@contextmanager
def _stopped(database: Server) -> Iterator[None]:
    database.stop()
    try:
        yield
    finally:
        database.start()


@contextmanager
def _filled(disk: Path) -> Iterator[None]:
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
def _held_small(server: LiveServer) -> Iterator[None]:
    """No write beyond the first page of any file, for each process of the server."""
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
def _place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="drill-", dir=_memory_directory()) as directory:
        place = Path(directory)
        (place / "pair").mkdir()
        if os.geteuid() == 0:
            place.chmod(0o711)
        yield place
