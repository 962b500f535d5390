"""What an operation costs in a large ledger, beside the same in a small one.

    python -m bench.costs [sqlite|postgresql] [--entries 1000 100000 1000000] [--times 400]

Warehouses (bench/dataset.py) are written to in turn by one process, so that whatever else the
machine does falls on all of them: a reservation in any of 200 lots, and in one lot with a tenth of
all entries.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import sqlalchemy as sa
from flask import Flask

from bench import results
from bench.dataset import USER, application, ensure
from bench.load import stock_lots
from bench.places import place
from inventory import ledger
from inventory.db import connection, db
from inventory.stock.balance_filters import lot_balances
from inventory.stock.queries import items, lots
from tests.support.databases import KINDS


class Book:
    """One warehouse, and how long each reservation in it took."""

    def __init__(self, app: Flask, url: str) -> None:
        self.app = app
        self.spread = stock_lots(url)
        with app.app_context():
            self.longest = _longest()
            db.session.rollback()
        self.times: dict[str, list[float]] = {"spread": [], "one lot": []}

    def reserve(self, name: str) -> None:
        lot, item = self.longest if name == "one lot" else random.choice(self.spread)
        part = ledger.LotQuantity(lot_id=lot, qty="1")
        with self.app.app_context():
            began = time.perf_counter()
            made = ledger.reserve(
                item=item, qty="1", reference="COSTS", lots=[part], user_id=USER,
                key=uuid.uuid4().hex,
            )  # fmt: skip
            self.times[name].append((time.perf_counter() - began) * 1000)
            if name == "one lot":
                ledger.unreserve(
                    reservation_id=made.details[0]["reservations"][0]["id"], user_id=USER,
                    key=uuid.uuid4().hex,
                )  # fmt: skip


def _longest() -> tuple[int, str]:
    """The lot with the most entries, filled so that something is free."""
    lot_id, code, lot_code = (
        connection()
        .execute(
            sa.select(lots.c.id, items.c.code, lots.c.lot_code)
            .join(lot_balances, lot_balances.c.lot_id == lots.c.id)
            .join(items, items.c.id == lots.c.item_id)
            .where(lots.c.qc_status == "APPROVED", lots.c.expires_on.is_(None))
            .order_by(lot_balances.c.lot_seq.desc())
            .limit(1)
        )
        .one()
    )
    ledger.count(lot_id=lot_id, counted="1000000", user_id=USER, key=uuid.uuid4().hex)
    assert lot_code
    return lot_id, code


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database", nargs="?", choices=KINDS, default="sqlite")
    parser.add_argument("--entries", type=int, nargs="+", default=(1_000, 100_000, 1_000_000))
    parser.add_argument("--times", type=int, default=400)
    options = parser.parse_args()
    with place(options.database) as where, ExitStack() as open_books:
        books: dict[int, Book] = {}
        for entries in options.entries:
            ensure(where, entries)
            name = f"bench_costs_{entries}"
            where.copy(f"bench_{entries}", name)
            open_books.callback(where.drop, name)
            app = open_books.enter_context(application(where.url(name)))
            books[entries] = Book(app, where.url(name))
        _in_turn(books, options.times)
        found = _told(books)
    results.keep("costs", options.database, {"milliseconds": found})


def _in_turn(books: dict[int, Book], times: int) -> None:
    do: Callable[[Book, str], Any] = Book.reserve
    for turn in range(times + 20):
        for name in ("spread", "one lot"):
            for book in books.values():
                do(book, name)
        if turn == 19:  # the first ones warm everything up
            for book in books.values():
                book.times = {name: [] for name in book.times}


def _told(books: dict[int, Book]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    print("\n| reserve | " + " | ".join(f"{entries:,}" for entries in books) + " | ratio |")
    print("|---|" + "---|" * (len(books) + 1))
    for name in ("spread", "one lot"):
        costs = {entries: statistics.median(book.times[name]) for entries, book in books.items()}
        found[name] = {str(entries): round(cost, 3) for entries, cost in costs.items()}
        ratio = costs[max(costs)] / costs[min(costs)]
        print(
            f"| {name} | " + " | ".join(f"{c:.2f} ms" for c in costs.values()) + f" | {ratio:.2f} |"
        )
    return found


if __name__ == "__main__":
    main()
