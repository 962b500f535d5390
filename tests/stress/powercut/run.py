"""One run: the product at work on a disk whose power goes, again and again.

After each cut the disk is mounted with what survived, the database recovers, and everything that
any client was told until then must stand in it; then all work on, on the same database.
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
from tests.stress.chaos.history import GRANTED, History
from tests.stress.chaos.mutants import MUTANTS, mutated
from tests.stress.chaos.wire import Wire
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
#: The power goes at one of so many next changes or syncs.
REACH = {"changes": 400, "syncs": 12}


@dataclass
class Plan:
    kind: str
    cuts: int
    clients: int = 6
    seed: int = 1
    #: One of CARELESS: the negative control.
    careless: str = ""


@dataclass
class Outcome:
    history: History
    cuts: Counter[str] = field(default_factory=Counter)
    #: What the disk saw and forgot.
    disk: Counter[str] = field(default_factory=Counter)
    #: Acknowledged, and not there after a cut.
    lost: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def figures(self) -> dict[str, Any]:
        told = self.history.told()
        return {
            **self.disk,
            "kinds": dict(self.cuts),
            "granted": told[GRANTED],
            "refused": told.total() - told[GRANTED],
            "looks": len(self.history.looks),
            "lost": self.lost,
            "problems": len(self.problems),
        }


def run(plan: Plan) -> Outcome:
    with ExitStack() as stack:
        place = Path(
            stack.enter_context(
                tempfile.TemporaryDirectory(prefix="powercut-", dir=_memory_directory())
            )
        )
        disk = stack.enter_context(powercut_disk(place))
        database = stack.enter_context(
            database_on(disk, plan.kind, place, careless=plan.careless == FSYNC_OFF)
        )
        migrate(database.url)
        disk.sync()
        environ = {"INSTANCE_PATH": str(place / "instance"), "LOG_LEVEL": "ERROR"}
        server = LiveServer(environ | {"DATABASE_URL": database.url}, place / "log")
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
            wire = stack.enter_context(Wire(self.server.port, rate=0, seed=self.plan.seed))
            stack.callback(wire.shutdown)
            wire.is_dark = lambda: self.disk.is_dark
            stack.enter_context(chaos._at_work(plan, wire, self.server, token, history))
            while outcome.disk["cuts"] < self.plan.cuts:
                self._work_is_done()
                self._cut()
                if not self._recovers() and self.plan.careless:
                    history.abandoned = True
                    return outcome
                self.server.start()
            self._work_is_done()
        rows = checking.Rows.of(self.database.url)
        outcome.problems += checking.problems_of(history, rows)
        outcome.problems += chaos._what_the_api_has_otherwise(self.server, token, rows)
        outcome.problems += chaos._what_verify_finds(self.server)
        return outcome

    def _work_is_done(self) -> None:
        history = self.outcome.history
        goal = history.answered() + 25
        self._wait(lambda: history.answered() >= goal)

    def _wait(self, condition: Callable[[], bool]) -> None:
        """A stall is told with all that is known of it."""
        history = self.outcome.history
        before = history.troubles.copy()
        try:
            wait_until(condition, "", seconds=60)
        except AssertionError:
            met = history.troubles - before
            raise AssertionError(
                f"nobody gets on: clients met {dict(met)}, {history.strange};"
                f" the server said: {self.server.log[-3000:]}"
            ) from None

    def _cut(self) -> None:
        # Without durability there may never be a sync to wait for.
        self._order({"changes": REACH["changes"]} if self.plan.careless else REACH)
        if self.random.random() < 0.4:
            self.database.checkpoint()  # the cut is to come in the middle of it
        self._wait(lambda: self.disk.is_dead)
        self.server.kill()
        self._is_dark("at work")

    def _order(self, reach: dict[str, int]) -> None:
        kind = self.random.choice(list(reach))
        after, seed = self.random.randrange(reach[kind]), self.random.randrange(2**32)
        self.disk.cut_after(after, kind, self.random.choice(LOSSES), seed)

    def _is_dark(self, when: str) -> None:
        told = self.disk.wait_for_cut(10)
        self.database.kill()
        self.disk.unmount()
        self.outcome.cuts[when] += 1
        self.outcome.cuts[told["loss"]] += 1
        self.outcome.cuts[f"before {told['kind']}"] += 1
        self.outcome.disk["cuts"] += 1
        for name in ("lost_writes", "lost_names", "changes", "syncs"):
            self.outcome.disk[name] += told[name]

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
        found += chaos._what_verify_finds(self.server)
        self.outcome.lost += sum("acknowledged, and lost" in problem for problem in found)
        self.outcome.problems += found
        return not found

    def _cut_again(self) -> None:
        """The power goes once more, while the database recovers."""
        self._order({name: count // 4 for name, count in REACH.items()})
        with suppress(Exception):
            self.database.start()
            self.database.damage()
            self.database.checkpoint()
        with suppress(OSError):  # it may be gone already
            self.disk.cut_after(0, "changes", LOSSES[0], 0)
            (self.disk.path / "nothing").touch()
        self._is_dark("at recovery")
        self.disk.start()
