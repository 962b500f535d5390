"""Writers that wait for one lot leave threads to other requests, and give up at the deadline."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.engine import Connection

from inventory.common import deadline
from inventory.common.errors import Busy
from inventory.db import atomic, atomic_pipelined, db
from inventory.ledger import lot_queue
from tests.support.race_processes import race
from tests.support.stock_builder import Stock, part

pytestmark = pytest.mark.only("postgresql")


@contextmanager
def held(lot: int) -> Iterator[None]:
    with db.engine.connect().execution_options(write=True) as holder, holder.begin():
        holder.exec_driver_sql(f"SELECT id FROM inventory_lots WHERE id = {lot} FOR UPDATE")
        yield


def reserve(stock: Stock, lot: int) -> str:
    try:
        stock.post("reserve", item="BOLT", qty=1, reference="R", lots=[part(lot, 1)])
    except Busy:
        return "busy"
    return "granted"


def test_few_writers_wait_for_a_lot_that_is_stuck(app: Flask, stock: Stock) -> None:
    """The others are refused while the first ones still wait, and other lots go on."""
    stuck, other = stock.lot("receive 50"), stock.lot("receive 50")
    places = max(1, db.engine.pool.size() // 4)
    ended: list[tuple[str, int]] = []

    def write(number: int) -> str:
        deadline.start(5)
        outcome = reserve(stock, stuck)
        ended.append((outcome, len(lot_queue._waiting.get(stuck, ()))))
        return outcome

    with held(stuck):
        racing = threading.Thread(target=race, args=(app, places + 4, write))
        racing.start()
        while len(lot_queue._waiting.get(stuck, ())) < places:
            time.sleep(0.01)
        with app.app_context():
            assert reserve(stock, other) == "granted"
        racing.join()
    assert ended[:4] == [("busy", places)] * 4
    assert Counter(outcome for outcome, _ in ended) == {"busy": places + 4}
    assert not lot_queue._waiting
    assert reserve(stock, stuck) == "granted"


def test_writers_of_a_busy_lot_all_get_their_turn(app: Flask, stock: Stock) -> None:
    lot = stock.lot("receive 100")
    outcomes = race(app, 16, lambda _: [reserve(stock, lot) for _ in range(5)])
    assert outcomes == [["granted"] * 5] * 16
    assert not lot_queue._waiting


@pytest.mark.parametrize("begin", [atomic, atomic_pipelined])
def test_a_lock_is_waited_for_until_the_deadline_of_the_request(stock: Stock, begin: Any) -> None:
    @begin
    def lock_timeout(tx: Connection) -> int:
        """In milliseconds."""
        chosen = "SELECT setting FROM pg_settings WHERE name = 'lock_timeout'"
        return int(tx.exec_driver_sql(chosen).scalar_one())

    def in_a_request(seconds: float) -> int:
        deadline.start(seconds)
        return lock_timeout()

    assert lock_timeout() == 8000
    assert copy_context().run(in_a_request, 60) == 8000
    assert 100 <= copy_context().run(in_a_request, 3) <= 3000
    assert copy_context().run(in_a_request, -1) == 100  # one last try


def test_a_request_past_its_deadline_is_refused_soon(stock: Stock) -> None:
    lot = stock.lot("receive 5")

    def write() -> str:
        deadline.start(0)
        return reserve(stock, lot)

    with held(lot):
        assert copy_context().run(write) == "busy"
