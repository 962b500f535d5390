import pytest

from tests.support.stock_builder import Stock, entry_lines


def test_a_receipt_is_reversed_by_an_issue(stock: Stock) -> None:
    stock.item()
    receipt = stock.post("receive", item="BOLT", lot_code="L", qty=10, reference="PO-1")
    posting = stock.post("reverse", operation_id=receipt.operation.id, reason="typed twice")
    assert entry_lines(posting) == ["ISSUE 10 of L: 0/0"]
    assert posting.operation.kind == "REVERSAL"
    assert posting.operation.reverses_id == receipt.operation.id


def test_an_issue_against_a_reservation_is_reversed_into_the_reservation(stock: Stock) -> None:
    lot = stock.lot("receive 10")
    reservation = stock.reserve(6)
    issue = stock.post("issue", reservation_id=reservation, qty=4)
    stock.post("reverse", operation_id=issue.operation.id)
    assert stock.figures(lot) == "10 on hand, 6 reserved, 4 available"
    assert stock.reservation_figures(reservation) == "6 reserved: 6 open, 0 issued, 0 unreserved"


def test_a_reservation_and_an_unreservation_are_reversed(stock: Stock) -> None:
    lot = stock.lot("receive 10")
    reserved = stock.post("reserve", item="BOLT", qty=6, reference="J")
    reservation = reserved.details[0]["reservations"][0]["id"]
    unreservation = stock.post("unreserve", reservation_id=reservation, qty=2)
    stock.post("reverse", operation_id=unreservation.operation.id)
    assert stock.reservation_figures(reservation) == "6 reserved: 6 open, 0 issued, 0 unreserved"
    stock.post("reverse", operation_id=reserved.operation.id)
    assert stock.figures(lot) == "10 on hand, 0 reserved, 10 available"


def test_a_split_is_reversed_from_the_child_to_the_parent(stock: Stock) -> None:
    lot = stock.lot("receive 10", lot_code="L")
    split = stock.post("split", lot_id=lot, qty=4, lot_code="L-a")
    posting = stock.post("reverse", operation_id=split.operation.id)
    assert entry_lines(posting) == ["ISSUE 4 of L-a: 0/0", "RECEIVE 4 of L: 10/0"]


def test_an_operation_is_reversed_at_most_once(stock: Stock) -> None:
    stock.item()
    receipt = stock.post("receive", item="BOLT", lot_code="L", qty=10).operation.id
    reversal = stock.post("reverse", operation_id=receipt).operation.id
    refusal = stock.refused("NOT_REVERSIBLE", "reverse", operation_id=receipt)
    assert refusal.figures["operations"][0]["operation_id"] == reversal


def test_a_reversal_can_be_reversed(stock: Stock) -> None:
    stock.item()
    receipt = stock.post("receive", item="BOLT", lot_code="L", qty=10).operation.id
    reversal = stock.post("reverse", operation_id=receipt).operation.id
    posting = stock.post("reverse", operation_id=reversal)
    assert entry_lines(posting) == ["RECEIVE 10 of L: 10/0"]


@pytest.mark.parametrize("verb", ["reserve", "issue"])
def test_reversal_names_the_operation_that_used_the_stock(stock: Stock, verb: str) -> None:
    stock.item()
    receipt = stock.post("receive", item="BOLT", lot_code="L", qty=10).operation.id
    used = stock.post(verb, item="BOLT", qty=1, reference="JOB-9").operation
    refusal = stock.refused("NOT_REVERSIBLE", "reverse", operation_id=receipt)
    assert refusal.figures["operations"] == [
        {"operation_id": used.id, "kind": used.kind, "reference": "JOB-9"}
    ]
    stock.post("reverse", operation_id=used.id)
    stock.post("reverse", operation_id=receipt)


def test_a_reservation_that_was_issued_from_is_not_reversible(stock: Stock) -> None:
    stock.lot("receive 10")
    reserved = stock.post("reserve", item="BOLT", qty=6, reference="J")
    stock.post("issue", reservation_id=reserved.details[0]["reservations"][0]["id"], qty=1)
    stock.refused("NOT_REVERSIBLE", "reverse", operation_id=reserved.operation.id)


def test_qc_decision_is_not_reversible(stock: Stock) -> None:
    lot = stock.lot("receive 10")
    decision = stock.post("decide_qc", lot_id=lot, status="REJECTED", reason="rust").operation.id
    stock.refused("NOT_REVERSIBLE", "reverse", operation_id=decision)


def test_unreservation_on_a_lot_on_hold_is_not_reversible(stock: Stock) -> None:
    lot = stock.lot("receive 10")
    reservation = stock.reserve(4)
    unreservation = stock.post("unreserve", reservation_id=reservation).operation.id
    stock.post("decide_qc", lot_id=lot, status="QUARANTINE", reason="check")
    stock.refused("QC_BLOCKED", "reverse", operation_id=unreservation)


def test_issue_is_reversed_into_a_lot_on_hold(stock: Stock) -> None:
    lot = stock.lot("receive 10")
    reservation = stock.reserve(4)
    issue = stock.post("issue", reservation_id=reservation).operation.id
    stock.post("decide_qc", lot_id=lot, status="QUARANTINE", reason="check")
    stock.post("reverse", operation_id=issue)
    assert stock.figures(lot) == "10 on hand, 4 reserved, 6 available"


def test_an_unknown_operation_is_refused(stock: Stock) -> None:
    stock.refused("NOT_FOUND", "reverse", operation_id=4711)
