from datetime import timedelta

import pytest

from inventory import catalog, ledger
from inventory.common import clock
from inventory.common.errors import DuplicateLot, Refusal
from tests.support.stock_builder import Stock, entry_lines, in_days, key


def test_receipt_creates_a_lot_with_all_given_fields(stock: Stock) -> None:
    stock.item(decimals=2, unit="kg")
    posting = stock.post(
        "receive", item="BOLT", lot_code=" L-1 ", qty="12.50", expires_on=in_days(30),
        supplier_lot="S-77", location="A-01", reference="PO-5", note="two\nlines",
    )  # fmt: skip
    assert entry_lines(posting) == ["RECEIVE 12.5 of L-1: 12.5/0"]
    assert posting.operation.kind == "RECEIPT"
    assert posting.operation.reference == "PO-5"
    lot = stock.find_lot("L-1")
    assert (lot.expires_on, lot.supplier_lot, lot.location) == (in_days(30), "S-77", "A-01")
    assert lot.qc_status == "APPROVED"


def test_a_new_lot_of_an_item_that_requires_qc_starts_in_quarantine(stock: Stock) -> None:
    lot = stock.lot(qc_required=True)
    assert stock.get_lot(lot).qc_status == "QUARANTINE"


def test_a_lot_code_that_exists_is_refused(stock: Stock) -> None:
    stock.lot("receive 10", lot_code="L-1")
    refusal = stock.refused("DUPLICATE_LOT", "receive", item="BOLT", lot_code="L-1", qty=5)
    assert refusal.figures["lot_code"] == "L-1"


def test_two_items_may_use_the_same_lot_code(stock: Stock) -> None:
    stock.lot(lot_code="L-1")
    stock.lot(lot_code="L-1", item="NUT")


def test_adding_to_a_lot_raises_its_stock(stock: Stock) -> None:
    assert stock.figures(stock.lot("receive 10, receive 5")) == (
        "15 on hand, 0 reserved, 15 available"
    )


def test_adding_to_a_lot_that_does_not_exist_is_refused(stock: Stock) -> None:
    stock.item()
    stock.refused("NOT_FOUND", "receive", item="BOLT", lot_code="L-9", qty=5, add_to_lot=True)


@pytest.mark.parametrize(
    ("qc_required", "script", "expired", "refusal"),
    [
        (True, "receive 9", False, None),
        (True, "receive 9, approve", False, "QC_BLOCKED"),
        (True, "receive 9, approve, reject", False, "QC_BLOCKED"),
        (True, "receive 9", True, "LOT_EXPIRED"),
        (False, "receive 9", False, None),
        (False, "receive 9", True, "LOT_EXPIRED"),
        (False, "receive 9, quarantine", False, None),
        (False, "receive 9, reject", False, "QC_BLOCKED"),
    ],
)
def test_adding_to_a_lot_depends_on_its_hold_reason(
    stock: Stock, qc_required: bool, script: str, expired: bool, refusal: str | None
) -> None:
    expires_on = in_days(-1) if expired else None
    lot = stock.lot(script, lot_code="L-1", qc_required=qc_required, expires_on=expires_on)
    fields = {"item": "BOLT", "lot_code": "L-1", "qty": 1, "add_to_lot": True}
    if refusal:
        stock.refused(refusal, "receive", **fields)
    else:
        stock.post("receive", **fields)
        assert stock.figures(lot) == "10 on hand, 0 reserved, 10 available"


def test_adding_with_another_expiry_than_the_lot_has_is_refused(stock: Stock) -> None:
    stock.lot(lot_code="L-1", expires_on=in_days(9))
    refusal = stock.refused(
        "INVALID_INPUT", "receive", item="BOLT", lot_code="L-1", qty=1, add_to_lot=True,
        expires_on=in_days(10),
    )  # fmt: skip
    assert refusal.figures["field"] == "expires_on"


def test_archived_item_cannot_be_received(stock: Stock) -> None:
    stock.item()
    catalog.update_item(user_id=stock.user_id, key=key(), item="BOLT", archived=True)
    stock.refused("INVALID_INPUT", "receive", item="BOLT", lot_code="L-1", qty=1)


def test_an_unknown_item_is_refused(stock: Stock) -> None:
    assert stock.refused("NOT_FOUND", "receive", item="NIX", lot_code="L", qty=1).figures == {
        "field": "item",
        "item": "NIX",
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("qty", "0"), ("qty", "-1"), ("qty", "1.5"), ("qty", "1e3"), ("qty", "NaN"),
        ("qty", "1,5"), ("qty", ""), ("qty", None), ("qty", 1.5), ("qty", True), ("qty", "１２"),
        ("qty", "٣"), ("qty", 10**12 + 1), ("qty", "9" * 5000), ("qty", 10**400),
        ("lot_code", ""), ("lot_code", "x" * 65), ("lot_code", "a\0b"), ("lot_code", "a\nb"),
        ("lot_code", "\ud800"), ("lot_code", "a\ufffdb"), ("lot_code", 7), ("lot_code", None),
        ("reference", "x" * 101), ("note", "x" * 2001), ("note", "\0"), ("reason", 5),
        ("expires_on", "2027-01-01"), ("occurred_at", "now"), ("add_to_lot", "yes"),
        ("location", "y" * 65),
    ],
)  # fmt: skip
def test_malformed_input_is_refused_with_the_name_of_its_field(
    stock: Stock, field: str, value: object
) -> None:
    stock.item()
    fields = {"item": "BOLT", "lot_code": "L-1", "qty": 1} | {field: value}
    code = "INVALID_QTY" if field == "qty" else "INVALID_INPUT"
    assert stock.refused(code, "receive", **fields).figures["field"] == field


def test_receipt_above_the_maximum_quantity_of_a_lot_is_refused(stock: Stock) -> None:
    stock.lot(f"receive {10**12}", lot_code="L-1")
    stock.refused("INVALID_INPUT", "receive", item="BOLT", lot_code="L-1", qty=1, add_to_lot=True)


def test_customer_return_needs_a_reason(stock: Stock) -> None:
    stock.item(qc_required=True)
    fields = {"item": "BOLT", "lot_code": "R-1", "qty": 2, "unmatched": True}
    refusal = stock.refused("INVALID_INPUT", "return_from_customer", **fields)
    assert refusal.figures["field"] == "reason"
    posting = stock.post("return_from_customer", reason="wrong size", **fields)
    assert posting.operation.kind == "CUSTOMER_RETURN"
    assert stock.find_lot("R-1").qc_status == "QUARANTINE"


def test_receipt_keeps_occurred_at_and_recorded_at(stock: Stock) -> None:
    stock.item()
    then = clock.now() - timedelta(days=3)
    operation = stock.post("receive", item="BOLT", lot_code="L", qty=1, occurred_at=then).operation
    assert operation.occurred_at == then
    assert operation.recorded_at > then


def test_split_creates_a_lot_with_the_same_expiry_status_and_age(stock: Stock) -> None:
    parent = stock.lot("receive 10", qc_required=True, expires_on=in_days(5), lot_code="L-1")
    posting = stock.post("split", lot_id=parent, qty=4, lot_code="L-1-a", location="B-2")
    assert entry_lines(posting) == ["ISSUE 4 of L-1: 6/0", "RECEIVE 4 of L-1-a: 4/0"]
    child, before = stock.find_lot("L-1-a"), stock.get_lot(parent)
    assert child.parent_lot_id == parent
    assert child.location == "B-2"
    for name in ("qc_status", "expires_on", "received_at", "supplier_lot"):
        assert getattr(child, name) == getattr(before, name)


def test_reserved_stock_cannot_be_split_off(stock: Stock) -> None:
    lot = stock.lot("receive 10, reserve 7")
    refusal = stock.refused("INSUFFICIENT_STOCK", "split", lot_id=lot, qty=4, lot_code="X")
    assert refusal.figures["free"] == "3"
    assert refusal.figures["reservations"][0]["reference"] == "JOB"


def test_a_split_into_a_lot_code_that_exists_is_refused(stock: Stock) -> None:
    lot = stock.lot(lot_code="L-1")
    stock.refused("DUPLICATE_LOT", "split", lot_id=lot, qty=1, lot_code="L-1")


def test_unknown_lot_cannot_be_split(stock: Stock) -> None:
    with pytest.raises(Refusal, match="There is no lot with the ID 999"):
        stock.post("split", lot_id=999, qty=1, lot_code="x")


def reverse_all(stock: Stock, lot: int) -> None:
    for entry in stock.history(lot)[::-1]:
        if entry.kind != "REVERSAL":
            stock.post("reverse", operation_id=entry.operation_id)


@pytest.mark.parametrize("qc_required", [False, True])
def test_lot_of_which_everything_was_reversed_is_as_if_new(stock: Stock, qc_required: bool) -> None:
    lot = stock.lot(
        "receive 5", lot_code="A", qc_required=qc_required, expires_on=in_days(3), location="R1"
    )
    status = "APPROVED" if qc_required else "REJECTED"
    stock.post("decide_qc", lot_id=lot, status=status, reason="looked at")
    reverse_all(stock, lot)
    stock.post(
        "receive", item="BOLT", lot_code="A", qty=7, expires_on=in_days(30), supplier_lot="S-9"
    )
    found = stock.get_lot(lot)
    assert (found.on_hand, found.expires_on, found.supplier_lot) == (7_000_000, in_days(30), "S-9")
    assert found.location is None
    assert found.qc_status == ("QUARANTINE" if qc_required else "APPROVED")
    stock.refused("DUPLICATE_LOT", "receive", item="BOLT", lot_code="A", qty=1)


def test_lot_that_was_used_up_is_not_as_if_new(stock: Stock) -> None:
    stock.lot("receive 5, issue 5", lot_code="A", expires_on=in_days(3))
    stock.refused("DUPLICATE_LOT", "receive", item="BOLT", lot_code="A", qty=1)
    command = {"item": "BOLT", "lot_code": "A", "qty": 1, "expires_on": in_days(9)}
    stock.refused("INVALID_INPUT", "receive", add_to_lot=True, **command)


def test_reversed_reversal_is_no_reason_to_treat_a_lot_as_new(stock: Stock) -> None:
    lot = stock.lot("receive 5, issue 5", lot_code="A")
    receipt, issue = (entry.operation_id for entry in stock.history(lot))
    back = stock.post("reverse", operation_id=issue).operation.id
    stock.post("reverse", operation_id=back)
    stock.refused("DUPLICATE_LOT", "receive", item="BOLT", lot_code="A", qty=1)
    assert receipt


def test_void_lot_in_a_batch_is_renewed_once(stock: Stock) -> None:
    lot = stock.lot("receive 5", lot_code="A")
    reverse_all(stock, lot)
    receive = ledger.Receive(item="BOLT", lot_code="A", qty=1)
    with pytest.raises(DuplicateLot):
        ledger.post([receive, receive], user_id=stock.user_id, key=key())
    assert stock.get_lot(lot).on_hand == 0
