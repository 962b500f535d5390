"""Resolve scans to items, lots and locations."""

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


def resolve(raw: str, **fields: Any) -> barcodes.ScanResolution:
    db.session.rollback()
    return barcodes.resolve(connection(), raw, **fields)


def resolution(raw: str, **fields: Any) -> str:
    """Return a resolution as text: `lot BOLT/L-1 ×12 by gtin !EXPIRY_DIFFERS`."""
    found = resolve(raw, **fields)
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
    """BOLT with a GTIN, a GTIN of a pack of 12, and the lot L-1."""
    stock.lot(lot_code="L-1", expires_on=DAY, supplier_lot="S-77")
    link(stock, GTIN, item="BOLT")
    link(stock, PACK, item="BOLT", qty=12)
    return stock


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("9521123456785", "item BOLT ×1 by gtin"),
        (PACK, "item BOLT ×12 by gtin"),
        (f"]C101{GTIN}", "item BOLT ×1 by gtin"),
        (f"]C101{GTIN}10L-1", "lot BOLT/L-1 ×1 by lot_code"),
        (f"]C101{PACK}17271231{'10L-1'}", "lot BOLT/L-1 ×12 by lot_code"),
        (f"]C101{GTIN}10S-77", "lot BOLT/L-1 ×1 by supplier_lot"),
        (f"]C101{GTIN}10L-2", "new_lot BOLT/L-2 ×1 by gtin"),
        (f"]C101{GTIN}10l-1", "lot BOLT/L-1 ×1 by lot_code"),
        (f"]C102{PACK}373\x1d10L-1", "lot BOLT/L-1 ×36 by lot_code"),
        (f"]C101{GTIN}3024\x1d10L-1", "lot BOLT/L-1 ×24 by lot_code"),
        (f"]C102{PACK}370", "item BOLT by gtin !QTY_NOT_POSSIBLE"),
        ("]C110L-1", "lot BOLT/L-1 by lot_code"),
        ("L-1", "lot BOLT/L-1 by lot_code"),
        ("BOLT", "item BOLT by item_code"),
        ("bolt", "item BOLT by item_code"),
        ("S-77", "unknown"),
        ("40170725", "unknown"),
        ("]C10100000040170725" + "10L-1", "unknown"),
        ("9521123456788", "unknown !CHECK_DIGIT"),
        (f"]C101{GTIN}10L-1\x1d17280101", "lot BOLT/L-1 ×1 by lot_code !EXPIRY_DIFFERS"),
        (f"]C101{GTIN}10L-1\x1d15271231", "lot BOLT/L-1 ×1 by lot_code"),
    ],
)
def test_scan_is_resolved(bolts: Stock, raw: str, expected: str) -> None:
    assert resolution(raw) == expected


def test_unknown_code_is_linkable_unless_misread(bolts: Stock) -> None:
    codes = ("X", "40170725", "9521123456788", "]C110X", "BOLT")
    assert [resolve(raw).linkable for raw in codes] == [True, True, False, False, False]


def test_linked_code_resolves_to_its_item_or_lot(bolts: Stock) -> None:
    lot = bolts.lot(lot_code="L-5")
    link(bolts, "BIN 5", lot_id=lot)
    link(bolts, "BOX", item="BOLT", qty=50)
    link(bolts, "(00)340123450000000017", lot_id=lot)
    assert resolution("BIN 5") == "lot BOLT/L-5 ×1 by linked_code"
    assert resolution("BOX") == "item BOLT ×50 by linked_code"
    assert (
        resolution(f"]C100340123450000000017{'02' + GTIN}3748") == "lot BOLT/L-5 ×48 by linked_code"
    )


def test_lot_code_of_several_lots_lists_those_with_stock_first(bolts: Stock) -> None:
    bolts.lot("receive 4, issue 4", item="NUT", lot_code="L-1")
    bolts.lot("receive 3", item="WASHER", lot_code="L-1")
    found = resolve("L-1")
    assert found.kind == "several"
    assert [choice.item.code for choice in found.choices] == ["BOLT", "WASHER", "NUT"]
    # The GTIN identifies the item.
    assert resolution(f"]C101{GTIN}10L-1") == "lot BOLT/L-1 ×1 by lot_code"


def test_code_of_an_item_and_of_a_link_resolves_to_several(bolts: Stock) -> None:
    link(bolts, "NUT", item="BOLT")
    bolts.item("NUT")
    assert {choice.item.code for choice in resolve("NUT").choices} == {"BOLT", "NUT"}


def test_new_lot_has_the_fields_of_the_label(bolts: Stock) -> None:
    record = resolve(f"]C101{GTIN}17280229{'10L-2'}\x1d21S-9").to_dict(clock.today())
    assert {name: record[name] for name in ("kind", "lot", "lot_code", "expires_on", "serial")} == {
        "kind": "new_lot", "lot": None, "lot_code": "L-2", "expires_on": "2028-02-29",
        "serial": "S-9",
    }  # fmt: skip
    assert record["item"]["code"] == "BOLT"
    assert (
        resolve(f"]C101{GTIN}15280101{'10L-2'}").to_dict(clock.today())["expires_on"]
        == "2028-01-01"
    )


def test_expiry_on_a_label_does_not_change_the_stored_lot(bolts: Stock) -> None:
    (warning,) = resolve(f"]C101{GTIN}10L-1\x1d17280101").warnings
    assert warning.figures == {
        "label_expires_on": "2028-01-01", "stored_expires_on": "2027-12-31",
    }  # fmt: skip
    assert bolts.find_lot("L-1").expires_on == DAY
    lot = bolts.lot(lot_code="L-8")
    (warning,) = resolve(f"]C101{GTIN}10L-8\x1d17280101").warnings
    assert warning.figures["stored_expires_on"] is None
    assert bolts.get_lot(lot).expires_on is None


def test_lost_separator_finds_a_lot_only_with_its_stored_expiry(bolts: Stock) -> None:
    assert resolution(f"01{GTIN}10L-117271231") == "lot BOLT/L-1 ×1 by lot_code !SEPARATOR_LOST"
    # A date other than the stored one: no lot is chosen, the user is asked.
    found = resolve(f"01{GTIN}10L-117271230")
    assert (found.kind, found.scan.lot_code) == ("new_lot", "L-117271230")
    (warning,) = found.warnings
    assert warning.code == "SEPARATOR_LOST"
    assert {"lot_code": "L-1", "expires_on": "2027-12-30"}.items() <= warning.figures["readings"][
        0
    ].items()


def test_lot_code_that_contains_an_ai_is_not_split(bolts: Stock) -> None:
    bolts.lot(lot_code="A")
    bolts.lot(lot_code="B17271231")
    assert resolution(f"01{GTIN}10A21C") == "new_lot BOLT/A21C ×1 by gtin"
    assert resolution(f"01{GTIN}10A2110") == "new_lot BOLT/A2110 ×1 by gtin"
    assert resolution(f"01{GTIN}10B17271231") == "lot BOLT/B17271231 ×1 by lot_code"


def test_gtin_read_into_the_lot_code_is_found(bolts: Stock) -> None:
    assert resolution(f"]C110L-101{GTIN}") == "lot BOLT/L-1 ×1 by lot_code !SEPARATOR_LOST"


def test_quantity_that_contains_the_lot_gets_a_warning(bolts: Stock) -> None:
    assert resolution(f"]C102{PACK}37121047") == "item BOLT ×1452564 by gtin !SEPARATOR_LOST"


def test_weight_is_converted_to_the_unit_of_the_item(stock: Stock) -> None:
    stock.item("MEAT", unit="kg", decimals=3)
    stock.item("HAM", unit="g")
    stock.item("CAN", unit="pcs")
    for code, item in ((GTIN, "MEAT"), (PACK, "HAM"), ("40170725", "CAN")):
        link(stock, code, item=item)
    assert resolution(f"]C101{GTIN}3103001250") == "item MEAT ×1.25 by gtin"
    assert resolution(f"]C101{GTIN}3104001255") == "item MEAT by gtin !QTY_NOT_POSSIBLE"
    assert resolution(f"]C101{PACK}3103001250") == "item HAM ×1250 by gtin"
    assert resolution("]C101000000401707253103001250") == "item CAN ×1 by gtin"


def test_archived_item_gets_a_warning(bolts: Stock) -> None:
    catalog.update_item(user_id=bolts.user_id, key=key(), item="BOLT", archived=True)
    assert resolution("L-1") == "lot BOLT/L-1 by lot_code !ITEM_ARCHIVED"


def test_internal_labels_are_found_by_id_and_checked(bolts: Stock) -> None:
    lot = bolts.find_lot("L-1")
    assert (
        resolution(internal_codes.lot_content(lot.id, "BOLT", "L-1")) == "lot BOLT/L-1 by own_label"
    )
    assert resolution(internal_codes.item_content(lot.item.id, "BOLT")) == "item BOLT by own_label"
    assert (
        resolve(internal_codes.location_content("Regal Ä/3")).to_dict(clock.today())["location"]
        == "Regal Ä/3"
    )
    for foreign in (
        internal_codes.lot_content(lot.id, "BOLT", "L-2"),
        internal_codes.lot_content(lot.id + 99, "BOLT", "L-1"),
        internal_codes.item_content(lot.item.id, "NUT"),
    ):
        with pytest.raises(InvalidCode) as caught:
            resolve(foreign)
        assert caught.value.figures["problem"] == "FOREIGN_LABEL"


def test_resolving_writes_nothing_and_returns_all_fields(bolts: Stock) -> None:
    before = bolts.entries()
    for raw in (
        GTIN,
        f"(01){GTIN}(10)L-2",
        "L-1",
        "BOLT",
        "?",
        internal_codes.location_content("A"),
    ):
        record = resolve(raw).to_dict(clock.today())
        assert record["scan"]["text"]
        assert set(record) == {
            "kind", "how", "code", "linkable", "item", "lot", "lot_code", "expires_on", "serial",
            "location", "qty", "warnings", "choices", "scan",
        }  # fmt: skip
    assert bolts.entries() == before
