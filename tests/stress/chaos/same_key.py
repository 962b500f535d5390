"""The same request eight times at once, with one key: one row, eight equal answers.

python -m tests.stress.chaos.same_key [sqlite|postgresql] [--rounds 1000] [--figures FOLDER]
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.api.live import admin_token
from tests.stress.chaos import checking, figures
from tests.stress.chaos.clients import AGAIN
from tests.stress.chaos.history import GRANTED, History
from tests.support.databases import KINDS, fresh_database
from tests.support.servers import LiveServer

ASKERS = 8


@dataclass
class Told:
    rounds: int
    granted: int = 0
    refused: int = 0
    #: Answers that said "in a moment": asked again with the same key.
    again: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


class _Asker(threading.Thread):
    """Asks what all ask, when all do."""

    def __init__(self, url: str, token: str, start: threading.Barrier, done: threading.Barrier):
        super().__init__(daemon=True)
        headers = {"Authorization": f"Bearer {token}"}
        self.http = httpx.Client(
            base_url=f"{url}/api/v1/", headers=headers, timeout=30, verify=False, trust_env=False
        )
        self.start_, self.done = start, done
        self.question: tuple[str, str, dict[str, Any]] | None = None
        self.answer: tuple[int, Any] = (0, {})
        self.is_first = False
        self.again: Counter[str] = Counter()

    def run(self) -> None:
        while True:
            self.start_.wait()
            if self.question is None:
                return self.http.close()
            self.answer = self._ask(*self.question)
            self.done.wait()

    def _ask(self, key: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        while True:
            response = self.http.post(path, json=body, headers={"Idempotency-Key": key})
            if not response.headers.get("Content-Type", "").endswith("json"):
                return response.status_code, {"text": response.text}
            content = response.json()
            if content.get("code") not in AGAIN:
                self.is_first = "Idempotency-Replayed" not in response.headers
                content.pop("replayed", None)
                return response.status_code, content
            self.again[content["code"]] += 1
            time.sleep(0.01)


def run(kind: str, rounds: int, *, seed: int = 1) -> Told:
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="same-key-")))
        url = stack.enter_context(fresh_database(kind))
        environ = {"INSTANCE_PATH": str(place / "instance"), "LOG_LEVEL": "ERROR"}
        server = LiveServer(environ | {"DATABASE_URL": url}, place / "log").start()
        stack.callback(server.kill)
        token, told = admin_token(server), Told(rounds)
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "item"}
        httpx.post(
            f"{server.url}/api/v1/items", json={"code": "BOLT", "name": "Bolt"}, headers=headers
        ).raise_for_status()
        history = _ask_all(server.url, token, told, random.Random(seed))
        told.problems += checking.problems_of(history, checking.Rows.of(url))
        return told


def _ask_all(url: str, token: str, told: Told, chance: random.Random) -> History:
    start, done = threading.Barrier(ASKERS + 1), threading.Barrier(ASKERS + 1)
    askers = [_Asker(url, token, start, done) for _ in range(ASKERS)]
    for asker in askers:
        asker.start()
    history = History()
    for number in range(told.rounds):
        key = uuid.uuid4().hex
        path, body = _question(number, key, chance)
        for asker in askers:
            asker.question = key, path, body
        write = history.begin(key, path)
        start.wait()
        done.wait(120)
        write.ended = time.monotonic()
        status, content = askers[0].answer
        write.told = GRANTED if status == 201 else str(content)
        if status == 409:
            write.told = content["code"]
        if [asker.is_first for asker in askers].count(True) != 1:
            told.problems.append(f"{path} {key}: not just one answer is the first one's")
        told.granted += status == 201
        told.refused += status == 409
        if any(asker.answer != askers[0].answer for asker in askers):
            told.problems.append(f"{path}: {[asker.answer for asker in askers]}")
    for asker in askers:
        asker.question = None
        told.again += asker.again
    start.wait()
    for asker in askers:
        asker.join(30)
    return history


def _question(number: int, key: str, chance: random.Random) -> tuple[str, dict[str, Any]]:
    """In turn a receipt of a new lot, and what is granted or refused as the stock stands."""
    qty = str(chance.randint(1, 9))
    if number % 4 == 0:
        return "receipts", {"item": "BOLT", "lotCode": f"L-{number}", "qty": qty, "note": key}
    if number % 4 == 1:
        body = {"item": "BOLT", "qty": qty, "reference": f"JOB-{number}", "note": key}
        return "reservations", body
    return "issues", {"item": "BOLT", "qty": qty, "note": key}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database", nargs="?", choices=KINDS, default="sqlite")
    parser.add_argument("--rounds", type=int, default=1000)
    figures.options(parser)
    options = parser.parse_args()
    told = run(options.database, options.rounds)
    counted = {
        "rounds": told.rounds, "at_once": ASKERS, "granted": told.granted,
        "refused": told.refused, "told_again": dict(told.again), "problems": len(told.problems),
    }  # fmt: skip
    figures.tell(f"same-key-{options.database}", counted, options.figures)
    print(*told.problems[:20], sep="\n")
    return 1 if told.problems else 0


if __name__ == "__main__":
    sys.exit(main())
