"""Linked barcodes: link, unlink and look up."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa

from inventory import barcodes
from inventory.barcodes.links import codes as table
from inventory.common.errors import (
    DuplicateCode,
    InvalidCode,
    InvalidInput,
    InvalidQty,
    NotFound,
    Refusal,
)
from inventory.db import connection, db
from tests.support.stock_builder import Stock, key

GTIN = "09521123456785"


def link(stock: Stock, code: object, **fields: Any) -> dict[str, Any]:
    fields.setdefault("key", key())
    if "lot_id" not in fields:
        fields.setdefault("item", "BOLT")
    return barcodes.link(user_id=stock.user_id, code=code, **fields)[0]


def unlink(stock: Stock, id: int, **fields: Any) -> dict[str, Any]:
    return barcodes.unlink(user_id=stock.user_id, code_id=id, **{"key": key(), **fields})[0]


def links() -> list[str]:
    db.session.rollback()
    return list(connection().execute(sa.select(table.c.code).order_by(table.c.id)).scalars())


def audit_rows() -> list[tuple[str, dict[str, Any]]]:
    db.session.rollback()
    rows = connection().exec_driver_sql(
        "SELECT action, detail FROM audit WHERE action IN ('code linked', 'code unlinked')"
        " ORDER BY id"
    )
    return [(action, json.loads(detail)) for action, detail in rows]


@pytest.mark.parametrize(
    "scanned",
    ["9521123456785", GTIN, f"]C101{GTIN}10L-1", f"(01){GTIN}", f"https://id.gs1.org/01/{GTIN}"],
)
def test_gtin_in_any_form_is_linked_as_14_digits(stock: Stock, scanned: str) -> None:
    stock.item()
    record = link(stock, scanned)
    assert (record["code"], record["kind"], record["qty"]) == (GTIN, "GTIN", "1")
    assert barcodes.find_link(connection(), GTIN).item_code == "BOLT"


def test_pack_barcode_has_its_quantity(stock: Stock) -> None:
    stock.item("OIL", unit="l", decimals=1)
    assert link(stock, "CAN", item="OIL", qty="2.5")["qty"] == "2.5"
    with pytest.raises(InvalidQty, match="too many decimal places"):
        link(stock, "CUP", item="OIL", qty="0.25")
    for qty in ("0", "-1", "", None, "1e3", 1.5):
        with pytest.raises(InvalidQty):
            link(stock, "CUP", item="OIL", qty=qty)


def test_plain_code_can_identify_one_lot_but_a_gtin_cannot(stock: Stock) -> None:
    lot = stock.lot(lot_code="L-1")
    record = link(stock, "PALLET 7", lot_id=lot)
    assert (record["item"], record["lot_code"], record["kind"]) == ("BOLT", "L-1", "TEXT")
    with pytest.raises(InvalidInput, match="not a lot") as caught:
        link(stock, GTIN, lot_id=lot)
    assert caught.value.field == "lot_id"


def test_code_can_be_linked_only_once(stock: Stock) -> None:
    stock.item()
    lot = stock.lot(item="NUT", lot_code="L-9")
    link(stock, "9521123456785")
    for code, message in (
        (GTIN, "already linked to item BOLT"),
        ("BOLT", "code of an item"),
        ("L-9", "lot of NUT"),
    ):
        with pytest.raises(DuplicateCode, match=message):
            link(stock, code, item="NUT")
    assert link(stock, "L-9", lot_id=lot)["lot_id"] == lot
    assert links() == [GTIN, "L-9"]


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("9521123456787", "CHECK_DIGIT"), (f"]C101{GTIN[:-1]}7", "CHECK_DIGIT"), ("", "EMPTY"),
        ("]C110L-1", "NOTHING_TO_LINK"), ("INV1L4711X3F2A9C", "OWN"), ("A\0", "CHARACTER"),
    ],
)  # fmt: skip
def test_invalid_code_is_not_linked(stock: Stock, code: str, problem: str) -> None:
    stock.item()
    with pytest.raises(InvalidCode) as caught:
        link(stock, code)
    assert caught.value.figures["problem"] == problem
    assert links() == []


def test_link_needs_one_existing_item_or_lot(stock: Stock) -> None:
    lot = stock.lot()
    for fields in ({"item": None}, {"item": "BOLT", "lot_id": lot}):
        with pytest.raises(InvalidInput) as caught:
            link(stock, "X", **fields)
        assert caught.value.field == "item"
    for fields in ({"item": "NONE"}, {"lot_id": 999}):
        with pytest.raises(NotFound):
            link(stock, "X", **fields)


def test_link_with_the_same_key_is_replayed(stock: Stock) -> None:
    stock.item()
    stock.item("NUT")
    first = barcodes.link(user_id=stock.user_id, key="k", code="X", item="BOLT")
    again = barcodes.link(user_id=stock.user_id, key="k", code="X", item="BOLT")
    assert (first[1], again[1]) == (False, True)
    assert first[0] == again[0]
    with pytest.raises(Refusal) as caught:
        barcodes.link(user_id=stock.user_id, key="k", code="X", item="NUT")
    assert caught.value.code == "IDEMPOTENCY_KEY_REUSED"
    # A refusal is replayed for its key, even after the code was unlinked.
    for _ in range(2):
        with pytest.raises(DuplicateCode):
            barcodes.link(user_id=stock.user_id, key="late", code="X", item="NUT")
        for id in [first[0]["id"]] if links() else []:
            unlink(stock, id)


def test_unlink_removes_the_code_and_is_audited(stock: Stock) -> None:
    stock.item()
    record = link(stock, GTIN, qty=12)
    assert unlink(stock, record["id"], key="u") == record
    assert links() == []
    assert barcodes.unlink(user_id=stock.user_id, key="u", code_id=record["id"]) == (record, True)
    with pytest.raises(NotFound):
        unlink(stock, record["id"])
    assert audit_rows() == [("code linked", record), ("code unlinked", record)]
    assert link(stock, GTIN)["qty"] == "1"


def test_a_dry_run_links_nothing(stock: Stock) -> None:
    stock.item()
    assert link(stock, "X", dry_run=True)["code"] == "X"
    assert links() == []


def test_gtin_for_labels_is_the_one_with_quantity_1(stock: Stock) -> None:
    stock.item()
    link(stock, "19521123456782", qty=12)
    item = barcodes.read_links(connection(), codes_=["19521123456782"])[0].item_id
    assert barcodes.gtin_of(barcodes.read_links(connection(), item_id=item)) is None
    db.session.rollback()
    link(stock, GTIN)
    assert barcodes.gtin_of(barcodes.read_links(connection(), item_id=item)) == GTIN


def test_database_constraint_refuses_a_duplicate_code(stock: Stock) -> None:
    stock.item()
    link(stock, "X")
    with pytest.raises(sa.exc.IntegrityError), db.engine.begin() as direct:
        direct.exec_driver_sql(
            "INSERT INTO codes (id, code, kind, item_id, qty, user_id, created_at)"
            " SELECT id + 1, code, kind, item_id, qty, user_id, created_at FROM codes"
        )
