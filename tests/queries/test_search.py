"""Search by any part of a code or name, ignoring case, with any number of rows."""

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
def test_items_are_found_by_any_part_of_code_or_name(
    warehouse: Stock, q: str, codes: set[str]
) -> None:
    assert found(list_items, q) == codes


def test_lots_and_references_are_found_by_any_part(warehouse: Stock) -> None:
    assert found(list_lots, "2026/0") == {"L-2026/01"}
    assert found(list_lots, "sup*7") == {"charge_7"}
    assert found(list_lots, "HARGE_") == {"charge_7"}
    assert found(list_reservations, "ob-47") == {"JOB-4711"}
    assert found(list_references, "ärg") == {"Ärger"}


def test_search_text_does_not_match_across_columns(warehouse: Stock) -> None:
    assert found(list_items, "M8Sechs") == set()
    assert found(list_items, "M8 Sechs") == set()


def test_renamed_item_is_found_by_its_new_name_only(warehouse: Stock) -> None:
    catalog.update_item(user_id=warehouse.user_id, key=key(), item="BOLT-M8", name="Hex bolt, zinc")
    assert found(list_items, "zinc") == {"BOLT-M8"}
    assert found(list_items, "sechskant") == set()


def test_search_with_many_matches_works_without_the_index(
    stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_index, "_FEW", 2)
    for number in range(5):
        stock.item(f"PART-{number}")
    assert len(found(list_items, "part")) == 5
    assert found(list_items, "rt-3") == {"PART-3"}


def test_search_index_has_the_rows_of_the_tables(warehouse: Stock) -> None:
    """The prefilter finds the row; without an index a search would scan the table."""
    conn = connection()
    for table, words in (("items", "bolt"), ("inventory_lots", "2026"), ("reservations", "4711")):
        condition = search_index.prefilter(conn, words, table)
        assert condition is not None
        chosen = sa.select(sa.literal_column("id")).select_from(sa.table(table)).where(condition)
        assert conn.execute(chosen).scalars().all() == [1]


def test_search_index_can_be_recreated(warehouse: Stock) -> None:
    @atomic
    def recreate(tx: Any) -> None:
        search_index.drop(tx)
        search_index.create(tx)
        triggers.install(tx)

    db.session.rollback()
    recreate()
    assert found(list_items, "sechskant") == {"BOLT-M8"}
