"""Send the same request eight times at once with one key: one row, eight equal responses.

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
from tests.stress.chaos.clients import RETRYABLE
from tests.stress.chaos.history import GRANTED, History
from tests.support.databases import KINDS, fresh_database
from tests.support.servers import LiveServer

CONCURRENT_REQUESTS = 8


@dataclass
class Result:
    rounds: int
    granted: int = 0
    refused: int = 0
    #: Retries with the same key, by code of the response.
    retries: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


class _Requester(threading.Thread):
    """Sends the same request at the same time as all others."""

    def __init__(self, url: str, token: str, start: threading.Barrier, done: threading.Barrier):
        super().__init__(daemon=True)
        headers = {"Authorization": f"Bearer {token}"}
        self.http = httpx.Client(
            base_url=f"{url}/api/v1/", headers=headers, timeout=30, verify=False, trust_env=False
        )
        self.start_, self.done = start, done
        self.request: tuple[str, str, dict[str, Any]] | None = None
        self.answer: tuple[int, Any] = (0, {})
        self.is_first = False
        self.retries: Counter[str] = Counter()

    def run(self) -> None:
        while True:
            self.start_.wait()
            if self.request is None:
                return self.http.close()
            self.answer = self._send(*self.request)
            self.done.wait()

    def _send(self, key: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        while True:
            response = self.http.post(path, json=body, headers={"Idempotency-Key": key})
            if not response.headers.get("Content-Type", "").endswith("json"):
                return response.status_code, {"text": response.text}
            content = response.json()
            if content.get("code") not in RETRYABLE:
                self.is_first = "Idempotency-Replayed" not in response.headers
                content.pop("replayed", None)
                return response.status_code, content
            self.retries[content["code"]] += 1
            time.sleep(0.01)


def run(kind: str, rounds: int, *, seed: int = 1) -> Result:
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="same-key-")))
        url = stack.enter_context(fresh_database(kind))
        environ = {"INSTANCE_PATH": str(directory / "instance"), "LOG_LEVEL": "ERROR"}
        server = LiveServer(environ | {"DATABASE_URL": url}, directory / "log").start()
        stack.callback(server.kill)
        token, result = admin_token(server), Result(rounds)
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "item"}
        httpx.post(
            f"{server.url}/api/v1/items", json={"code": "BOLT", "name": "Bolt"}, headers=headers
        ).raise_for_status()
        history = _run_rounds(server.url, token, result, random.Random(seed))
        result.problems += checking.problems_of(history, checking.Rows.of(url))
        return result


def _run_rounds(url: str, token: str, result: Result, rng: random.Random) -> History:
    start, done = (
        threading.Barrier(CONCURRENT_REQUESTS + 1),
        threading.Barrier(CONCURRENT_REQUESTS + 1),
    )
    requesters = [_Requester(url, token, start, done) for _ in range(CONCURRENT_REQUESTS)]
    for requester in requesters:
        requester.start()
    history = History()
    for number in range(result.rounds):
        key = uuid.uuid4().hex
        path, body = _make_request(number, key, rng)
        for requester in requesters:
            requester.request = key, path, body
        write = history.begin(key, path)
        start.wait()
        done.wait(120)
        write.ended = time.monotonic()
        status, content = requesters[0].answer
        write.result = GRANTED if status == 201 else str(content)
        if status == 409:
            write.result = content["code"]
        if [requester.is_first for requester in requesters].count(True) != 1:
            result.problems.append(f"{path} {key}: not exactly one response is not a replay")
        result.granted += status == 201
        result.refused += status == 409
        if any(requester.answer != requesters[0].answer for requester in requesters):
            result.problems.append(f"{path}: {[requester.answer for requester in requesters]}")
    for requester in requesters:
        requester.request = None
        result.retries += requester.retries
    start.wait()
    for requester in requesters:
        requester.join(30)
    return history


def _make_request(number: int, key: str, rng: random.Random) -> tuple[str, dict[str, Any]]:
    """Return in turn a receipt, a reservation, and issues that the stock allows or not."""
    qty = str(rng.randint(1, 9))
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
    result = run(options.database, options.rounds)
    counts = {
        "rounds": result.rounds, "at_once": CONCURRENT_REQUESTS, "granted": result.granted,
        "refused": result.refused, "told_again": dict(result.retries),
        "problems": len(result.problems),
    }  # fmt: skip
    figures.report(f"same-key-{options.database}", counts, options.figures)
    print(*result.problems[:20], sep="\n")
    return 1 if result.problems else 0


if __name__ == "__main__":
    sys.exit(main())
