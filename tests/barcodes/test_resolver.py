"""What a scan is in this warehouse."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from inventory import barcodes, catalog
from inventory.barcodes import internal_codes
from inventory.common import clock
from inventory.common.errors import InvalidCode
from inventory.common.quantity import format_qty
from inventory.db import connection, db
from tests.support.stock_builder import Stock, key

GTIN = "09521123456785"
PACK = "19521123456782"
DAY = date(2027, 12, 31)


def find(raw: str, **fields: Any) -> barcodes.ScanResolution:
    db.session.rollback()
    return barcodes.resolve(connection(), raw, **fields)


def say(raw: str, **fields: Any) -> str:
    """`lot BOLT/L-1 ×12 by gtin !EXPIRY_DIFFERS`"""
    found = find(raw, **fields)
    words = [found.kind]
    if found.item:
        lot = found.lot.lot_code if found.lot else found.scan.lot_code
        words.append(f"{found.item.code}/{lot}" if lot else found.item.code)
    if found.qty is not None:
        words.append(f"×{format_qty(found.qty)}")
    if found.how:
        words.append(f"by {found.how}")
    return " ".join([*words, *(f"!{warning.code}" for warning in found.warnings)])


def link(stock: Stock, code: str, **fields: Any) -> None:
    barcodes.link(user_id=stock.user_id, key=key(), code=code, **fields)


@pytest.fixture
def bolts(stock: Stock) -> Stock:
    """BOLT with a GTIN, a pack of 12, and the lot L-1."""
    stock.lot(lot_code="L-1", expires_on=DAY, supplier_lot="S-77")
    link(stock, GTIN, item="BOLT")
    link(stock, PACK, item="BOLT", qty=12)
    return stock


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("9521123456785", "item BOLT ×1 by gtin"),
        (PACK, "item BOLT ×12 by gtin"),
        (f"]C101{GTIN}", "item BOLT ×1 by gtin"),
        (f"]C101{GTIN}10L-1", "lot BOLT/L-1 ×1 by lot_code"),
        (f"]C101{PACK}17271231{'10L-1'}", "lot BOLT/L-1 ×12 by lot_code"),
        (f"]C101{GTIN}10S-77", "lot BOLT/L-1 ×1 by supplier_lot"),
        (f"]C101{GTIN}10L-2", "new_lot BOLT/L-2 ×1 by gtin"),
        (f"]C101{GTIN}10l-1", "new_lot BOLT/l-1 ×1 by gtin"),
        (f"]C102{PACK}373\x1d10L-1", "lot BOLT/L-1 ×36 by lot_code"),
        (f"]C101{GTIN}3024\x1d10L-1", "lot BOLT/L-1 ×24 by lot_code"),
        (f"]C102{PACK}370", "item BOLT by gtin !QTY_NOT_POSSIBLE"),
        ("]C110L-1", "lot BOLT/L-1 by lot_code"),
        ("L-1", "lot BOLT/L-1 by lot_code"),
        ("BOLT", "item BOLT by item_code"),
        ("bolt", "unknown"),
        ("S-77", "unknown"),
        ("40170725", "unknown"),
        ("]C10100000040170725" + "10L-1", "unknown"),
        ("9521123456788", "unknown !CHECK_DIGIT"),
        (f"]C101{GTIN}10L-1\x1d17280101", "lot BOLT/L-1 ×1 by lot_code !EXPIRY_DIFFERS"),
        (f"]C101{GTIN}10L-1\x1d15271231", "lot BOLT/L-1 ×1 by lot_code"),
    ],
)
def test_what_a_scan_is(bolts: Stock, raw: str, said: str) -> None:
    assert say(raw) == said


def test_unknown_codes_can_be_linked_unless_they_are_misread(bolts: Stock) -> None:
    assert [find(raw).linkable for raw in ("X", "40170725", "9521123456788", "]C110X", "BOLT")] == [
        True, True, False, False, False,
    ]  # fmt: skip


def test_a_linked_code_is_what_it_was_linked_to(bolts: Stock) -> None:
    lot = bolts.lot(lot_code="L-5")
    link(bolts, "BIN 5", lot_id=lot)
    link(bolts, "BOX", item="BOLT", qty=50)
    link(bolts, "(00)340123450000000017", lot_id=lot)
    assert say("BIN 5") == "lot BOLT/L-5 ×1 by linked_code"
    assert say("BOX") == "item BOLT ×50 by linked_code"
    assert say(f"]C100340123450000000017{'02' + GTIN}3748") == "lot BOLT/L-5 ×48 by linked_code"


def test_a_code_of_several_lots_offers_them_those_with_stock_first(bolts: Stock) -> None:
    bolts.lot("receive 4, issue 4", item="NUT", lot_code="L-1")
    bolts.lot("receive 3", item="WASHER", lot_code="L-1")
    found = find("L-1")
    assert found.kind == "several"
    assert [choice.item.code for choice in found.choices] == ["BOLT", "WASHER", "NUT"]
    # With the GTIN it is clear which is meant.
    assert say(f"]C101{GTIN}10L-1") == "lot BOLT/L-1 ×1 by lot_code"


def test_an_item_taken_up_under_a_linked_code_makes_it_several(bolts: Stock) -> None:
    link(bolts, "NUT", item="BOLT")
    bolts.item("NUT")
    assert {choice.item.code for choice in find("NUT").choices} == {"BOLT", "NUT"}


def test_a_new_lot_comes_with_what_the_label_says(bolts: Stock) -> None:
    record = find(f"]C101{GTIN}17280229{'10L-2'}\x1d21S-9").to_dict(clock.today())
    assert {name: record[name] for name in ("kind", "lot", "lot_code", "expires_on", "serial")} == {
        "kind": "new_lot", "lot": None, "lot_code": "L-2", "expires_on": "2028-02-29",
        "serial": "S-9",
    }  # fmt: skip
    assert record["item"]["code"] == "BOLT"
    assert (
        find(f"]C101{GTIN}15280101{'10L-2'}").to_dict(clock.today())["expires_on"] == "2028-01-01"
    )


def test_the_expiry_of_a_label_never_changes_a_stored_lot(bolts: Stock) -> None:
    (warning,) = find(f"]C101{GTIN}10L-1\x1d17280101").warnings
    assert warning.figures == {
        "label_expires_on": "2028-01-01", "stored_expires_on": "2027-12-31",
    }  # fmt: skip
    assert bolts.find_lot("L-1").expires_on == DAY
    lot = bolts.lot(lot_code="L-8")
    (warning,) = find(f"]C101{GTIN}10L-8\x1d17280101").warnings
    assert warning.figures["stored_expires_on"] is None
    assert bolts.get_lot(lot).expires_on is None


def test_a_lost_separator_finds_the_lot_only_with_its_own_expiry(bolts: Stock) -> None:
    assert say(f"01{GTIN}10L-117271231") == "lot BOLT/L-1 ×1 by lot_code !SEPARATOR_LOST"
    # Another date than the stored one: no lot is guessed, the person is asked.
    found = find(f"01{GTIN}10L-117271230")
    assert (found.kind, found.scan.lot_code) == ("new_lot", "L-117271230")
    (warning,) = found.warnings
    assert warning.code == "SEPARATOR_LOST"
    assert {"lot_code": "L-1", "expires_on": "2027-12-30"}.items() <= warning.figures["readings"][
        0
    ].items()


def test_a_lot_code_that_only_looks_swallowed_is_never_mended(bolts: Stock) -> None:
    bolts.lot(lot_code="A")
    bolts.lot(lot_code="B17271231")
    assert say(f"01{GTIN}10A21C") == "new_lot BOLT/A21C ×1 by gtin"
    assert say(f"01{GTIN}10A2110") == "new_lot BOLT/A2110 ×1 by gtin"
    assert say(f"01{GTIN}10B17271231") == "lot BOLT/B17271231 ×1 by lot_code"


def test_a_gtin_that_the_lot_swallowed_is_found(bolts: Stock) -> None:
    assert say(f"]C110L-101{GTIN}") == "lot BOLT/L-1 ×1 by lot_code !SEPARATOR_LOST"


def test_a_count_that_swallowed_the_lot_is_doubted(bolts: Stock) -> None:
    assert say(f"]C102{PACK}37121047") == "item BOLT ×1452564 by gtin !SEPARATOR_LOST"


def test_a_weight_counts_in_the_items_own_unit(stock: Stock) -> None:
    stock.item("MEAT", unit="kg", decimals=3)
    stock.item("HAM", unit="g")
    stock.item("CAN", unit="pcs")
    for code, item in ((GTIN, "MEAT"), (PACK, "HAM"), ("40170725", "CAN")):
        link(stock, code, item=item)
    assert say(f"]C101{GTIN}3103001250") == "item MEAT ×1.25 by gtin"
    assert say(f"]C101{GTIN}3104001255") == "item MEAT by gtin !QTY_NOT_POSSIBLE"
    assert say(f"]C101{PACK}3103001250") == "item HAM ×1250 by gtin"
    assert say("]C101000000401707253103001250") == "item CAN ×1 by gtin"


def test_an_archived_item_is_said_to_be(bolts: Stock) -> None:
    catalog.update_item(user_id=bolts.user_id, key=key(), item="BOLT", archived=True)
    assert say("L-1") == "lot BOLT/L-1 by lot_code !ITEM_ARCHIVED"


def test_our_own_labels_are_found_by_their_number_and_checked(bolts: Stock) -> None:
    lot = bolts.find_lot("L-1")
    assert say(internal_codes.lot_content(lot.id, "BOLT", "L-1")) == "lot BOLT/L-1 by own_label"
    assert say(internal_codes.item_content(lot.item.id, "BOLT")) == "item BOLT by own_label"
    assert (
        find(internal_codes.location_content("Regal Ä/3")).to_dict(clock.today())["location"]
        == "Regal Ä/3"
    )
    for foreign in (
        internal_codes.lot_content(lot.id, "BOLT", "L-2"),
        internal_codes.lot_content(lot.id + 99, "BOLT", "L-1"),
        internal_codes.item_content(lot.item.id, "NUT"),
    ):
        with pytest.raises(InvalidCode) as caught:
            find(foreign)
        assert caught.value.figures["problem"] == "FOREIGN_LABEL"


def test_resolving_writes_nothing_and_every_kind_has_a_record(bolts: Stock) -> None:
    before = bolts.entries()
    for raw in (
        GTIN,
        f"(01){GTIN}(10)L-2",
        "L-1",
        "BOLT",
        "?",
        internal_codes.location_content("A"),
    ):
        record = find(raw).to_dict(clock.today())
        assert record["scan"]["text"]
        assert set(record) == {
            "kind", "how", "code", "linkable", "item", "lot", "lot_code", "expires_on", "serial",
            "location", "qty", "warnings", "choices", "scan",
        }  # fmt: skip
    assert bolts.entries() == before
