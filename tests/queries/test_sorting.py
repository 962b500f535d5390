"""Sorting, pagination and filters of the item, lot and entry lists."""

from __future__ import annotations

from typing import Any

import pytest

from inventory.common import clock
from inventory.common.errors import InvalidInput
from inventory.db import connection, db
from inventory.queries import ITEM_SORTS, LOT_SORTS, list_entries, list_items, list_lots, units
from tests.support.stock_builder import Stock, in_days


@pytest.fixture
def warehouse(stock: Stock) -> Stock:
    stock.item("NUT", name="Wing nut")
    stock.item("OIL", name="Motor oil", unit="l", decimals=3)
    stock.item("BOLT", name="Zinc bolt")
    stock.item("AIR", name="No stock")
    stock.lot("receive 10, reserve 4 JOB-1", item="BOLT", expires_on=in_days(9))
    stock.lot("receive 7", item="BOLT", lot_code="A-1")
    stock.lot("receive 7, quarantine", item="NUT", expires_on=in_days(3))
    stock.lot("receive 2, reserve 1 JOB-2", item="NUT")
    stock.lot("receive 5", item="NUT", expires_on=in_days(-1))
    stock.lot("receive 0.999", item="OIL")
    stock.lot("receive 0.002, issue 0.001", item="OIL", lot_code="Z-1")
    stock.lot("receive 3, issue 3", item="BOLT")
    return stock


def read_all(read: Any, **filters: Any) -> list[Any]:
    """Read all rows with a page size of two."""
    db.session.rollback()
    rows, cursor = [], None
    while True:
        page = read(connection(), limit=2, cursor=cursor, **filters)
        rows += page.rows
        if page.next_cursor is None:
            return rows
        cursor = page.next_cursor


@pytest.mark.parametrize("sort", ITEM_SORTS)
def test_items_are_sorted_by_each_column(warehouse: Stock, sort: str) -> None:
    keys = {
        "code": lambda row: row.item.code,
        "name": lambda row: (row.item.name, row.item.id),
        "on_hand": lambda row: (row.totals.on_hand, row.item.id),
        "reserved": lambda row: (row.totals.reserved, row.item.id),
        "on_hold": lambda row: (row.totals.on_hold, row.item.id),
        "free": lambda row: (row.totals.free, row.item.id),
    }
    rows = read_all(list_items, sort=sort)
    assert len(rows) == 4
    assert rows == sorted(rows, key=keys[sort.lstrip("-")], reverse=sort.startswith("-"))


@pytest.mark.parametrize("sign", ["", "-"])
def test_codes_and_names_are_sorted_as_people_do(stock: Stock, sign: str) -> None:
    ordered = ["A-1", "A-2", "A-10", "A-100", "ab-1", "Äb-2", "Z"]
    step = -1 if sign else 1
    for number, code in enumerate(["Z", "A-100", "Äb-2", "A-2", "ab-1", "A-10", "A-1"]):
        stock.item(code, name=ordered[number])
        stock.lot("receive 1", item="Z", lot_code=code)
    found = [row.item.code for row in read_all(list_items, sort=f"{sign}code")]
    assert found == ordered[::step]
    assert [row.item.name for row in read_all(list_items, sort=f"{sign}name")] == ordered[::step]
    assert [lot.lot_code for lot in read_all(list_lots, sort=f"{sign}lot")] == ordered[::step]


@pytest.mark.parametrize("with_stock", [None, True])
@pytest.mark.parametrize("sort", LOT_SORTS)
def test_lots_are_sorted_by_each_column(
    warehouse: Stock, sort: str, with_stock: bool | None
) -> None:
    today = clock.today()
    keys = {
        "lot": lambda lot: (lot.lot_code, lot.id),
        "received": lambda lot: lot.id,
        "expires": lambda lot: (lot.expires_on or in_days(9999), lot.id),
        "on_hand": lambda lot: (lot.on_hand, lot.id),
        "reserved": lambda lot: (lot.reserved, lot.id),
        "free": lambda lot: (lot.free(today), lot.id),
    }
    rows = read_all(list_lots, sort=sort, with_stock=with_stock)
    assert len(rows) == (7 if with_stock else 8)
    assert rows == sorted(rows, key=keys[sort.lstrip("-")], reverse=sort.startswith("-"))


def test_lots_that_expire_soon_can_be_sorted(warehouse: Stock) -> None:
    soon = {"expiring_before": in_days(30), "with_stock": True}
    assert [lot.on_hand for lot in read_all(list_lots, **soon)] == [
        5 * 10**6,
        7 * 10**6,
        10 * 10**6,
    ]
    rows = read_all(list_lots, sort="-on_hand", **soon)
    assert [lot.on_hand for lot in rows] == [10 * 10**6, 7 * 10**6, 5 * 10**6]


def test_unknown_sort_order_is_refused(warehouse: Stock) -> None:
    for read in (list_items, list_lots):
        with pytest.raises(InvalidInput) as caught:
            read(connection(), sort="qty; drop")
        assert caught.value.field == "sort"


def test_cursor_of_another_sort_order_is_refused(warehouse: Stock) -> None:
    page = list_items(connection(), sort="free", limit=2)
    with pytest.raises(InvalidInput):
        list_items(connection(), sort="-free", limit=2, cursor=page.next_cursor)


def test_filtered_lots_add_up_to_the_figure(warehouse: Stock) -> None:
    """The list behind each figure has exactly the lots that contribute to it."""
    today = clock.today()
    lots = read_all(list_lots)
    for having, figure in (
        ("reserved", lambda lot: lot.reserved),
        ("on_hold", lambda lot: lot.on_hold(today)),
        ("free", lambda lot: lot.free(today)),
    ):
        found = [lot.id for lot in read_all(list_lots, having=having)]
        assert found == [lot.id for lot in lots if figure(lot)]
    assert {lot.item.code for lot in read_all(list_lots, unit="l")} == {"OIL"}
    assert [row.item.code for row in read_all(list_items, unit="l")] == ["OIL"]
    assert units(connection()) == ["l", "pcs"]


def test_entries_are_filtered_by_kind_and_lot_code(warehouse: Stock) -> None:
    kinds = {entry.kind for entry in read_all(list_entries, kind="ISSUE")}
    assert kinds == {"ISSUE"}
    assert len(read_all(list_entries, lot_code="Z-1")) == 2
    assert len(read_all(list_entries, lot_code="z-1")) == 2
    assert read_all(list_entries, lot_code="Z") == []


def test_item_list_has_the_time_of_the_last_entry(warehouse: Stock) -> None:
    moved = {row.item.code: row.last_move for row in read_all(list_items)}
    last = list_entries(connection(), item="BOLT", limit=1).rows[0]
    assert moved["BOLT"] == last.timestamp
    assert moved["AIR"] is None
