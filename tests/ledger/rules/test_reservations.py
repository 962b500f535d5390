from datetime import timedelta

import pytest

from inventory.common import clock
from tests.support.stock_builder import Stock, entry_lines, in_days, part


def test_a_reservation_takes_from_available(stock: Stock) -> None:
    lot = stock.lot("receive 10, reserve 4 JOB-1")
    assert stock.figures(lot) == "10 on hand, 4 reserved, 6 available"


def test_reservation_above_the_free_quantity_is_refused(stock: Stock) -> None:
    lot = stock.lot("receive 10, reserve 4 JOB-1")
    refusal = stock.refused("INSUFFICIENT_STOCK", "reserve", item="BOLT", qty=7, reference="JOB-2")
    assert refusal.figures["requested"] == "7"
    assert refusal.figures["free"] == "6"
    assert [r["reference"] for r in refusal.figures["reservations"]] == ["JOB-1"]
    assert "JOB-1" in refusal.detail
    stock.reserve(6)
    assert stock.figures(lot) == "10 on hand, 10 reserved, 0 available"


def test_reserving_from_a_named_lot_takes_from_that_lot_alone(stock: Stock) -> None:
    first, second = stock.lot("receive 10"), stock.lot("receive 10")
    stock.reserve(4, lot=second)
    assert stock.figures(first).startswith("10 on hand, 0 reserved")
    stock.refused(
        "INSUFFICIENT_STOCK", "reserve", item="BOLT", qty=7, reference="J", lots=[part(second, 7)]
    )


@pytest.mark.parametrize(
    ("script", "expires_in", "code"),
    [
        ("receive 10, quarantine", None, "QC_BLOCKED"),
        ("receive 10, reject", None, "QC_BLOCKED"),
        ("receive 10", -1, "LOT_EXPIRED"),
    ],
)
@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("verb", ["reserve", "issue"])
def test_stock_on_hold_can_be_neither_reserved_nor_issued(
    stock: Stock, script: str, expires_in: int | None, code: str, named: bool, verb: str
) -> None:
    expires_on = None if expires_in is None else in_days(expires_in)
    lot = stock.lot(script, expires_on=expires_on)
    fields = {"item": "BOLT", "qty": 3, "reference": "J"}
    refusal = stock.refused(code, verb, **fields, lots=[part(lot, 3)] if named else None)
    assert refusal.figures["lots"][0]["lot_id"] == lot


def test_a_lot_is_usable_through_the_end_of_its_expiry_date(stock: Stock) -> None:
    lot = stock.lot(expires_on=in_days(0))
    stock.reserve(10, lot=lot)


def test_reservation_above_free_and_on_hold_is_insufficient_stock(stock: Stock) -> None:
    stock.lot("receive 10")
    stock.lot("receive 10, quarantine")
    stock.refused("QC_BLOCKED", "reserve", item="BOLT", qty=20, reference="J")
    refusal = stock.refused("INSUFFICIENT_STOCK", "reserve", item="BOLT", qty=21, reference="J")
    assert refusal.figures["free"] == "10"
    assert refusal.figures["on_hold"] == "10"


def test_fefo_takes_the_earliest_expiry_first_and_undated_lots_last(stock: Stock) -> None:
    stock.lot("receive 5", lot_code="undated")
    stock.lot("receive 5", lot_code="late", expires_on=in_days(90))
    stock.lot("receive 5", lot_code="soon", expires_on=in_days(9))
    stock.lot("receive 5", lot_code="gone", expires_on=in_days(-1))
    posting = stock.post("reserve", item="BOLT", qty=12, reference="J")
    assert entry_lines(posting) == [
        "RESERVE 5 of soon: 5/5",
        "RESERVE 5 of late: 5/5",
        "RESERVE 2 of undated: 5/2",
    ]


def test_fifo_takes_the_oldest_receipt_first(stock: Stock) -> None:
    stock.lot("receive 5", lot_code="old", expires_on=in_days(90))
    stock.lot("receive 5", lot_code="new", expires_on=in_days(9))
    posting = stock.post("reserve", item="BOLT", qty=6, reference="J", strategy="fifo")
    assert entry_lines(posting) == ["RESERVE 5 of old: 5/5", "RESERVE 1 of new: 5/1"]


def test_a_lot_of_another_item_is_refused(stock: Stock) -> None:
    stock.lot()
    other = stock.lot(item="NUT")
    stock.refused(
        "INVALID_INPUT", "reserve", item="BOLT", qty=1, reference="J", lots=[part(other, 1)]
    )


def test_lots_must_add_up_to_the_quantity(stock: Stock) -> None:
    lot = stock.lot()
    stock.refused("INVALID_QTY", "reserve", item="BOLT", qty=3, reference="J", lots=[part(lot, 2)])


def test_a_lot_named_twice_is_refused(stock: Stock) -> None:
    lot = stock.lot()
    stock.refused(
        "INVALID_INPUT", "reserve", item="BOLT", qty=12, reference="J",
        lots=[part(lot, 6), part(lot, 6)],
    )  # fmt: skip


def test_a_reservation_needs_a_reference(stock: Stock) -> None:
    stock.lot()
    refusal = stock.refused("INVALID_INPUT", "reserve", item="BOLT", qty=1, reference="  ")
    assert refusal.figures["field"] == "reference"


def test_a_reservation_cannot_expire_in_the_past(stock: Stock) -> None:
    stock.lot()
    stock.refused(
        "INVALID_INPUT", "reserve", item="BOLT", qty=1, reference="J",
        expires_at=clock.now() - timedelta(seconds=1),
    )  # fmt: skip


def test_unreserving_without_quantity_unreserves_all_open(stock: Stock) -> None:
    lot = stock.lot("receive 10")
    reservation = stock.reserve(4)
    stock.post("unreserve", reservation_id=reservation)
    assert stock.figures(lot) == "10 on hand, 0 reserved, 10 available"
    assert stock.reservation_figures(reservation) == "4 reserved: 0 open, 0 issued, 4 unreserved"


def test_unreserving_a_part_keeps_the_rest(stock: Stock) -> None:
    stock.lot("receive 10")
    reservation = stock.reserve(4)
    stock.post("unreserve", reservation_id=reservation, qty=1)
    assert stock.reservation_figures(reservation) == "4 reserved: 3 open, 0 issued, 1 unreserved"


def test_more_than_is_open_cannot_be_unreserved(stock: Stock) -> None:
    lot = stock.lot("receive 10")
    reservation = stock.reserve(4)
    refusal = stock.refused("OVER_UNRESERVE", "unreserve", reservation_id=reservation, qty=5)
    assert (refusal.figures["requested"], refusal.figures["open"]) == ("5", "4")
    stock.refused("OVER_UNRESERVE", "unreserve", reservation_id=reservation, lots=[part(lot, 5)])
    stock.post("unreserve", reservation_id=reservation)
    stock.refused("OVER_UNRESERVE", "unreserve", reservation_id=reservation)


def test_partial_unreservation_takes_lots_on_hold_first(stock: Stock) -> None:
    stock.lot("receive 5", lot_code="fine", expires_on=in_days(1))
    held = stock.lot("receive 5", lot_code="held")
    reservation = stock.reserve(10)
    stock.post("decide_qc", lot_id=held, status="QUARANTINE", reason="check")
    posting = stock.post("unreserve", reservation_id=reservation, qty=6)
    assert entry_lines(posting) == ["UNRESERVE 5 of held: 5/0", "UNRESERVE 1 of fine: 5/4"]


def test_rejected_stock_can_be_unreserved(stock: Stock) -> None:
    lot = stock.lot("receive 10")
    reservation = stock.reserve(4)
    stock.post("decide_qc", lot_id=lot, status="REJECTED", reason="rust")
    stock.post("unreserve", reservation_id=reservation)
    assert stock.figures(lot) == "10 on hand, 0 reserved, 10 available"


def test_an_unknown_reservation_is_refused(stock: Stock) -> None:
    stock.refused("NOT_FOUND", "unreserve", reservation_id=77)
