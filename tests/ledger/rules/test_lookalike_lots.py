"""Lots whose codes look alike: none is created by mistake, and each is found in any case."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from inventory import ledger
from inventory.common.errors import InvalidInput, LooksLike
from inventory.db import code_keys, connection, db
from inventory.models import InventoryLot, Item, table
from inventory.stock import queries
from tests.support.race_processes import race
from tests.support.stock_builder import Stock, key, part

lots, items = table(InventoryLot), table(Item)


def receipt(lot_code: str, **fields: Any) -> dict[str, Any]:
    return {"item": "BOLT", "lot_code": lot_code, "qty": 5, **fields}


@pytest.mark.parametrize("twin", ["l-1", "Ⅼ-1", "L-I", "L‐1", "L -1"])
def test_a_new_lot_must_not_look_like_another(stock: Stock, twin: str) -> None:
    lot = stock.lot("receive 10", lot_code="L-1")
    refusal = stock.refused("LOOKS_LIKE", "receive", **receipt(twin))
    assert refusal.figures == {
        "field": "lot_code", "item": "BOLT", "lot_code": "L-1", "lot_id": lot,
    }  # fmt: skip
    assert "looks like L-1, an existing lot of BOLT" in refusal.detail
    stock.post("receive", **receipt(twin, allow_lookalike=True))
    assert stock.find_lot(twin).on_hand == 5_000_000


def test_one_key_has_one_outcome_also_for_lookalikes(stock: Stock) -> None:
    stock.lot("receive 10", lot_code="L-1")
    request, same = receipt("l-1"), key()
    with pytest.raises(LooksLike):
        ledger.receive(user_id=stock.user_id, key=same, **request)
    with pytest.raises(LooksLike) as again:
        ledger.receive(user_id=stock.user_id, key=same, **request)
    assert again.value.replayed


def test_lots_of_different_items_may_look_alike(stock: Stock) -> None:
    stock.item("NUT")
    stock.lot("receive 10", lot_code="L-1")
    stock.lot("receive 10", lot_code="l-1", item="NUT")


def test_an_added_quantity_finds_the_lot_in_any_case(stock: Stock) -> None:
    lot = stock.lot("receive 10", lot_code="L-1")
    stock.post("receive", **receipt("l-1", add_to_lot=True))
    assert stock.figures(lot) == "15 on hand, 0 reserved, 15 available"
    stock.refused("NOT_FOUND", "receive", **receipt("L-I", add_to_lot=True))


def test_a_case_that_is_ambiguous_finds_no_lot(stock: Stock) -> None:
    stock.lot("receive 10", lot_code="Lot")
    stock.post("receive", **receipt("LOT", allow_lookalike=True))
    stock.refused("NOT_FOUND", "receive", **receipt("lot", add_to_lot=True))
    stock.post("receive", **receipt("LOT", add_to_lot=True))


def test_goods_come_back_into_the_lot_in_any_case(stock: Stock) -> None:
    lot = stock.lot("receive 10, issue 4", lot_code="L-1")
    posting = stock.post("return_from_customer", item="bolt", lot_code="l-1", qty=1, reason="x")
    assert posting.operation.entries[0].lot_id == lot
    stock.refused(
        "LOOKS_LIKE", "return_from_customer", **receipt("L-I", reason="x", unmatched=True)
    )


def test_a_part_that_is_split_off_must_not_look_like_another_lot(stock: Stock) -> None:
    lot = stock.lot("receive 10", lot_code="L-1")
    stock.refused("LOOKS_LIKE", "split", lot_id=lot, qty=1, lot_code="l-1")
    stock.post("split", lot_id=lot, qty=1, lot_code="l-1", allow_lookalike=True)
    assert stock.find_lot("l-1").on_hand == 1_000_000


def test_a_batch_must_not_create_lots_that_look_alike(stock: Stock) -> None:
    stock.item()
    with pytest.raises(LooksLike) as refused:
        ledger.post(
            [ledger.Receive(**receipt("L-1")), ledger.Receive(**receipt("l-1"))],
            user_id=stock.user_id,
            key=key(),
        )
    assert refused.value.figures["index"] == 1
    assert stock.entries() == 0


def test_a_returned_part_gets_a_code_that_looks_like_no_other(stock: Stock) -> None:
    stock.item("BOLT", qc_required=True)
    stock.lot("receive 10, approve, issue 5", lot_code="L-1")
    stock.post("receive", **receipt("l-1-r1"))
    posting = stock.post("return_from_customer", **receipt("L-1", reason="x"))
    assert posting.details[0]["lot"]["lot_code"] == "L-1-R2"


@pytest.mark.parametrize("code", ["A\u200bB", "A\u202eB", "A\u00adB"])
@pytest.mark.parametrize("field", ["lot_code", "reference", "location", "supplier_lot"])
def test_codes_have_visible_characters_only(stock: Stock, field: str, code: str) -> None:
    stock.item()
    with pytest.raises(InvalidInput) as refused:
        stock.post("receive", **receipt("L-1") | {field: code})
    assert refused.value.field == field
    assert stock.entries() == 0


def test_blanks_of_any_kind_are_one_space(stock: Stock) -> None:
    stock.item()
    posting = stock.post("receive", **receipt("L\u00a0 1", reference="JOB\u2003 7"))
    assert posting.operation.reference == "JOB 7"
    assert posting.operation.entries[0].lot_code == "L 1"


def test_items_are_found_in_any_case(stock: Stock) -> None:
    lot = stock.lot("receive 10")
    stock.post("reserve", item="bolt", qty=2, reference="J", lots=[part(lot, 2)])
    stock.post("issue", item="ＢＯＬＴ", qty=1, reference="X")
    assert stock.figures(lot) == "9 on hand, 2 reserved, 7 available"
    stock.refused("NOT_FOUND", "reserve", item="B0LT", qty=1, reference="J")


def test_parallel_receipts_create_one_of_the_lots_that_look_alike(app: Flask, stock: Stock) -> None:
    stock.item()
    codes = ["L-1", "l-1", "L-I", "ʟ-1"]

    def receive(number: int) -> str:
        try:
            stock.post("receive", **receipt(codes[number % 4]))
        except LooksLike as refusal:
            return refusal.code
        return "granted"

    outcomes = race(app, 4, receive)
    assert sorted(map(str, outcomes)) == ["LOOKS_LIKE"] * 3 + ["granted"]


def test_keys_are_computed_for_rows_without_one(stock: Stock) -> None:
    stock.lot("receive 1", lot_code="L-1")
    stock.post("receive", **receipt("l-1", allow_lookalike=True))
    stock.lot("receive 1", lot_code="Z")
    with db.engine.begin() as tx:
        tx.execute(sa.update(lots).values(look_key=None, look_no=7))
        tx.execute(sa.update(items).values(look_key=None))
        assert code_keys.fill(tx) == 4
        assert code_keys.fill(tx) == 0
    chosen = sa.select(lots.c.lot_code, lots.c.look_no).order_by(lots.c.id)
    found = [tuple(row) for row in connection().execute(chosen)]
    assert found == [("L-1", 0), ("l-1", 1), ("Z", 0)]
    assert queries.get_item(connection(), "bolt").code == "BOLT"


@pytest.mark.only("sqlite")
def test_lots_are_looked_up_by_the_index_of_their_keys(stock: Stock) -> None:
    """SQLite would read every lot for a list of pairs."""
    stock.lot()
    conn, seen = connection(), []
    sa.event.listen(conn, "before_cursor_execute", lambda *call: seen.append(call[2:4]))
    queries.read_lookalike_lots(conn, [(1, "L-1"), (2, "L-2")])
    [(sql, values)] = [call for call in seen if "look_key" in call[0]]
    plan = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", tuple(values)).all()
    assert any(
        "SEARCH inventory_lots USING" in row[3] and "ux_inventory_lots_look_key" in row[3]
        for row in plan
    ), plan
