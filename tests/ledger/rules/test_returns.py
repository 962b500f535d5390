"""Goods that come back: into their own lot or a child of it, and never more than went out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from inventory import ledger
from inventory.common import clock
from inventory.common.errors import NotReversible, OverReturn
from inventory.common.quantity import format_qty
from inventory.db import connection
from inventory.models import Kind
from inventory.stock import recall
from tests.support.stock_builder import Stock, in_days, key


def returned(lot_code: str = "L-1", qty: Any = 3, **fields: Any) -> dict[str, Any]:
    fields.setdefault("reason", "wrong size")
    return {"item": "BOLT", "lot_code": lot_code, "qty": qty, **fields}


def issued(stock: Stock, qty: Any, reference: str | None = None) -> int:
    return stock.post("issue", item="BOLT", qty=qty, reference=reference).operation.id


def target_of(posting: Any) -> str:
    return str(posting.details[0]["lot"]["lot_code"])


def test_goods_come_back_into_the_lot_they_came_from(stock: Stock) -> None:
    lot = stock.lot("receive 10", lot_code="L-1")
    issued(stock, 5, "SO-1")
    posting = stock.post("return_from_customer", **returned(reference="SO-1"))
    assert posting.operation.kind == "CUSTOMER_RETURN"
    assert target_of(posting) == "L-1"
    assert stock.figures(lot) == "8 on hand, 0 reserved, 8 available"


def test_more_than_went_out_cannot_come_back(stock: Stock) -> None:
    stock.lot("receive 10", lot_code="L-1")
    issued(stock, 3, "SO-1")
    issued(stock, 4, "SO-2")
    stock.post("return_from_customer", **returned(reference="SO-1", qty=2))
    refusal = stock.refused("OVER_RETURN", "return_from_customer", **returned(reference="SO-1"))
    figures = refusal.figures
    assert (figures["issued"], figures["returned"], figures["returnable"]) == ("3", "2", "1")
    assert "3 pcs of L-1 were issued for SO-1, 2 pcs were returned" in refusal.detail
    stock.post("return_from_customer", **returned(reference="SO-1", qty=1))
    stock.refused("OVER_RETURN", "return_from_customer", **returned(qty=5))  # of 7, 3 are back
    stock.post("return_from_customer", **returned(qty=4))


def test_a_return_names_an_issue(stock: Stock) -> None:
    stock.lot("receive 10", lot_code="L-1")
    first, second = issued(stock, 2, "SO-1"), issued(stock, 4, "SO-1")
    posting = stock.post("return_from_customer", **returned(return_of=second))
    assert posting.operation.reference == "SO-1"
    stock.refused("OVER_RETURN", "return_from_customer", **returned(return_of=first))
    stock.post("return_from_customer", **returned(return_of=first, qty=2))
    stock.refused("OVER_RETURN", "return_from_customer", **returned(return_of=second, qty=2))
    receipt = stock.history(stock.find_lot("L-1").id or 0)[0].operation_id
    for wrong in (receipt, 4711):
        stock.refused("NOT_FOUND", "return_from_customer", **returned(return_of=wrong))
        with_reference = returned(return_of=wrong, reference="SO-1")
        stock.refused("NOT_FOUND", "return_from_customer", **with_reference)


def test_what_was_reversed_neither_went_out_nor_came_back(stock: Stock) -> None:
    stock.lot("receive 10", lot_code="L-1")
    issue = issued(stock, 3, "SO-1")
    back = stock.post("return_from_customer", **returned(reference="SO-1")).operation.id
    stock.refused("OVER_RETURN", "return_from_customer", **returned(reference="SO-1"))
    stock.post("reverse", operation_id=back)
    reversal = stock.post("reverse", operation_id=issue).operation.id
    stock.refused("OVER_RETURN", "return_from_customer", **returned(reference="SO-1"))
    stock.post("reverse", operation_id=reversal)
    stock.post("return_from_customer", **returned(reference="SO-1"))


def test_goods_that_match_no_issue_need_to_be_said_so(stock: Stock) -> None:
    stock.lot("receive 10", lot_code="L-1")
    stock.refused("OVER_RETURN", "return_from_customer", **returned())
    stock.refused("NOT_FOUND", "return_from_customer", **returned("OTHER"))
    assert target_of(stock.post("return_from_customer", **returned(unmatched=True))) == "L-1"
    posting = stock.post("return_from_customer", **returned("OTHER", unmatched=True))
    assert target_of(posting) == "OTHER"
    refusal = stock.refused(
        "INVALID_INPUT", "return_from_customer", **returned(unmatched=True, reason=None)
    )
    assert refusal.figures["field"] == "reason"


@pytest.mark.parametrize("closed_by", ["inspection", "rejection", "expiry", "the clerk"])
def test_where_the_lot_takes_no_more_goods_go_into_a_child_lot(
    stock: Stock, closed_by: str
) -> None:
    expiry = {"expires_on": in_days(0)} if closed_by == "expiry" else {}
    approve = ", approve" if closed_by == "inspection" else ""
    lot = stock.lot(f"receive 10{approve}", lot_code="L-1", qc_required=bool(approve), **expiry)
    issued(stock, 5, "SO-1")
    if closed_by == "rejection":
        stock.post("decide_qc", lot_id=lot, status="REJECTED", reason="bent")
    if closed_by == "expiry":
        with clock.frozen_at(clock.now() + timedelta(days=2)):
            posting = stock.post("return_from_customer", **returned(reference="SO-1"))
    else:
        quarantine = closed_by == "the clerk" or None
        posting = stock.post(
            "return_from_customer", **returned(reference="SO-1", quarantine=quarantine)
        )
    assert target_of(posting) == "L-1-R1"
    child = stock.find_lot("L-1-R1")
    assert child.parent_lot_id == lot
    assert child.qc_status == ("APPROVED" if closed_by == "expiry" else "QUARANTINE")
    assert stock.get_lot(lot).on_hand == 5_000_000


def test_a_recall_reaches_what_came_back_and_shows_nothing_negative(stock: Stock) -> None:
    lot = stock.lot("receive 10, approve", lot_code="L-1", qc_required=True)
    issued(stock, 5, "CUST-1")
    stock.post("return_from_customer", **returned(reference="CUST-1"))
    stock.post("return_from_customer", **returned(reference="CUST-1", qty=2))
    stock.refused("OVER_RETURN", "return_from_customer", **returned(reference="CUST-1", qty=1))
    found = recall.recall(connection(), lot)
    assert [member.lot.lot_code for member in found.family] == ["L-1", "L-1-R1", "L-1-R2"]
    assert format_qty(found.issued) == "0"
    assert [(one.reference, format_qty(one.out)) for one in found.destinations] == [("CUST-1", "0")]


def test_what_came_back_can_go_out_and_come_back_again(stock: Stock) -> None:
    stock.lot("receive 10, approve", lot_code="L-1", qc_required=True)
    issued(stock, 6, "SO-1")
    stock.post("return_from_customer", **returned(reference="SO-1"))
    child = stock.find_lot("L-1-R1").id
    stock.post("decide_qc", lot_id=child, status="APPROVED")
    stock.post("issue", item="BOLT", qty=7, reference="SO-1")
    back = stock.post("return_from_customer", **returned("L-1-R1", reference="SO-1"))
    assert target_of(back) == "L-1-R1-R1"
    stock.post("return_from_customer", **returned(reference="SO-1"))  # 3 of L-1 are still out


def test_a_batch_counts_its_own_returns(stock: Stock) -> None:
    stock.lot("receive 10, approve", lot_code="L-1", qc_required=True)
    issued(stock, 3, "SO-1")
    command = ledger.Receive(kind=Kind.CUSTOMER_RETURN, **returned(reference="SO-1", qty=2))
    with pytest.raises(OverReturn):
        ledger.post([command, command], user_id=stock.user_id, key=key())


def refused_reversal(stock: Stock, operation_id: int) -> Any:
    return stock.refused("NOT_REVERSIBLE", "reverse", operation_id=operation_id)


@pytest.mark.parametrize("qc_required", [False, True])
def test_an_issue_whose_goods_came_back_is_not_reversed(stock: Stock, qc_required: bool) -> None:
    stock.item("BOLT", qc_required=qc_required)
    lot = stock.lot("receive 10, approve" if qc_required else "receive 10", lot_code="L-1")
    issue = issued(stock, 3, "SO-1")
    posting = stock.post("return_from_customer", **returned(reference="SO-1", qty=2))
    refusal = refused_reversal(stock, issue)
    assert "3 pcs of L-1 were issued and 2 pcs were returned" in refusal.detail
    named = [one["operation_id"] for one in refusal.figures["operations"]]
    assert named == [posting.operation.id]
    undone = stock.post("reverse", operation_id=posting.operation.id).operation.id
    again = stock.post("reverse", operation_id=issue).operation.id
    assert stock.get_lot(lot).on_hand == 10_000_000
    refused_reversal(stock, undone)  # it would come back without being issued
    stock.post("reverse", operation_id=again)
    stock.post("reverse", operation_id=undone)


def test_an_issue_is_reversed_if_enough_others_cover_the_returns(stock: Stock) -> None:
    stock.lot("receive 10", lot_code="L-1")
    first, second = issued(stock, 3, "SO-1"), issued(stock, 4, "SO-1")
    stock.post("return_from_customer", **returned(reference="SO-1", qty=4))
    stock.post("reverse", operation_id=first)
    refused_reversal(stock, second)


def test_a_return_without_a_reference_keeps_an_issue_too(stock: Stock) -> None:
    stock.lot("receive 10", lot_code="L-1")
    issue = issued(stock, 3, "SO-1")
    stock.post("return_from_customer", **returned(qty=3))
    refused_reversal(stock, issue)


def test_returns_in_the_same_batch_keep_an_issue(stock: Stock) -> None:
    stock.lot("receive 10", lot_code="L-1")
    issue = issued(stock, 3, "SO-1")
    back = ledger.Receive(kind=Kind.CUSTOMER_RETURN, **returned(reference="SO-1"))
    with pytest.raises(NotReversible):
        ledger.post([back, ledger.Reverse(operation_id=issue)], user_id=stock.user_id, key=key())


def test_earlier_returns_do_not_keep_an_issue(stock: Stock) -> None:
    lot = stock.lot("receive 10", lot_code="L-1")
    stock.post("return_from_customer", **returned(unmatched=True))
    stock.post("reverse", operation_id=issued(stock, 2))
    assert stock.figures(lot) == "13 on hand, 0 reserved, 13 available"


def test_a_refusal_in_a_batch_counts_the_returns_before_it(stock: Stock) -> None:
    stock.lot("receive 10", lot_code="L-1")
    issued(stock, 4, "SO-1")
    back = [
        ledger.Receive(kind=Kind.CUSTOMER_RETURN, **returned(reference="SO-1", qty=qty))
        for qty in (3, 2)
    ]
    with pytest.raises(OverReturn) as caught:
        ledger.post(back, user_id=stock.user_id, key=key())
    figures = caught.value.figures
    assert (figures["issued"], figures["returned"], figures["returnable"]) == ("4", "3", "1")
