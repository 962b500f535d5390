"""Search by words in any order, without case, accents and signs, with any number of rows."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory import catalog
from inventory.common import clock
from inventory.common.search_keys import item_key
from inventory.db import atomic, connection, db, search_index, search_keys, triggers
from inventory.queries import list_items, list_lots, list_references, list_reservations
from inventory.queries.barcodes import list_codes
from inventory.queries.items import suggest_items
from inventory.queries.search import contains
from inventory.stock.statements import items, lots, reservations
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
        ("GRÖSSER", {"BOLT-M8"}), ("größ", {"BOLT-M8"}), ("öl-5w", {"ÖL-5W40"}),
        ("öl", {"BOLT-M8", "ÖL-5W40"}), ('"for"', {"ÖL-5W40"}), ("100 %", {"ÖL-5W40"}),
        ("100%", {"ÖL-5W40"}), ("x", {"X"}), ("y", {"X"}), ("bolt AND oil", set()),
        ("NEAR(", set()), ("bo*", {"BOLT-M8"}), ("M8\\", {"BOLT-M8"}), ("ßer", {"BOLT-M8"}),
        ("e, 7", set()), ("s, 1", {"ÖL-5W40"}), ("b[o]lt", {"BOLT-M8"}), ("b_lt", set()),
        ("b%t", set()), ("%", set()), ("_", set()), ("-", set()), ("…", set()), ("''", set()),
    ],
)  # fmt: skip
def test_items_are_found_by_any_part_of_code_or_name(
    warehouse: Stock, q: str, codes: set[str]
) -> None:
    assert found(list_items, q) == codes


#: Items with the searches that find them and those that do not.
ITEMS = {
    ("BOLT-M10X25", "Hex bolt M10 × 25"): (
        "hex m10", "m10 hex", "M10 HEX bolt", "boltm10x25", "bolt-m10x25", "Bolt M10X25",
        "BOLT M10", "m10x25", "m10 x 25", "m10×25", "M10 × 25", "25 × m10", "10x2", "x", "×",
        "hex, bolt; m10!", "bolt bolt", "hex zz",
    ),
    ("AB-1", "Adapter"): ("ab1", "AB1", "ab-1", "ab 1", "a-b-1", "ab–1", "1 ab", "adapter ab1"),
    ("AC 2", "Kabel 50 % länger"): ("ac2", "AC-2", "2 kabel", "50%", "50 %", "langer", "LÄNGER"),
    ("DIN-931", "Stahl 1.4301"): ("1.4301", "14301", "1.43", "931 stahl", "din931"),
    ("MUC", "München, Straße"): (
        "munchen", "MÜNCHEN", "mu\u0308nchen", "strasse", "straße", "STRASSE munchen", "muc strass",
    ),
    ("ELKA", "Ёлка зелёная"): ("елка", "ЗЕЛЕНАЯ", "зеленая elka"),
}  # fmt: skip


def test_words_are_found_in_any_order_without_signs_accents_and_case(stock: Stock) -> None:
    for code, name in ITEMS:
        stock.item(code, name=name)
    for (code, _), queries in ITEMS.items():
        for q in queries:
            assert (code in found(list_items, q)) is ("zz" not in q), q
            assert {item.code for item in suggest_items(connection(), q, limit=9)} == found(
                list_items, q
            )
    assert found(list_items, "ab1") == {"AB-1"}
    assert found(list_items, "hex adapter") == set()
    assert found(list_items, "munchen 931") == set()


def changed(word: str, draw: st.DrawFn) -> str:
    """Return a word in another case, decomposed, with signs between its letters."""
    form = draw(st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
    case = draw(st.sampled_from([str.upper, str.lower, str.title, str.casefold]))
    sign = draw(st.sampled_from(["", "", "-", "–", "_", ".", "/", "\u0301", "\u00ad"]))
    return unicodedata.normalize(form, case(sign.join(word)))


texts = st.text(st.sampled_from("aB9 ßÖéШ-._%漢"), min_size=1, max_size=12)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data(), texts, texts)
def test_an_item_is_found_by_any_of_its_words(
    stock: Stock, data: st.DataObject, code: str, name: str
) -> None:
    db.session.rollback()
    with db.engine.connect().execution_options(write=True) as conn:
        key_ = item_key(code, name)
        row = {"code": code, "name": name, "search_key": key_, "unit": "pcs", "decimals": 0}
        row |= {"qc_required": False, "created_at": clock.now()}
        conn.execute(sa.insert(items).values(**row))
        words = data.draw(st.permutations([*code.split(), *name.split()]))
        words = words[: data.draw(st.integers(1, max(1, len(words))))]
        q = " ".join(changed(word, data.draw) for word in words)
        names = conn.execute(sa.select(items.c.code).where(contains(conn, q, items))).scalars()
        assert (code in names.all()) is any(character.isalnum() for character in q)


def test_lots_and_references_are_found_by_any_part(warehouse: Stock) -> None:
    assert found(list_lots, "2026/0") == {"L-2026/01"}
    assert found(list_lots, "l202601") == {"L-2026/01"}
    assert found(list_lots, "01 2026 l") == {"L-2026/01"}
    assert found(list_lots, "sup*7") == {"charge_7"}
    assert found(list_lots, "77 HARGE_") == {"charge_7"}
    assert found(list_lots, "_") == set()
    assert found(list_reservations, "ob-47") == {"JOB-4711"}
    assert found(list_reservations, "4711 job") == {"JOB-4711"}
    assert found(list_reservations, "arger") == {"Ärger"}
    assert found(list_reservations, "-") == set()
    assert found(list_references, "ärg") == {"Ärger"}
    assert found(list_references, "job4711") == {"JOB-4711"}


def test_no_word_matches_across_columns(warehouse: Stock) -> None:
    assert found(list_items, "M8Sechs") == set()
    assert found(list_items, "M8 Sechs") == {"BOLT-M8"}
    assert found(list_lots, "7sup") == set()


def test_barcodes_are_found_by_a_part_as_it_is_written(warehouse: Stock) -> None:
    warehouse.link("Box_50%[a]", item="X")
    for q, count in (("box_5", 1), ("50%[A", 1), ("box50", 0), ("_5?", 0), ("b*", 0)):
        db.session.rollback()
        assert len(list_codes(connection(), q=q).rows) == count, q


def test_renamed_item_is_found_by_its_new_name_only(warehouse: Stock) -> None:
    catalog.update_item(user_id=warehouse.user_id, key=key(), item="BOLT-M8", name="Hex bolt, zinc")
    assert found(list_items, "zinc") == {"BOLT-M8"}
    assert found(list_items, "sechskant") == set()


def test_item_with_a_new_code_is_found_by_it_only(warehouse: Stock) -> None:
    warehouse.item("OLD-9", name="Washer")
    catalog.update_item(user_id=warehouse.user_id, key=key(), item="OLD-9", code="NEW-9")
    assert found(list_items, "new9 washer") == {"NEW-9"}
    assert found(list_items, "old9") == set()


def test_lot_is_found_by_its_new_supplier_lot_only(warehouse: Stock) -> None:
    lot = warehouse.find_lot("charge_7").id
    fields = {"user_id": warehouse.user_id, "lot_id": lot}
    catalog.update_lot(key=key(), supplier_lot="Ersatz-9", **fields)
    assert found(list_lots, "ersatz9") == {"charge_7"}
    assert found(list_lots, "sup77") == set()
    catalog.update_lot(key=key(), location="A-1", **fields)
    assert found(list_lots, "ersatz9") == {"charge_7"}
    catalog.update_lot(key=key(), supplier_lot=None, **fields)
    assert found(list_lots, "ersatz9") == set()
    assert found(list_lots, "charge7") == {"charge_7"}


def test_void_lot_that_is_received_again_is_found_by_its_new_supplier_lot(stock: Stock) -> None:
    stock.item()
    receipt = {"item": "BOLT", "lot_code": "L-1", "qty": "5"}
    posting = stock.post("receive", supplier_lot="OLD-7", **receipt)
    stock.post("reverse", operation_id=posting.operation.id, reason="wrong lot")
    stock.post("receive", supplier_lot="NEW-7", **receipt)
    assert found(list_lots, "new7") == {"L-1"}
    assert found(list_lots, "old7") == set()


def test_keys_are_computed_for_rows_without_one(warehouse: Stock) -> None:
    """As of before the keys, or of an older program during an upgrade."""
    db.session.rollback()
    with db.engine.connect().execution_options(write=True) as tx, tx.begin():
        for table in (items, lots, reservations):
            tx.execute(sa.update(table).values(search_key=None))
        assert list_items(tx, q="bolt").rows == []
        assert search_keys.fill(tx) == 7
        assert search_keys.fill(tx) == 0
        tx.execute(sa.update(items).where(items.c.code == "X").values(search_key="other"))
        assert search_keys.recompute(tx) == 1
    assert found(list_items, "sechskant bolt") == {"BOLT-M8"}
    assert found(list_items, "other") == set()
    assert found(list_lots, "sup77") == {"charge_7"}
    assert found(list_references, "4711") == {"JOB-4711"}


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
        condition = search_index.prefilter(conn, [words], table)
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
