"""Cost of a reservation in large ledgers compared with small ones.

    python -m bench.costs [sqlite|postgresql] [--entries 1000 100000 1000000] [--times 400]

One process writes to the warehouses (bench/dataset.py) in turn, so that other load of the machine
affects all of them. It reserves in any of 200 lots, and in one lot with a tenth of all entries.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
import uuid
from contextlib import ExitStack

import sqlalchemy as sa
from flask import Flask

from bench import results
from bench.databases import bench_databases
from bench.dataset import USER, application, ensure
from bench.load import stock_lots
from inventory import ledger
from inventory.db import connection, db
from inventory.stock.balance_filters import lot_balances
from inventory.stock.statements import items, lots
from tests.support.databases import KINDS


class CostSeries:
    """A warehouse and the duration of each reservation in it."""

    def __init__(self, app: Flask, url: str) -> None:
        self.app = app
        self.spread_lots = stock_lots(url)
        with app.app_context():
            self.longest_lot = _longest()
            db.session.rollback()
        self.times: dict[str, list[float]] = {"spread": [], "one lot": []}

    def reserve(self, name: str) -> None:
        lot, item = self.longest_lot if name == "one lot" else random.choice(self.spread_lots)
        part = ledger.LotQuantity(lot_id=lot, qty="1")
        with self.app.app_context():
            began = time.perf_counter()
            posting = ledger.reserve(
                item=item, qty="1", reference="COSTS", lots=[part], user_id=USER,
                key=uuid.uuid4().hex,
            )  # fmt: skip
            self.times[name].append((time.perf_counter() - began) * 1000)
            if name == "one lot":
                ledger.unreserve(
                    reservation_id=posting.details[0]["reservations"][0]["id"], user_id=USER,
                    key=uuid.uuid4().hex,
                )  # fmt: skip


def _longest() -> tuple[int, str]:
    """Return the lot with the most entries, after a count that makes its stock free."""
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
    with bench_databases(options.database) as databases, ExitStack() as stack:
        series: dict[int, CostSeries] = {}
        for entries in options.entries:
            ensure(databases, entries)
            name = f"bench_costs_{entries}"
            databases.copy(f"bench_{entries}", name)
            stack.callback(databases.drop, name)
            app = stack.enter_context(application(databases.url(name)))
            series[entries] = CostSeries(app, databases.url(name))
        _reserve_in_turn(series, options.times)
        found = _print_table(series)
    results.save("costs", options.database, {"milliseconds": found})


def _reserve_in_turn(series: dict[int, CostSeries], times: int) -> None:
    for turn in range(times + 20):
        for name in ("spread", "one lot"):
            for cost_series in series.values():
                cost_series.reserve(name)
        if turn == 19:  # the first turns are a warm-up
            for cost_series in series.values():
                cost_series.times = {name: [] for name in cost_series.times}


def _print_table(series: dict[int, CostSeries]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    print("\n| reserve | " + " | ".join(f"{entries:,}" for entries in series) + " | ratio |")
    print("|---|" + "---|" * (len(series) + 1))
    for name in ("spread", "one lot"):
        costs = {
            entries: statistics.median(cost_series.times[name])
            for entries, cost_series in series.items()
        }
        found[name] = {str(entries): round(cost, 3) for entries, cost in costs.items()}
        ratio = costs[max(costs)] / costs[min(costs)]
        print(
            f"| {name} | " + " | ".join(f"{c:.2f} ms" for c in costs.values()) + f" | {ratio:.2f} |"
        )
    return found


if __name__ == "__main__":
    main()
