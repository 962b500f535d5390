"""Response time of each page in a large warehouse compared with a small one.

    python -m bench.pages [sqlite|postgresql] [--entries 1000 1000000] [--times 60]

One process sends requests to both warehouses (bench/dataset.py) in turn, so that other load of the
machine affects both. Times are from the request to the complete response, without a network.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from flask import Flask

from bench import results
from bench.databases import bench_databases
from bench.dataset import NAME, PASSWORD, USER, application, ensure
from inventory.accounts import api_tokens
from inventory.db import connection, db
from inventory.stock.balance_filters import lot_balances, open_lines
from inventory.stock.statements import items, lots, operations, reservations
from tests.support.databases import KINDS
from tests.support.users import form_fields

#: Goals: maximum ratio of the large to the small warehouse, and maximum p95 in ms.
MAX_RATIO, MAX_MS = 1.5, 50.0
_LIVE = {"HX-Request": "true", "HX-Target": "div#live"}
_PART = {"HX-Request": "true", "HX-Request-Type": "partial"}

Urls = Iterator[str]


class Site:
    """A warehouse with a logged-in browser and an API client."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()
        form = form_fields(self.client.get("/login/").text)
        self.client.post("/login/", data=form | {"name": NAME, "password": PASSWORD})
        with app.app_context():
            self.token = api_tokens.create_token(user_id=USER, name="bench", role="viewer")[1]
            self.samples = {name: _sample(query) for name, query in _SAMPLES.items()}
        self.api_client = app.test_client()
        self.urls = {name: itertools.cycle(make(self)) for name, (make, _) in _PAGES.items()}
        self.times: dict[str, list[float]] = {name: [] for name in _PAGES}

    def send(self, name: str) -> None:
        headers = _PAGES[name][1]
        client = self.client
        if name.startswith("API"):
            headers, client = {"Authorization": f"Bearer {self.token}"}, self.api_client
        url = next(self.urls[name])
        began = time.perf_counter()
        answer = client.get(url, headers=headers)
        self.times[name].append((time.perf_counter() - began) * 1000)
        assert answer.status_code == 200, (url, answer.status_code)

    def each(self, name: str, pattern: str) -> list[str]:
        """Return the pattern filled in with each sample of that name."""
        return [pattern.format(*(quote(str(part), safe="") for part in row))
                for row in self.samples[name]]  # fmt: skip


def _sample(query: Callable[[], Any]) -> list[tuple[Any, ...]]:
    """Return twenty rows, spread over the whole result."""
    found = [tuple(row) for row in connection().execute(query())]
    db.session.rollback()
    assert found, query
    return found[:: max(1, len(found) // 20)][:20]


def _some_items() -> Any:
    """Items with three lots in stock, independent of the size of the warehouse."""
    return (
        sa.select(items.c.id, items.c.code)
        .join(lot_balances, lot_balances.c.item_id == items.c.id)
        .where(lot_balances.c.on_hand > 0, lot_balances.c.on_hand < 10**11)
        .group_by(items.c.id)
        .having(sa.func.count() == 3)
        .order_by(items.c.id)
    )


def _most_lots() -> Any:
    return (
        sa.select(items.c.id, items.c.code)
        .join(lot_balances, lot_balances.c.item_id == items.c.id)
        .where(lot_balances.c.on_hand > 0)
        .group_by(items.c.id)
        .order_by(sa.func.count().desc())
        .limit(1)
    )


def _some_lots() -> Any:
    return (
        sa.select(lot_balances.c.lot_id, lots.c.lot_code)
        .join(lots, lots.c.id == lot_balances.c.lot_id)
        .where(lot_balances.c.on_hand > 0, lot_balances.c.lot_seq.between(4, 12))
        .order_by(lot_balances.c.lot_id)
    )


def _longest_lot() -> Any:
    return sa.select(lot_balances.c.lot_id).order_by(lot_balances.c.lot_seq.desc()).limit(1)


def _held() -> Any:
    return (
        sa.select(reservations.c.id, reservations.c.reference)
        .where(reservations.c.id.in_(sa.select(open_lines.c.reservation_id)))
        .order_by(reservations.c.id)
    )


def _jobs() -> Any:
    return (
        sa.select(operations.c.id, operations.c.reference)
        .where(operations.c.kind == "ISSUE", operations.c.id % 37 == 0)
        .order_by(operations.c.id)
    )


_SAMPLES: dict[str, Callable[[], Any]] = {
    "item": _some_items, "most": _most_lots, "lot": _some_lots, "longest": _longest_lot,
    "held": _held, "job": _jobs,
}  # fmt: skip


def _same(*urls: str) -> Callable[[Site], list[str]]:
    return lambda site: list(urls)


def _typed(pattern: str, *lengths: int) -> Callable[[Site], list[str]]:
    """URLs of a search while a user types existing codes letter by letter."""

    def urls(site: Site) -> list[str]:
        return [pattern + quote(word[:length]) for _, word in site.samples["item"]
                for length in lengths]  # fmt: skip

    return urls


def _search(*words: str) -> Callable[[Site], list[str]]:
    return _same(*(f"/search/?q={quote(word)}" for word in words))


def _each(name: str, pattern: str) -> Callable[[Site], list[str]]:
    return lambda site: site.each(name, pattern)


def _of_lots(site: Site) -> list[str]:
    return [f"/search/?q={quote(code[-6:])}" for _, code in site.samples["lot"]]


_DAY = "2026-0{}-15T12:00"
_PAGES: dict[str, tuple[Callable[[Site], list[str]], dict[str, str]]] = {
    "dashboard": (_same("/"), {}),
    "dashboard, poll": (_same("/"), _LIVE),
    "items, search keystroke": (_typed("/items/?q=", 1, 2, 4, 6), _LIVE),
    "items, nothing found": (_same("/items/?q=zzqx", "/items/?q=wq", "/items/?q=BRG-9z"), _LIVE),
    "palette, an item": (_typed("/search/?q=", 3, 6, 9), _PART),
    "palette, a lot": (_of_lots, _PART),
    "palette, a job": (_each("job", "/search/?q={1}"), _PART),
    "palette, one or two letters": (_search("L", "2", "JO", "-0"), _PART),
    "palette, nothing found": (_search("zzqx", "xq", "ö", "BOLT-99999Z"), _PART),
    "items": (_same("/items/"), {}),
    "items, low": (_same("/items/?state=low"), {}),
    "item": (_each("item", "/items/{0}/"), {}),
    "item, poll": (_each("item", "/items/{0}/"), _LIVE),
    "item, as of a day": (_each("item", "/items/{0}/?at=" + _DAY.format(6)), {}),
    "lots": (_same("/lots/"), {}),
    "lots, quarantine": (_same("/lots/?state=quarantine"), {}),
    "lots, rejected": (_same("/lots/?state=rejected"), {}),
    "lots, expiring": (_same("/lots/?state=expiring"), {}),
    "lots, search": (_each("lot", "/lots/?state=all&q={1}"), _LIVE),
    "lot": (_each("lot", "/lots/{0}/"), {}),
    "lot, as of a day": (_each("lot", "/lots/{0}/?at=" + _DAY.format(6)), {}),
    "lot, the longest": (_each("longest", "/lots/{0}/"), {}),
    "lot, the longest, as of a day": (_each("longest", "/lots/{0}/?at=" + _DAY.format(6)), {}),
    "reservations": (_same("/reservations/"), {}),
    "reservations, at risk": (_same("/reservations/?state=risk"), {}),
    "reservations, search": (_each("held", "/reservations/?q={1}"), _LIVE),
    "reservation": (_each("held", "/reservations/{0}/"), {}),
    "ledger": (_same("/ledger/"), {}),
    "ledger, of an item": (_each("item", "/ledger/?item={1}"), {}),
    "ledger, of a type": (_same("/ledger/?type=RECEIVE", "/ledger/?type=ISSUE"), {}),
    "ledger, of a job": (_each("job", "/ledger/?reference={1}"), {}),
    "ledger, of a day": (_same("/ledger/?from=2026-06-14&to=2026-06-15"), {}),
    "ledger, of a user": (_same(f"/ledger/?user={NAME}"), {}),
    "operation": (_each("job", "/operations/{0}/"), {}),
    "API, items": (_same("/api/v1/items?limit=50"), {}),
    "API, stock of an item": (_each("item", "/api/v1/items/{1}/stock"), {}),
    "API, lots": (_same("/api/v1/lots?limit=50"), {}),
    "API, a lot": (_each("lot", "/api/v1/lots/{0}"), {}),
    "API, reservations": (_same("/api/v1/reservations?open=true&limit=50"), {}),
    "API, ledger": (_same("/api/v1/ledger?limit=50"), {}),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database", nargs="?", choices=KINDS, default="sqlite")
    parser.add_argument("--entries", type=int, nargs=2, default=(1_000, 1_000_000))
    parser.add_argument("--times", type=int, default=60)
    parser.add_argument("--only", default="", help="only pages whose name contains this text")
    options = parser.parse_args()
    with bench_databases(options.database) as databases, ExitStack() as stack:
        sites = []
        for entries in options.entries:
            url = ensure(databases, entries)
            sites.append(Site(stack.enter_context(application(url))))
        names = [name for name in _PAGES if options.only in name]
        for number, name in itertools.product(range(options.times + 5), names):
            for site in sites:
                site.send(name)
            if number < 5:  # warm-up
                for site in sites:
                    site.times[name].clear()
        report(options, names, sites)


def report(options: argparse.Namespace, names: list[str], sites: list[Site]) -> None:
    small, large = (f"{entries:,}" for entries in options.entries)
    print(f"\n{options.database}, {options.times} times each, ms")
    print(f"| page | {small}: p50 | p95 | {large}: p50 | p95 | ratio of p50 |")
    print("|---|---|---|---|---|---|")
    found: dict[str, dict[str, float]] = {}
    for name in names:
        figures = [(statistics.median(t), _p95(t)) for t in (site.times[name] for site in sites)]
        ratio = figures[1][0] / figures[0][0]
        missed = " ✗" if ratio > MAX_RATIO or figures[1][1] > MAX_MS else ""
        cells = " | ".join(f"{value:.1f}" for pair in figures for value in pair)
        print(f"| {name} | {cells} | {ratio:.2f}{missed} |")
        found[name] = {
            "small": round(figures[0][0], 2),
            "p50": round(figures[1][0], 2),
            "p95": round(figures[1][1], 2),
        }
    if not options.only:
        results.save("pages", options.database, {"pages": found})


def _p95(times: list[float]) -> float:
    return sorted(times)[int(0.95 * (len(times) - 1))]


if __name__ == "__main__":
    main()
