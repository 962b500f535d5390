"""Each pair of operations on one lot; the second starts between read and write of the first.

A hook holds the first after its decision. The second must wait, and the result must equal that of
the two operations one after the other.
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
LotOperation = Callable[[Stock, int, int], Any]

#: Operations on a lot with 10 on hand and 4 reserved: (stock, lot, reservation).
OPERATIONS: dict[str, LotOperation] = {
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


def create_lots(stock: Stock) -> tuple[int, int]:
    """Create a lot with 10, 4 of them reserved, and a lot with 3; return lot and reservation."""
    item = stock.item(f"BOLT-{next(_numbers)}")
    lot = stock.lot("receive 10", item=item, expires_on=in_days(30))
    stock.lot("receive 3", item=item, expires_on=in_days(60))
    return lot, stock.reserve(4, lot=lot, item=item)


def outcome(operation: LotOperation, stock: Stock, lot: int, held: int) -> str:
    try:
        operation(stock, lot, held)
    except Refusal as refusal:
        return refusal.code
    return "done"


def final_state(stock: Stock, lot: int) -> tuple[str, str, str]:
    item = stock.get_lot(lot).item
    others = [other for other in get_lots_of_items(connection(), [item.id]) if other.id != lot]
    return stock.figures(lot), stock.get_lot(lot).qc_status, stock.figures(others[0].id or 0)


@pytest.mark.parametrize("first", OPERATIONS)
def test_second_operation_waits_for_the_first_and_sees_its_result(
    app: Flask, stock: Stock, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    for second in OPERATIONS:
        lot, held = create_lots(stock)
        serial = [outcome(OPERATIONS[name], stock, lot, held) for name in (first, second)]
        expected = [*serial, *final_state(stock, lot)]
        assert interleaved(app, stock, monkeypatch, first, second) == expected, second


def interleaved(
    app: Flask, stock: Stock, monkeypatch: pytest.MonkeyPatch, first: str, second: str
) -> list[str]:
    lot, held = create_lots(stock)
    found: dict[str, str] = {}
    decided, go_on = threading.Event(), threading.Event()

    def write_later(*args: Any) -> Any:
        if threading.current_thread().name == "first":
            decided.set()
            assert go_on.wait(20)
        return _write(*args)

    def run(name: str) -> None:
        with app.app_context():
            found[threading.current_thread().name] = outcome(OPERATIONS[name], stock, lot, held)

    first_thread = threading.Thread(target=run, args=(first,), name="first")
    second_thread = threading.Thread(target=run, args=(second,), name="second")
    with monkeypatch.context() as hook:
        hook.setattr(posting, "_write", write_later)
        first_thread.start()
        assert decided.wait(20), "the first was not granted"
        second_thread.start()
        second_thread.join(0.05)
        assert "second" not in found, f"{second} did not wait"
        go_on.set()
        first_thread.join()
        second_thread.join()
    return [found["first"], found["second"], *final_state(stock, lot)]
