"""Each two operations on one lot, with the second asked for between the first's look and its write.

A hook holds the first after it has decided. The second must wait for it, and both must end as if
they had been done one after the other.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from inventory.common.errors import Refusal
from inventory.db import connection
from inventory.ledger import posting
from inventory.stock.queries import get_lots_of_items
from tests.support.stock_builder import Stock, in_days, part

_write = posting._write
_numbers = itertools.count(1)
Do = Callable[[Stock, int, int], Any]

#: What each does with a lot of 10, 4 of them reserved.
OPERATIONS: dict[str, Do] = {
    "receive": lambda stock, lot, _: stock.post(
        "receive",
        item=item_of(stock, lot),
        lot_code=stock.get_lot(lot).lot_code,
        qty=3,
        add_to_lot=True,
    ),
    "reserve": lambda stock, lot, _: stock.reserve(6, lot=lot, item=item_of(stock, lot)),
    "unreserve": lambda stock, _, held: stock.post("unreserve", reservation_id=held),
    "issue reserved": lambda stock, _, held: stock.post("issue", reservation_id=held, qty=4),
    "issue free": lambda stock, lot, _: stock.post(
        "issue", item=item_of(stock, lot), qty=6, lots=[part(lot, 6)]
    ),
    "scrap": lambda stock, lot, _: stock.post("scrap", lot_id=lot, qty=6, reason="bent"),
    "count": lambda stock, lot, _: stock.post("count", lot_id=lot, counted=7, reason="counted"),
    "split": lambda stock, lot, _: stock.post(
        "split", lot_id=lot, qty=6, lot_code=f"{stock.get_lot(lot).lot_code}-S"
    ),
    "reject": lambda stock, lot, _: stock.post(
        "decide_qc", lot_id=lot, status="REJECTED", reason="cracks"
    ),
    "reject and move": lambda stock, lot, _: stock.post(
        "decide_qc", lot_id=lot, status="REJECTED", reason="cracks", on_reservations="reallocate"
    ),
    "reverse": lambda stock, lot, _: stock.post(
        "reverse", operation_id=stock.history(lot)[1].operation_id
    ),
}


def item_of(stock: Stock, lot: int) -> str:
    return stock.get_lot(lot).item.code


def prepared(stock: Stock) -> tuple[int, int]:
    """A lot, and another one of its item that has room for a part of what is reserved."""
    item = stock.item(f"BOLT-{next(_numbers)}")
    lot = stock.lot("receive 10", item=item, expires_on=in_days(30))
    stock.lot("receive 3", item=item, expires_on=in_days(60))
    return lot, stock.reserve(4, lot=lot, item=item)


def outcome(do: Do, stock: Stock, lot: int, held: int) -> str:
    try:
        do(stock, lot, held)
    except Refusal as refusal:
        return refusal.code
    return "done"


def ends(stock: Stock, lot: int) -> tuple[str, str, str]:
    item = stock.get_lot(lot).item
    beside = [one for one in get_lots_of_items(connection(), [item.id]) if one.id != lot]
    return stock.figures(lot), stock.get_lot(lot).qc_status, stock.figures(beside[0].id or 0)


@pytest.mark.parametrize("first", OPERATIONS)
def test_the_second_waits_and_sees_what_the_first_left(
    app: Flask, stock: Stock, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    for second in OPERATIONS:
        lot, held = prepared(stock)
        serial = [outcome(OPERATIONS[name], stock, lot, held) for name in (first, second)]
        expected = [*serial, *ends(stock, lot)]
        assert interleaved(app, stock, monkeypatch, first, second) == expected, second


def interleaved(
    app: Flask, stock: Stock, monkeypatch: pytest.MonkeyPatch, first: str, second: str
) -> list[str]:
    lot, held = prepared(stock)
    found: dict[str, str] = {}
    decided, go_on = threading.Event(), threading.Event()

    def held_back(*args: Any) -> Any:
        if threading.current_thread().name == "first":
            decided.set()
            assert go_on.wait(20)
        return _write(*args)

    def run(name: str) -> None:
        with app.app_context():
            found[threading.current_thread().name] = outcome(OPERATIONS[name], stock, lot, held)

    one = threading.Thread(target=run, args=(first,), name="first")
    two = threading.Thread(target=run, args=(second,), name="second")
    with monkeypatch.context() as hook:
        hook.setattr(posting, "_write", held_back)
        one.start()
        assert decided.wait(20), "the first was not granted"
        two.start()
        two.join(0.05)
        assert "second" not in found, f"{second} did not wait"
        go_on.set()
        one.join()
        two.join()
    return [found["first"], found["second"], *ends(stock, lot)]
