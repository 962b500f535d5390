"""Requests per second of the server, compared with the database alone.

    python -m bench.load [sqlite|postgresql] [--entries 1000 1000000] [--seconds 8]

A real server runs on a copy of a kept warehouse (bench/dataset.py). Clients in separate processes
send one request at a time with keep-alive; each write has a key and is durable before the response.
The same run measures the baseline: pgbench, or a loop on SQLite, reserves in the same lots with the
statements that the server sends, without hashes and checks.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import os
import re
import secrets
import socket
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy.engine import make_url

from bench import results
from bench.databases import BenchDatabases, bench_databases
from bench.dataset import NAME, PASSWORD, USER, application, ensure
from inventory import catalog, ledger
from inventory.db import sqlite_module
from tests.api.live import admin_token
from tests.support.databases import KINDS, _binaries
from tests.support.servers import LiveServer
from tests.support.users import form_fields

LOTS = 200
CLIENTS = (1, 8)
_unique = itertools.count(secrets.randbelow(10**9))


@dataclass(frozen=True)
class Site:
    """The data that clients need."""

    port: int
    token: str
    cookie: str
    lots: list[tuple[int, str]]


# --- requests -------------------------------------------------------------------------------------


def _get(site: Site, path: str) -> bytes:
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {site.token}\r\n\r\n"
    ).encode()


def _post(site: Site, path: str, body: str) -> bytes:
    return (
        f"POST /api/v1{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {site.token}\r\n"
        f"Idempotency-Key: {uuid.uuid4().hex}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def _receive(site: Site) -> bytes:
    _, item = secrets.choice(site.lots)
    code = f"R-{os.getpid()}-{next(_unique)}"
    return _post(site, "/receipts", f'{{"item":"{item}","lotCode":"{code}","qty":"10"}}')


def _take(site: Site, path: str) -> bytes:
    lot, item = secrets.choice(site.lots)
    part = f'"qty":"1","lots":[{{"lotId":{lot},"qty":"1"}}]'
    return _post(site, path, f'{{"item":"{item}","reference":"LOAD",{part}}}')


def _dashboard(site: Site) -> bytes:
    return f"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {site.cookie}\r\n\r\n".encode()


REQUESTS: dict[str, Callable[[Site], bytes]] = {
    "receive": _receive,
    "reserve": lambda site: _take(site, "/reservations"),
    "issue": lambda site: _take(site, "/issues"),
    "stock of an item": lambda site: _get(
        site, f"/api/v1/items/{secrets.choice(site.lots)[1]}/stock"
    ),
    "50 items": lambda site: _get(site, "/api/v1/items?limit=50"),
    "dashboard": _dashboard,
}


# --- clients --------------------------------------------------------------------------------------


def send_requests(site: Site, name: str, clients: int, seconds: float) -> list[list[float]]:
    """Run the clients at once; return the response times of each in seconds."""
    processes = min(clients, 2)
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        arguments = [(site, name, clients // processes, seconds)] * processes
        return [times for found in pool.starmap(_clients, arguments) for times in found]


def _clients(site: Site, name: str, clients: int, seconds: float) -> list[list[float]]:
    found: list[list[float]] = [[] for _ in range(clients)]
    threads = [
        threading.Thread(target=_client, args=(site, REQUESTS[name], seconds, found[number]))
        for number in range(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def _client(site: Site, make: Callable[[Site], bytes], seconds: float, times: list[float]) -> None:
    with open_connection(site) as connection:
        for _ in range(5):
            exchange(connection, make(site))
        end = time.perf_counter() + seconds
        while (began := time.perf_counter()) < end:
            exchange(connection, make(site))
            times.append(time.perf_counter() - began)


@contextmanager
def open_connection(site: Site) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", site.port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield connection


def exchange(connection: socket.socket, request: bytes) -> None:
    connection.sendall(request)
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += connection.recv(65536)
    head, _, body = answer.partition(b"\r\n\r\n")
    if head[9:10] != b"2":
        raise RuntimeError(answer[:1000].decode(errors="replace"))
    found = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    assert found, head
    remaining = int(found[1]) - len(body)
    while remaining > 0:
        remaining -= len(connection.recv(65536))


# --- baseline -------------------------------------------------------------------------------------

_PGBENCH = """
\\set lot random({first}, {last})
SELECT gen_random_uuid() AS key, now() AS at \\gset
BEGIN;
SELECT id FROM inventory_lots WHERE id = :lot FOR NO KEY UPDATE;
SELECT u.name, w.outcome FROM users u LEFT JOIN write_requests w ON w.user_id = u.id AND w.idempotency_key = :key WHERE u.id = 1;
SELECT * FROM items WHERE code = 'LOAD-' || (:lot - {first});
SELECT i.id AS item, e.lot_seq AS seq, e.on_hand_after AS hand, e.reserved_after AS held, e.received_after AS got FROM inventory_lots l JOIN items i ON i.id = l.item_id JOIN inventory_ledger e ON e.lot_id = l.id AND e.lot_seq = (SELECT max(lot_seq) FROM inventory_ledger WHERE lot_id = l.id) WHERE l.id = :lot \\gset
INSERT INTO operations (kind, reference, user_id, recorded_at, hash) VALUES ('RESERVATION', 'LOAD', 1, :at, sha256('')) RETURNING id AS op \\gset
INSERT INTO reservations (item_id, reference, qty, operation_id, created_at) VALUES (:item, 'LOAD', 1000000, :op, :at) RETURNING id AS res \\gset
INSERT INTO inventory_ledger (lot_id, item_id, lot_seq, txn_type, qty, timestamp, operation_id, prev_seq, on_hand_before, reserved_before, received_before, on_hand_after, reserved_after, received_after, reservation_id, line_seq, prev_line_seq, open_before, issued_before, open_after, issued_after, prev_hash, hash) VALUES (:lot, :item, :seq + 1, 'RESERVE', 1000000, :at, :op, :seq, :hand, :held, :got, :hand, :held + 1000000, :got, :res, 1, NULL, 0, 0, 1000000, 0, sha256(''), sha256(''));
INSERT INTO write_requests (user_id, idempotency_key, fingerprint, refused, outcome, recorded_at) VALUES (1, :key, sha256(''), false, '{{}}', :at);
COMMIT;
"""  # noqa: E501


def pgbench(url: str, site: Site, clients: int, seconds: float) -> float:
    """Return the reservations per second of pgbench."""
    ids = sorted(lot for lot, _ in site.lots)
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script, _binaries() as binaries:
        script.write(_PGBENCH.format(first=ids[0], last=ids[-1]))
        script.flush()
        done = subprocess.run(
            [
                Path(binaries, "pgbench"), "--no-vacuum", "--protocol=prepared",
                f"--client={clients}", f"--time={seconds:.0f}", f"--file={script.name}",
                make_url(url).set(drivername="postgresql").render_as_string(hide_password=False),
            ],
            capture_output=True,
            text=True,
        )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    assert found, done.stdout
    return float(found[1])


def bare_sqlite(url: str, site: Site, seconds: float) -> float:
    """Return the reservations per second on SQLite, one after the other."""
    connection = sqlite_module().connect(make_url(url).database, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    done, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        _reserve(connection, secrets.choice(site.lots)[0])
        done += 1
    connection.close()
    return done / seconds


def _reserve(connection: Any, lot: int) -> None:
    key, at, qty = uuid.uuid4().hex, "2026-11-23 10:00:00.000000", 1_000_000
    run = connection.execute
    run("BEGIN IMMEDIATE")
    run(
        "SELECT u.name, w.outcome FROM users u LEFT JOIN write_requests w ON w.user_id = u.id"
        " AND w.idempotency_key = ? WHERE u.id = 1", (key,),
    ).fetchone()  # fmt: skip
    item, seq, hand, held, got = run(
        "SELECT i.id, e.lot_seq, e.on_hand_after, e.reserved_after, e.received_after"
        " FROM inventory_lots l JOIN items i ON i.id = l.item_id JOIN inventory_ledger e ON"
        " e.lot_id = l.id AND e.lot_seq = (SELECT max(lot_seq) FROM inventory_ledger"
        " WHERE lot_id = l.id) WHERE l.id = ?", (lot,),
    ).fetchone()  # fmt: skip
    operation = run(
        "INSERT INTO operations (kind, reference, user_id, recorded_at, hash)"
        " VALUES ('RESERVATION', 'LOAD', 1, ?, zeroblob(32))", (at,),
    ).lastrowid  # fmt: skip
    reservation = run(
        "INSERT INTO reservations (item_id, reference, qty, operation_id, created_at)"
        " VALUES (?, 'LOAD', ?, ?, ?)", (item, qty, operation, at),
    ).lastrowid  # fmt: skip
    run(
        "INSERT INTO inventory_ledger (lot_id, item_id, lot_seq, txn_type, qty, timestamp,"
        " operation_id, prev_seq, on_hand_before, reserved_before, received_before,"
        " on_hand_after, reserved_after, received_after, reservation_id, line_seq, prev_line_seq,"
        " open_before, issued_before, open_after, issued_after, prev_hash, hash)"
        " VALUES (?, ?, ?, 'RESERVE', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, NULL, 0, 0, ?, 0,"
        " zeroblob(32), zeroblob(32))",
        (lot, item, seq + 1, qty, at, operation, seq, hand, held, got, hand, held + qty, got,
         reservation, qty),
    )  # fmt: skip
    run(
        "INSERT INTO write_requests (user_id, idempotency_key, fingerprint, refused, outcome,"
        " recorded_at) VALUES (1, ?, zeroblob(32), 0, '{}', ?)", (key, at),
    )  # fmt: skip
    run("COMMIT")


# --- benchmark ------------------------------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database", nargs="?", choices=KINDS, default="sqlite")
    parser.add_argument("--entries", type=int, nargs="+", default=(1_000, 1_000_000))
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--only", nargs="+", choices=tuple(REQUESTS), default=tuple(REQUESTS))
    options = parser.parse_args()
    print(f"\n{options.database}, {options.seconds:.0f} s each")
    print("| entries | asked | clients | a second | p50 ms | p95 ms | p99 ms | of the floor |")
    print("|---|---|---|---|---|---|---|---|")
    found: list[dict[str, Any]] = []
    with bench_databases(options.database) as databases:
        for entries in options.entries:
            for result in measure(databases, entries, options):
                found.append({"entries": entries, **result})
                print(_row(found[-1]), flush=True)
    results.save("load", options.database, {"seconds": options.seconds, "rows": found})


def measure(
    databases: BenchDatabases, entries: int, options: argparse.Namespace
) -> Iterator[dict[str, Any]]:
    ensure(databases, entries)
    databases.copy(f"bench_{entries}", "bench_load")
    url = databases.url("bench_load")
    with tempfile.TemporaryDirectory() as directory:
        environ = {"DATABASE_URL": url, "INSTANCE_PATH": directory, "LOG_LEVEL": "WARNING"}
        server = LiveServer(environ, Path(directory, "server.log")).start()
        try:
            site = site_of(server, url)
            for name in options.only:
                for clients in CLIENTS:
                    times = send_requests(site, name, clients, options.seconds)
                    baseline = None
                    if name == "reserve":
                        baseline = _baseline(databases.kind, url, site, clients, options.seconds)
                    yield _summary(name, times, options.seconds, baseline)
        finally:
            server.stop()
    databases.drop("bench_load")


def site_of(server: LiveServer, url: str) -> Site:
    """Create lots, a token and a session on a running server, as clients need them."""
    lots = stock_lots(url)
    return Site(server.port, admin_token(server), _cookie(server.url), lots)


def _summary(
    name: str, client_times: list[list[float]], seconds: float, baseline: float | None
) -> dict[str, Any]:
    times = sorted(time for client in client_times for time in client)
    rate, counts = len(times) / seconds, [len(client) for client in client_times]
    found = {
        "asked": name,
        "clients": len(client_times),
        "a second": round(rate, 1),
        **{f"p{at}": round(1000 * times[int(len(times) * at / 100)], 2) for at in (50, 95, 99)},
        "longest": round(1000 * times[-1], 1),
        "slowest client of fastest": round(min(counts) / max(counts), 2),
    }
    return found if baseline is None else found | {"floor": round(baseline, 1)}


def _row(result: dict[str, Any]) -> str:
    share = (
        f"{result['a second'] / result['floor']:.2f} of {result['floor']:,.0f}/s"
        if "floor" in result
        else ""
    )
    return (
        f"| {result['entries']:,} | {result['asked']} | {result['clients']}"
        f" | {result['a second']:,.0f} | {result['p50']:.1f} | {result['p95']:.1f}"
        f" | {result['p99']:.1f} | {share} |"
    )


def _baseline(kind: str, url: str, site: Site, clients: int, seconds: float) -> float:
    if kind == "sqlite":
        return bare_sqlite(url, site, seconds)
    return pgbench(url, site, clients, seconds)


def stock_lots(url: str) -> list[tuple[int, str]]:
    """Receive lots with ample stock and consecutive ids; return (lot id, item code)."""
    with application(url) as app, app.app_context():
        codes = [f"LOAD-{number}" for number in range(LOTS)]
        for code in codes:
            catalog.create_item(user_id=USER, key=uuid.uuid4().hex, code=code, name=code)
        receipts = [ledger.Receive(item=code, lot_code="L", qty="1000000000") for code in codes]
        posting = ledger.post(receipts, user_id=USER, key=uuid.uuid4().hex)
        entries = [entry for operation in posting.operations for entry in operation.entries]
        return [(entry.lot_id, entry.item_code) for entry in entries]


def _cookie(url: str) -> str:
    with httpx.Client(base_url=url) as client:
        form = form_fields(client.get("/login/").text)
        client.post("/login/", data=form | {"name": NAME, "password": PASSWORD})
        return "; ".join(f"{name}={value}" for name, value in client.cookies.items())


if __name__ == "__main__":
    main()
