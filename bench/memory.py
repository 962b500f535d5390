"""Memory of the server over many requests.

    python -m bench.memory [sqlite|postgresql] [--requests 100000]

8 clients with keep-alive send reads, writes and page requests in turn to a real server.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import threading
import time
from pathlib import Path

import psutil

from bench import results
from bench.databases import bench_databases
from bench.dataset import ensure
from bench.load import REQUESTS, Site, exchange, open_connection, site_of
from tests.support.databases import KINDS
from tests.support.servers import LiveServer

_REQUESTS = ("reserve", "stock of an item", "dashboard", "50 items", "receive", "issue")
_CLIENTS = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database", nargs="?", choices=KINDS, default="sqlite")
    parser.add_argument("--requests", type=int, default=100_000)
    options = parser.parse_args()
    with bench_databases(options.database) as databases, tempfile.TemporaryDirectory() as directory:
        ensure(databases, 1_000)
        databases.copy("bench_1000", "bench_memory")
        url = databases.url("bench_memory")
        environ = {"DATABASE_URL": url, "INSTANCE_PATH": directory, "LOG_LEVEL": "WARNING"}
        server = LiveServer(environ, Path(directory, "server.log")).start()
        try:
            found = measure(server, site_of(server, url), options.requests)
        finally:
            server.stop()
            databases.drop("bench_memory")
    results.save("memory", options.database, {"megabytes": found, "requests": options.requests})


def measure(server: LiveServer, site: Site, requests: int) -> list[tuple[int, float]]:
    """Return (requests, MB): resident memory of the largest worker after that many requests."""
    done = itertools.count()
    count = [0]

    def client() -> None:
        with open_connection(site) as connection:
            for number in done:
                if number >= requests:
                    return
                exchange(connection, REQUESTS[_REQUESTS[number % len(_REQUESTS)]](site))
                count[0] = max(count[0], number)

    threads = [threading.Thread(target=client) for _ in range(_CLIENTS)]
    for thread in threads:
        thread.start()
    assert server.process is not None
    parent = psutil.Process(server.process.pid)
    found: list[tuple[int, float]] = []
    print("| requests | MB of the largest worker |\n|---|---|")
    step, at = max(1, requests // 20), 0
    while any(thread.is_alive() for thread in threads) or at <= requests:
        if count[0] >= at or not any(thread.is_alive() for thread in threads):
            largest = max(process.memory_info().rss for process in parent.children(recursive=True))
            found.append((min(at, requests), round(largest / 1e6, 1)))
            print(f"| {found[-1][0]:,} | {found[-1][1]} |", flush=True)
            at += step
        time.sleep(0.05)
    return found


if __name__ == "__main__":
    main()
