from inventory.ledger import ReservationQuantity
from tests.support.stock_builder import Stock, entry_lines


def test_a_count_posts_the_difference(stock: Stock) -> None:
    lot = stock.lot("receive 10", lot_code="L")
    assert entry_lines(stock.post("count", lot_id=lot, counted=12)) == ["RECEIVE 2 of L: 12/0"]
    assert entry_lines(stock.post("count", lot_id=lot, counted="7")) == ["ISSUE 5 of L: 7/0"]
    assert entry_lines(stock.post("count", lot_id=lot, counted=7)) == []
    assert entry_lines(stock.post("count", lot_id=lot, counted=0)) == ["ISSUE 7 of L: 0/0"]


def test_a_count_is_allowed_on_lots_on_hold(stock: Stock) -> None:
    lot = stock.lot("receive 10, reject")
    stock.post("count", lot_id=lot, counted=9)


def test_count_below_reserved_is_refused_until_cuts_are_named(stock: Stock) -> None:
    lot = stock.lot("receive 10")
    reservation = stock.reserve(8, reference="JOB-1")
    refusal = stock.refused("INSUFFICIENT_STOCK", "count", lot_id=lot, counted=5)
    assert refusal.figures["to_cut"] == "3"
    assert refusal.figures["reservations"] == [
        {"reservation_id": reservation, "reference": "JOB-1", "open_qty": "8"}
    ]
    cut = [ReservationQuantity(reservation_id=reservation, qty=3)]
    stock.post("count", lot_id=lot, counted=5, unreserve=cut)
    assert stock.figures(lot) == "5 on hand, 5 reserved, 0 available"
    assert stock.reservation_figures(reservation) == "8 reserved: 5 open, 0 issued, 3 unreserved"


def test_count_cannot_cut_more_than_a_reservation_holds(stock: Stock) -> None:
    lot = stock.lot("receive 10")
    reservation = stock.reserve(2)
    cut = [ReservationQuantity(reservation_id=reservation, qty=3)]
    stock.refused("OVER_UNRESERVE", "count", lot_id=lot, counted=5, unreserve=cut)


def test_count_of_a_stale_lot_needs_a_resolution(stock: Stock) -> None:
    lot = stock.lot("receive 10, issue 3", lot_code="L")
    refusal = stock.refused("STALE_LOT", "count", lot_id=lot, counted=9, lot_seq=1)
    assert (refusal.figures["on_hand_then"], refusal.figures["on_hand"]) == ("10", "7")
    fields = {"lot_id": lot, "counted": 9, "lot_seq": 1}
    kept = stock.post("count", **fields, resolution="keep_difference")
    assert entry_lines(kept) == ["ISSUE 1 of L: 6/0"]
    kept = stock.post("count", **fields, resolution="keep_counted")
    assert entry_lines(kept) == ["RECEIVE 3 of L: 9/0"]


def test_count_of_the_current_lot_needs_no_resolution(stock: Stock) -> None:
    lot = stock.lot("receive 10, issue 3", lot_code="L")
    assert entry_lines(stock.post("count", lot_id=lot, counted=6, lot_seq=2)) == [
        "ISSUE 1 of L: 6/0"
    ]


def test_count_difference_below_zero_on_hand_is_refused(stock: Stock) -> None:
    lot = stock.lot("receive 10, issue 8")
    stock.refused(
        "INVALID_INPUT", "count", lot_id=lot, counted=1, lot_seq=1, resolution="keep_difference"
    )


def test_count_with_a_future_lot_seq_is_refused(stock: Stock) -> None:
    lot = stock.lot("receive 10")
    stock.refused("INVALID_INPUT", "count", lot_id=lot, counted=1, lot_seq=5)


def test_a_negative_count_is_refused(stock: Stock) -> None:
    lot = stock.lot("receive 10")
    assert stock.refused("INVALID_QTY", "count", lot_id=lot, counted=-1).figures["field"] == (
        "counted"
    )
