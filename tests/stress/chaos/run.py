"""One run: a server, clients, a wire and a nemesis; at the end the checker has the word."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from inventory.common.quantity import parse_qty
from tests.api.live import admin_token
from tests.stress.chaos import checking, nemesis
from tests.stress.chaos.clients import ITEMS, Client, Floor
from tests.stress.chaos.history import GRANTED, History
from tests.stress.chaos.mutants import mutated
from tests.stress.chaos.nemesis import Nemesis
from tests.stress.chaos.wire import Wire
from tests.support.databases import migrate, postgresql
from tests.support.servers import LiveServer, wait_until


@dataclass
class Plan:
    kind: str
    strikes: int
    clients: int = 6
    #: The share of requests that the wire spoils.
    spoilt: float = 0.15
    seed: int = 1
    #: Full disks and jumping clocks too; these need root and libfaketime.
    hard: bool = False
    #: At the end there are at least so many answers.
    answers: int = 0
    #: One of MUTANTS, which the checker is to see through.
    mutant: str = ""


@dataclass
class Outcome:
    history: History
    strikes: dict[str, int]
    faults: dict[str, int]
    carried: int
    entries: int
    problems: list[str] = field(default_factory=list)

    @property
    def figures(self) -> dict[str, Any]:
        told = self.history.told()
        return {
            "kills": self.strikes.get("kill server", 0) + self.strikes.get("kill worker", 0),
            "postmaster_kills": self.strikes.get("kill database", 0),
            "strikes": self.strikes,
            "requests": self.carried,
            "spoilt": sum(self.faults.values()),
            "faults": self.faults,
            "granted": told[GRANTED],
            "refused": told.total() - told[GRANTED],
            "looks": len(self.history.looks),
            "told_busy": self.history.troubles["BUSY"],
            "problems": len(self.problems),
        }

    def __str__(self) -> str:
        told = self.history.told()
        refused = sum(told.values()) - told[GRANTED]
        lines = [
            f"{told[GRANTED]} operations granted, {refused} refused, {self.entries} entries, "
            f"{len(self.history.looks)} looks; {self.carried} requests",
            f"strikes: {_listed(self.strikes)}",
            f"wire: {_listed(self.faults)}",
            f"clients met: {_listed(self.history.troubles)}",
            f"{len(self.problems)} problems",
        ]
        return "\n".join([*lines, *self.problems[:40]])


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "none"


def run(plan: Plan) -> Outcome:
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
        server, attacker, url = _set_up(plan, place, stack)
        stack.callback(server.kill)
        token = admin_token(server)
        wire = stack.enter_context(Wire(server.port, rate=plan.spoilt, seed=plan.seed))
        stack.callback(wire.shutdown)
        history = History()
        with _at_work(plan, wire, server, token, history):
            for _ in range(plan.strikes):
                _some_work_is_done(history, server)
                attacker.strike()
            _some_work_is_done(history, server)
            while history.answered() < plan.answers:
                _some_work_is_done(history, server)
        rows = checking.Rows.of(url)
        problems = checking.problems_of(history, rows)
        problems += _what_the_api_has_otherwise(server, token, rows)
        problems += _what_verify_finds(server)
        counted = dict(attacker.done), dict(wire.faults), wire.carried
        return Outcome(history, *counted, len(rows.entries), problems)


def _set_up(plan: Plan, place: Path, stack: ExitStack) -> tuple[LiveServer, Nemesis, str]:
    environ = {"INSTANCE_PATH": str(place / "instance"), "LOG_LEVEL": "ERROR", "THREADS": "8"}
    disk = place / "disk"
    if plan.hard:
        stack.enter_context(nemesis.small_disk(disk, 64 if plan.kind == "sqlite" else 400))
        environ |= nemesis.faked_clock(place / "clock")
    else:
        disk.mkdir(mode=0o711)
    database = None
    if plan.kind == "sqlite":
        url = f"sqlite:///{disk}/inventory.db"
    else:
        place.chmod(0o711)
        database = stack.enter_context(postgresql(disk, {"max_connections": "100"}))
        url = database.url
    migrate(url)
    server = LiveServer(environ | {"DATABASE_URL": url}, place / "log")
    if plan.mutant:
        server.root = stack.enter_context(mutated(plan.mutant))
    server.start()
    attacker = Nemesis(server, seed=plan.seed)
    if database is not None:
        attacker.can_kill(database)
    if plan.hard:
        attacker.can_fill(disk)
        attacker.can_shift(place / "clock")
    return server, attacker, url


def _some_work_is_done(history: History, server: LiveServer) -> None:
    goal = history.answered() + 15

    def is_done() -> bool:
        # Its workers may die; it starts others. If it ends itself, nobody brings it back.
        ended = server.process is None or server.process.poll() is not None
        assert not ended, f"the server ended by itself: {server.log[-3000:]}"
        return history.answered() >= goal

    wait_until(is_done, "the clients get no answers", seconds=60)


@contextlib.contextmanager
def _at_work(
    plan: Plan, wire: Wire, server: LiveServer, token: str, history: History
) -> Iterator[None]:
    """Clients who work meanwhile, and who all have their answers afterwards."""
    for item in ITEMS:
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": item}
        body = {"code": item, "name": item}
        httpx.post(f"{server.url}/api/v1/items", json=body, headers=headers).raise_for_status()
    ended, floor = threading.Event(), Floor()
    clients = [
        Client(wire.url, token, plan.seed * 100 + n, history=history, floor=floor, ended=ended)
        for n in range(plan.clients)
    ]
    for client in clients:
        client.start()
    try:
        yield
    finally:
        ended.set()
    for client in clients:
        client.join(120)


def _what_the_api_has_otherwise(server: LiveServer, token: str, rows: checking.Rows) -> list[str]:
    """Each lot's figures as people see them, against the replay."""
    found = []
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"{server.url}/api/v1", headers=headers, timeout=30) as http:
        for lot_id, (on_hand, reserved, seq) in checking.figures_of(rows).items():
            seen = http.get(f"/lots/{lot_id}").json()
            shown = tuple(
                parse_qty(seen[name], decimals=6, unit="", allow_zero=True)
                for name in ("onHand", "reserved")
            )
            if (*shown, seen["lotSeq"]) != (on_hand, reserved, seq):
                found.append(f"lot {lot_id}: shown as {shown}, is {on_hand}, {reserved}")
    return found


def _what_verify_finds(server: LiveServer) -> list[str]:
    command = [sys.executable, "-m", "flask", "ledger", "verify"]
    ours = {"LD_PRELOAD", "PYTHONPATH"}
    environ = {name: text for name, text in server.environ.items() if name not in ours}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    return [] if done.returncode == 0 else [f"ledger verify: {done.stdout}{done.stderr}"]
