"""A power cut run: clients work while the power of the database's disk is cut repeatedly.

After each cut the disk is mounted with what survived and the database recovers. It must contain
all acknowledged work; then the clients continue on the same database.
"""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.api.live import admin_token
from tests.stress.chaos import checking
from tests.stress.chaos import run as chaos
from tests.stress.chaos.faulty_proxy import FaultyProxy
from tests.stress.chaos.history import GRANTED, History
from tests.stress.chaos.mutants import MUTANTS, mutated
from tests.stress.powercut.disk import PowerCutDisk, powercut_disk
from tests.stress.powercut.model import LOSSES
from tests.stress.powercut.site import PostgreSQL, Sqlite, database_on
from tests.support.databases import _memory_directory, migrate
from tests.support.servers import LiveServer, wait_until

FSYNC_OFF = "fsync=off"
CARELESS = {
    "sqlite": ["synchronous=NORMAL", "synchronous=OFF"],
    "postgresql": ["synchronous_commit=off", FSYNC_OFF],
}
#: A cut comes within this number of changes or syncs.
CUT_WITHIN = {"changes": 400, "syncs": 12}


@dataclass
class Plan:
    kind: str
    cuts: int
    clients: int = 6
    seed: int = 1
    #: One of CARELESS, as the negative control.
    careless: str = ""


@dataclass
class Outcome:
    history: History
    cuts: Counter[str] = field(default_factory=Counter)
    #: Counts of the disk.
    disk: Counter[str] = field(default_factory=Counter)
    #: Acknowledged operations that a cut lost.
    lost: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def figures(self) -> dict[str, Any]:
        results = self.history.results()
        return {
            **self.disk,
            "kinds": dict(self.cuts),
            "granted": results[GRANTED],
            "refused": results.total() - results[GRANTED],
            "looks": len(self.history.reads),
            "lost": self.lost,
            "problems": len(self.problems),
        }


def run(plan: Plan) -> Outcome:
    with ExitStack() as stack:
        directory = Path(
            stack.enter_context(
                tempfile.TemporaryDirectory(prefix="powercut-", dir=_memory_directory())
            )
        )
        disk = stack.enter_context(powercut_disk(directory))
        database = stack.enter_context(
            database_on(disk, plan.kind, directory, careless=plan.careless == FSYNC_OFF)
        )
        migrate(database.url)
        disk.sync()
        environ = {"INSTANCE_PATH": str(directory / "instance"), "LOG_LEVEL": "ERROR"}
        server = LiveServer(environ | {"DATABASE_URL": database.url}, directory / "log")
        if plan.careless in MUTANTS:
            server.root = stack.enter_context(mutated(plan.careless))
        server.start()
        stack.callback(server.kill)
        return _Run(plan, disk, database, server).run()


class _Run:
    def __init__(
        self, plan: Plan, disk: PowerCutDisk, database: Sqlite | PostgreSQL, server: LiveServer
    ) -> None:
        self.plan, self.disk, self.database, self.server = plan, disk, database, server
        self.random = random.Random(plan.seed)
        self.outcome = Outcome(History())

    def run(self) -> Outcome:
        history, outcome = self.outcome.history, self.outcome
        token = admin_token(self.server)
        plan = chaos.Plan(self.plan.kind, 0, self.plan.clients, seed=self.plan.seed)
        with ExitStack() as stack:
            proxy = stack.enter_context(FaultyProxy(self.server.port, rate=0, seed=self.plan.seed))
            stack.callback(proxy.shutdown)
            proxy.is_power_off = lambda: self.disk.is_power_off
            stack.enter_context(chaos._running_clients(plan, proxy, self.server, token, history))
            while outcome.disk["cuts"] < self.plan.cuts:
                self._wait_for_answers()
                self._cut()
                if not self._recovers() and self.plan.careless:
                    history.abandoned = True
                    return outcome
                self.server.start()
            self._wait_for_answers()
        rows = checking.Rows.of(self.database.url)
        outcome.problems += checking.problems_of(history, rows)
        outcome.problems += chaos._compare_with_api(self.server, token, rows)
        outcome.problems += chaos._verify_ledger(self.server)
        return outcome

    def _wait_for_answers(self) -> None:
        history = self.outcome.history
        goal = history.answered() + 25
        self._wait(lambda: history.answered() >= goal)

    def _wait(self, condition: Callable[[], bool]) -> None:
        """Wait for the condition; on a timeout raise an error with all details."""
        history = self.outcome.history
        before = history.errors.copy()
        try:
            wait_until(condition, "", seconds=60)
        except AssertionError:
            errors = history.errors - before
            raise AssertionError(
                f"no progress: errors of clients {dict(errors)}, {history.unexpected};"
                f" log of the server: {self.server.log[-3000:]}"
            ) from None

    def _cut(self) -> None:
        # Without durability there may be no sync at all.
        self._order_cut({"changes": CUT_WITHIN["changes"]} if self.plan.careless else CUT_WITHIN)
        if self.random.random() < 0.4:
            self.database.checkpoint()  # so that the cut comes during it
        self._wait(lambda: self.disk.is_dead)
        self.server.kill()
        self._finish_cut("at work")

    def _order_cut(self, limits: dict[str, int]) -> None:
        kind = self.random.choice(list(limits))
        after, seed = self.random.randrange(limits[kind]), self.random.randrange(2**32)
        self.disk.cut_after(after, kind, self.random.choice(LOSSES), seed)

    def _finish_cut(self, when: str) -> None:
        counts = self.disk.wait_for_cut(10)
        self.database.kill()
        self.disk.unmount()
        self.outcome.cuts[when] += 1
        self.outcome.cuts[counts["loss"]] += 1
        self.outcome.cuts[f"before {counts['kind']}"] += 1
        self.outcome.disk["cuts"] += 1
        for name in ("lost_writes", "lost_names", "changes", "syncs"):
            self.outcome.disk[name] += counts[name]

    def _recovers(self) -> bool:
        self.disk.start()
        if self.random.random() < 0.3:
            self._cut_again()
        try:
            self.database.start()
            found = self.database.damage()
            rows = checking.Rows.of(self.database.url)
        except Exception as error:
            found, rows = [f"cannot be opened: {error}"], checking.Rows([], {}, [])
        found += checking.problems_so_far(self.outcome.history, rows)
        found += chaos._verify_ledger(self.server)
        self.outcome.lost += sum("acknowledged, and lost" in problem for problem in found)
        self.outcome.problems += found
        return not found

    def _cut_again(self) -> None:
        """Cut the power again while the database recovers."""
        self._order_cut({name: count // 4 for name, count in CUT_WITHIN.items()})
        with suppress(Exception):
            self.database.start()
            self.database.damage()
            self.database.checkpoint()
        with suppress(OSError):  # the power may be off already
            self.disk.cut_after(0, "changes", LOSSES[0], 0)
            (self.disk.path / "nothing").touch()
        self._finish_cut("at recovery")
        self.disk.start()
