"""A chaos run: server, clients, faulty proxy and nemesis; then the checker."""

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
from tests.stress.chaos.clients import ITEMS, Client, SharedLots
from tests.stress.chaos.faulty_proxy import FaultyProxy
from tests.stress.chaos.history import GRANTED, History
from tests.stress.chaos.mutants import mutated
from tests.stress.chaos.nemesis import Nemesis
from tests.support.databases import migrate, postgresql
from tests.support.servers import LiveServer, wait_until


@dataclass
class Plan:
    kind: str
    strikes: int
    clients: int = 6
    #: Share of requests that meet a network fault.
    fault_rate: float = 0.15
    seed: int = 1
    #: Also full disks and clock jumps; needs root and libfaketime.
    hard: bool = False
    #: Minimum number of answers.
    answers: int = 0
    #: One of MUTANTS, which the checker must find.
    mutant: str = ""


@dataclass
class Outcome:
    history: History
    strikes: dict[str, int]
    faults: dict[str, int]
    requests: int
    entries: int
    problems: list[str] = field(default_factory=list)

    @property
    def figures(self) -> dict[str, Any]:
        results = self.history.results()
        return {
            "kills": self.strikes.get("kill server", 0) + self.strikes.get("kill worker", 0),
            "postmaster_kills": self.strikes.get("kill database", 0),
            "strikes": self.strikes,
            "requests": self.requests,
            "spoilt": sum(self.faults.values()),
            "faults": self.faults,
            "granted": results[GRANTED],
            "refused": results.total() - results[GRANTED],
            "looks": len(self.history.reads),
            "told_busy": self.history.errors["BUSY"],
            "problems": len(self.problems),
        }

    def __str__(self) -> str:
        results = self.history.results()
        refused = sum(results.values()) - results[GRANTED]
        lines = [
            f"{results[GRANTED]} operations granted, {refused} refused, {self.entries} entries, "
            f"{len(self.history.reads)} reads; {self.requests} requests",
            f"strikes: {_listed(self.strikes)}",
            f"network faults: {_listed(self.faults)}",
            f"errors of clients: {_listed(self.history.errors)}",
            f"{len(self.problems)} problems",
        ]
        return "\n".join([*lines, *self.problems[:40]])


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "none"


def run(plan: Plan) -> Outcome:
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
        server, attacker, url = _set_up(plan, directory, stack)
        stack.callback(server.kill)
        token = admin_token(server)
        proxy = stack.enter_context(FaultyProxy(server.port, rate=plan.fault_rate, seed=plan.seed))
        stack.callback(proxy.shutdown)
        history = History()
        with _running_clients(plan, proxy, server, token, history):
            for _ in range(plan.strikes):
                _wait_for_answers(history, server)
                attacker.strike()
            _wait_for_answers(history, server)
            while history.answered() < plan.answers:
                _wait_for_answers(history, server)
        rows = checking.Rows.of(url)
        problems = checking.problems_of(history, rows)
        problems += _compare_with_api(server, token, rows)
        problems += _verify_ledger(server)
        counts = dict(attacker.done), dict(proxy.faults), proxy.requests
        return Outcome(history, *counts, len(rows.entries), problems)


def _set_up(plan: Plan, directory: Path, stack: ExitStack) -> tuple[LiveServer, Nemesis, str]:
    environ = {"INSTANCE_PATH": str(directory / "instance"), "LOG_LEVEL": "ERROR", "THREADS": "8"}
    disk = directory / "disk"
    if plan.hard:
        stack.enter_context(nemesis.small_disk(disk, 64 if plan.kind == "sqlite" else 400))
        environ |= nemesis.faked_clock(directory / "clock")
    else:
        disk.mkdir(mode=0o711)
    database = None
    if plan.kind == "sqlite":
        url = f"sqlite:///{disk}/inventory.db"
    else:
        directory.chmod(0o711)
        database = stack.enter_context(postgresql(disk, {"max_connections": "100"}))
        url = database.url
    migrate(url)
    server = LiveServer(environ | {"DATABASE_URL": url}, directory / "log")
    if plan.mutant:
        server.root = stack.enter_context(mutated(plan.mutant))
    server.start()
    attacker = Nemesis(server, seed=plan.seed)
    if database is not None:
        attacker.can_kill(database)
    if plan.hard:
        attacker.can_fill(disk)
        attacker.can_shift(directory / "clock")
    return server, attacker, url


def _wait_for_answers(history: History, server: LiveServer) -> None:
    goal = history.answered() + 15

    def is_done() -> bool:
        # Killed workers are replaced, but a server that ends by itself is not restarted.
        ended = server.process is None or server.process.poll() is not None
        assert not ended, f"the server ended by itself: {server.log[-3000:]}"
        return history.answered() >= goal

    wait_until(is_done, "the clients get no answers", seconds=60)


@contextlib.contextmanager
def _running_clients(
    plan: Plan, proxy: FaultyProxy, server: LiveServer, token: str, history: History
) -> Iterator[None]:
    """Run clients inside the block; at the end wait until each has its last answer."""
    for item in ITEMS:
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": item}
        body = {"code": item, "name": item}
        httpx.post(f"{server.url}/api/v1/items", json=body, headers=headers).raise_for_status()
    ended, shared = threading.Event(), SharedLots()
    clients = [
        Client(proxy.url, token, plan.seed * 100 + n, history=history, shared=shared, ended=ended)
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


def _compare_with_api(server: LiveServer, token: str, rows: checking.Rows) -> list[str]:
    """Return the lots whose quantities in the API differ from the replay of the entries."""
    found = []
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"{server.url}/api/v1", headers=headers, timeout=30) as http:
        for lot_id, (on_hand, reserved, seq) in checking.figures_of(rows).items():
            lot = http.get(f"/lots/{lot_id}").json()
            quantities = tuple(
                parse_qty(lot[name], decimals=6, unit="", allow_zero=True)
                for name in ("onHand", "reserved")
            )
            if (*quantities, lot["lotSeq"]) != (on_hand, reserved, seq):
                found.append(f"lot {lot_id}: shown as {quantities}, is {on_hand}, {reserved}")
    return found


def _verify_ledger(server: LiveServer) -> list[str]:
    command = [sys.executable, "-m", "flask", "ledger", "verify"]
    faketime = {"LD_PRELOAD", "PYTHONPATH"}
    environ = {name: text for name, text in server.environ.items() if name not in faketime}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    return [] if done.returncode == 0 else [f"ledger verify: {done.stdout}{done.stderr}"]
