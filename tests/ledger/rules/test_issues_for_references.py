"""Issues for a reference that has stock of the item reserved."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.stock_builder import Stock, part


@pytest.fixture
def lots(stock: Stock) -> tuple[int, int]:
    """SA with 5, reserved for JOB-2, and SB with 5 that are free."""
    return stock.lot("receive 5, reserve 5 JOB-2", lot_code="SA"), stock.lot(
        "receive 5", lot_code="SB"
    )


def issue(stock: Stock, **fields: Any) -> Any:
    return stock.post("issue", item="BOLT", reference="JOB-2", **fields)


def test_issue_takes_what_the_reference_has_reserved(stock: Stock, lots: tuple[int, int]) -> None:
    posting = issue(stock, qty=3, reserved_first=True)
    assert posting.details[0]["from_reserved"]
    assert stock.figures(lots[0]) == "2 on hand, 2 reserved, 0 available"
    assert stock.figures(lots[1]) == "5 on hand, 0 reserved, 5 available"


def test_more_than_is_reserved_is_refused_with_the_figures(
    stock: Stock, lots: tuple[int, int]
) -> None:
    fields = {"item": "BOLT", "reference": "JOB-2", "qty": 8, "reserved_first": True}
    refusal = stock.refused("OVER_ISSUE", "issue", **fields)
    assert (refusal.figures["open"], refusal.figures["requested"]) == ("5", "8")
    issue(stock, qty=3)  # besides
    assert stock.figures(lots[1]) == "2 on hand, 0 reserved, 2 available"


def test_free_issue_tells_what_its_reference_still_has_reserved(
    stock: Stock, lots: tuple[int, int]
) -> None:
    [held] = issue(stock, qty=3).details[0]["open_reservations"]
    assert held["open_qty"] == "5"
    other = stock.post("issue", item="BOLT", reference="JOB-9", qty=1)
    assert "open_reservations" not in other.details[0]


def test_a_named_lot_without_reserved_stock_is_a_choice(
    stock: Stock, lots: tuple[int, int]
) -> None:
    issue(stock, lots=[part(lots[1], 2)], reserved_first=True)
    assert stock.figures(lots[0]) == "5 on hand, 5 reserved, 0 available"
    assert stock.figures(lots[1]) == "3 on hand, 0 reserved, 3 available"
    issue(stock, lots=[part(lots[0], 2)], reserved_first=True)
    assert stock.figures(lots[0]) == "3 on hand, 3 reserved, 0 available"


def test_several_reservations_are_issued_oldest_first(stock: Stock) -> None:
    stock.lot("receive 20")
    first, second = (stock.reserve(4, reference="JOB-2") for _ in range(2))
    issue(stock, qty=6, reserved_first=True)
    assert stock.reservation_figures(first).endswith("0 open, 4 issued, 0 unreserved")
    assert stock.reservation_figures(second).endswith("2 open, 2 issued, 0 unreserved")


def test_reserved_stock_on_hold_is_not_issued(stock: Stock, lots: tuple[int, int]) -> None:
    stock.post("decide_qc", lot_id=lots[0], status="QUARANTINE", reason="x")
    fields = {"item": "BOLT", "reference": "JOB-2", "qty": 3, "reserved_first": True}
    refusal = stock.refused("OVER_ISSUE", "issue", **fields)
    assert refusal.figures["open"] == "0"


@pytest.mark.parametrize("typed", ["job-u", "Job-U", "ＪＯＢ-U"])
def test_a_reference_in_another_case_finds_its_reservation(stock: Stock, typed: str) -> None:
    lot = stock.lot("receive 10, reserve 5 JOB-U")
    issue = {"item": "BOLT", "qty": 3, "reference": typed}
    posting = stock.post("issue", **issue, reserved_first=True)
    assert posting.operation.reference == "JOB-U"
    assert stock.figures(lot) == "7 on hand, 2 reserved, 5 available"
    posting = stock.post("issue", **issue)
    assert posting.operation.reference == typed
    [held] = posting.details[0]["open_reservations"]
    assert held["reference"] == "JOB-U"


def test_an_ambiguous_case_finds_no_reservation(stock: Stock) -> None:
    lot = stock.lot("receive 10, reserve 2 JOB-U, reserve 3 Job-U")
    stock.post("issue", item="BOLT", qty=1, reference="job-u", reserved_first=True)
    assert stock.figures(lot) == "9 on hand, 5 reserved, 4 available"
    stock.post("issue", item="BOLT", qty=1, reference="Job-U", reserved_first=True)
    assert stock.figures(lot) == "8 on hand, 4 reserved, 4 available"
