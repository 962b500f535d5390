"""Search: any piece of a code or name, capitals aside, however many rows there are."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from inventory import catalog
from inventory.db import atomic, connection, db, search_index, triggers
from inventory.queries import list_items, list_lots, list_references, list_reservations
from tests.support.stock_builder import Stock, key


def found(read: Any, q: str) -> set[str]:
    db.session.rollback()
    rows = read(connection(), q=q).rows
    names = {list_items: "item.code", list_lots: "lot_code", list_reservations: "reference"}
    name = names.get(read, "name").split(".")[-1]
    return {getattr(getattr(row, "item", row) if read is list_items else row, name) for row in rows}


@pytest.fixture
def warehouse(stock: Stock) -> Stock:
    stock.item("BOLT-M8", name="Sechskantschraube größer")
    stock.item("ÖL-5W40", name='Oil "for" engines, 100 %')
    stock.item("X", name="y")
    stock.lot("receive 9, reserve 2 JOB-4711", item="BOLT-M8", lot_code="L-2026/01")
    stock.lot("receive 9, reserve 2 Ärger", item="X", lot_code="charge_7", supplier_lot="SUP*77")
    return stock


@pytest.mark.parametrize(
    ("q", "codes"),
    [
        ("bolt", {"BOLT-M8"}), ("LT-m", {"BOLT-M8"}), ("sechskant", {"BOLT-M8"}),
        ("GRÖSSER", set()), ("größ", {"BOLT-M8"}), ("öl-5w", {"ÖL-5W40"}), ("öl", {"ÖL-5W40"}),
        ('"for"', {"ÖL-5W40"}), ("100 %", {"ÖL-5W40"}), ("x", {"X"}), ("y", {"X"}),
        ("bolt AND oil", set()), ("NEAR(", set()), ("bo*", set()), ("M8\\", set()),
        ("ßer", {"BOLT-M8"}), ("e, 1", set()), ("s, 1", {"ÖL-5W40"}),
    ],
)  # fmt: skip
def test_items_by_any_piece_of_code_or_name(warehouse: Stock, q: str, codes: set[str]) -> None:
    assert found(list_items, q) == codes


def test_lots_and_references_too(warehouse: Stock) -> None:
    assert found(list_lots, "2026/0") == {"L-2026/01"}
    assert found(list_lots, "sup*7") == {"charge_7"}
    assert found(list_lots, "HARGE_") == {"charge_7"}
    assert found(list_reservations, "ob-47") == {"JOB-4711"}
    assert found(list_references, "ärg") == {"Ärger"}


def test_no_piece_spans_two_columns(warehouse: Stock) -> None:
    assert found(list_items, "M8Sechs") == set()
    assert found(list_items, "M8 Sechs") == set()


def test_an_item_is_found_by_its_new_name_and_no_longer_by_the_old(warehouse: Stock) -> None:
    catalog.update_item(user_id=warehouse.user_id, key=key(), item="BOLT-M8", name="Hex bolt, zinc")
    assert found(list_items, "zinc") == {"BOLT-M8"}
    assert found(list_items, "sechskant") == set()


def test_what_stands_in_very_many_rows_is_found_without_the_index(
    stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_index, "_FEW", 2)
    for number in range(5):
        stock.item(f"PART-{number}")
    assert len(found(list_items, "part")) == 5
    assert found(list_items, "rt-3") == {"PART-3"}


def test_the_index_holds_what_the_tables_hold(warehouse: Stock) -> None:
    """Each search asks the index, and it names few: without it, each looks through every row."""
    conn = connection()
    for table, words in (("items", "bolt"), ("inventory_lots", "2026"), ("reservations", "4711")):
        condition = search_index.prefilter(conn, words, table)
        assert condition is not None
        chosen = sa.select(sa.literal_column("id")).select_from(sa.table(table)).where(condition)
        assert conn.execute(chosen).scalars().all() == [1]


def test_the_index_can_be_made_anew(warehouse: Stock) -> None:
    @atomic
    def again(tx: Any) -> None:
        search_index.drop(tx)
        search_index.create(tx)
        triggers.install(tx)

    db.session.rollback()
    again()
    assert found(list_items, "sechskant") == {"BOLT-M8"}
