"""Benchmark of the API on a real server: batches and single calls, long and short lots.

    python -m bench.api [sqlite|postgresql] [--singles 300] [--entries 100000]

Compare ratios within one run; absolute figures depend on the machine.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from bench import results
from tests.api.live import admin_token
from tests.support.databases import KINDS, fresh_database
from tests.support.servers import LiveServer

BATCH = 1000
BATCHES = 5
_numbers = itertools.count(1)


class Program:
    """API client with a token."""

    def __init__(self, url: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self.http = httpx.Client(base_url=f"{url}/api/v1", headers=headers, timeout=120)

    def write(self, path: str, body: Any) -> Any:
        key = {"Idempotency-Key": uuid.uuid4().hex}
        return self.http.post(path, json=body, headers=key).raise_for_status().json()

    def batch(self, operations: list[Any]) -> Any:
        return self.write("/batch", {"operations": operations})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database", nargs="?", choices=KINDS, default="sqlite")
    parser.add_argument("--singles", type=int, default=300)
    parser.add_argument("--entries", type=int, default=100_000)
    options = parser.parse_args()
    with fresh_database(options.database) as url, tempfile.TemporaryDirectory() as directory:
        environ = {"DATABASE_URL": url, "INSTANCE_PATH": directory, "LOG_LEVEL": "WARNING"}
        server = LiveServer(environ, Path(directory, "server.log")).start()
        try:
            program = Program(server.url, admin_token(server))
            program.write("/items", {"code": "X", "name": "X", "decimals": 6})
            print(f"\n{options.database}")
            found = {
                "batches": compare_batches(program, options.singles),
                "long lot of short": compare_reads(program, options.entries),
            }
        finally:
            server.stop()
    results.save("api", options.database, found)


def compare_batches(program: Program, singles: int) -> dict[str, float]:
    """Return how many times faster batches are than single calls, by operation."""
    times: dict[str, float] = {}
    stock = program.write("/receipts", receipt() | {"qty": "1000000000"})["entries"][0]["lotId"]
    part = {"item": "X", "qty": "1", "lots": [{"lotId": stock, "qty": "1"}]}
    kinds: dict[str, tuple[str, Callable[[], Any]]] = {
        "receipt": ("/receipts", receipt),
        "issue": ("/issues", lambda: part),
        "issue, any lot": ("/issues", lambda: {"item": "X", "qty": "1"}),
    }
    for name, (path, make) in kinds.items():
        op = {"op": name.partition(",")[0]}
        single = rate(singles, lambda path=path, make=make: program.write(path, make()))
        batches = [[op | make() for _ in range(BATCH)] for _ in range(BATCHES)]
        batch = BATCH * rate(BATCHES, lambda batches=batches: program.batch(batches.pop()))
        print(
            f"{name:16} one at a time {single:8.0f}/s   in a batch of {BATCH} {batch:8.0f}/s"
            f"   {batch / single:6.1f} times"
        )
        times[name] = round(batch / single, 1)
    return times


def compare_reads(program: Program, entries: int) -> float:
    for code in ("SHORT", "LONG"):
        program.write("/items", {"code": code, "name": code})
    for code, entry_count in (("SHORT", 10), ("LONG", entries)):
        body = {"item": code, "lotCode": "L", "qty": "1000000"}
        lot = program.write("/receipts", body)["entries"][0]["lotId"]
        scrap = {"op": "scrap", "lotId": lot, "qty": "1", "reason": "bench"}
        for posted in range(0, entry_count - 1, BATCH):
            program.batch([scrap] * min(BATCH, entry_count - 1 - posted))
    times: dict[str, list[float]] = {"SHORT": [], "LONG": []}
    for _ in range(300):
        for code, found in times.items():
            began = time.perf_counter()
            program.http.get(f"/items/{code}/stock").raise_for_status()
            found.append(time.perf_counter() - began)
    short, long = (statistics.median(found) * 1000 for found in times.values())
    print(
        f"{'stock of an item':16} 10 entries {short:8.2f} ms   {entries} entries {long:8.2f} ms"
        f"   {long / short:6.2f} times"
    )
    return round(long / short, 2)


def receipt() -> Any:
    return {"item": "X", "lotCode": f"L-{next(_numbers)}", "qty": "10"}


def rate(times: int, action: Callable[[], Any]) -> float:
    """Return how often per second the action runs."""
    began = time.perf_counter()
    for _ in range(times):
        action()
    return times / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
