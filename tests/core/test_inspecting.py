import pytest

from tests.stock import Stock, wrote

Q, A, R = "QUARANTINE", "APPROVED", "REJECTED"


@pytest.mark.parametrize(
    ("script", "to", "allowed"),
    [
        ("receive 9", A, True), ("receive 9", R, True), ("receive 9", Q, False),
        ("receive 9, approve", Q, True), ("receive 9, approve", R, True),
        ("receive 9, approve", A, False), ("receive 9, reject", Q, True),
        ("receive 9, reject", A, False), ("receive 9, reject", R, False),
    ],
)  # fmt: skip
def test_only_these_decisions_are_allowed(
    stock: Stock, script: str, to: str, allowed: bool
) -> None:
    lot = stock.lot(script, qc_required=True)
    if allowed:
        stock.do("decide", lot_id=lot, status=to, reason="seen")
        assert stock.look(lot).qc_status == to
    else:
        stock.refused("QC_TRANSITION", "decide", lot_id=lot, status=to, reason="seen")


def test_only_the_first_approval_needs_no_reason(stock: Stock) -> None:
    lot = stock.lot(qc_required=True)
    stock.do("decide", lot_id=lot, status=A)
    refusal = stock.refused("INVALID_INPUT", "decide", lot_id=lot, status=Q)
    assert refusal.figures["field"] == "reason"
    stock.do("decide", lot_id=lot, status=Q, reason="complaint")
    stock.refused("INVALID_INPUT", "decide", lot_id=lot, status=A)
    stock.do("decide", lot_id=lot, status=A, reason="unfounded")


def test_an_approved_lot_can_be_reserved(stock: Stock) -> None:
    lot = stock.lot("receive 9, approve", qc_required=True)
    stock.reserve(9, lot=lot)


def test_reservations_stay_and_show_as_at_risk(stock: Stock) -> None:
    lot = stock.lot("receive 9")
    reservation = stock.reserve(4)
    posting = stock.do("decide", lot_id=lot, status=R, reason="rust")
    shown = posting.shown[0]
    assert shown["lot"]["qc_status"] == R
    assert [r["at_risk"] for r in shown["reservations"]] == [True]
    assert stock.promise(reservation) == "4 promised: 4 open, 0 issued, 0 given back"


def test_a_decision_may_unreserve_what_the_lot_holds(stock: Stock) -> None:
    lot = stock.lot("receive 9")
    reservations = [stock.reserve(4, reference="J-1"), stock.reserve(2, reference="J-2")]
    stock.do("decide", lot_id=lot, status=Q, reason="rust", on_reservations="unreserve")
    assert stock.figures(lot) == "9 on hand, 0 reserved, 9 available"
    assert [stock.reservation(r).open for r in reservations] == [0, 0]


def test_a_decision_may_move_reservations_to_other_lots(stock: Stock) -> None:
    lot = stock.lot("receive 5", lot_code="bad")
    reservation = stock.reserve(4)
    stock.lot("receive 3", lot_code="one")
    stock.lot("receive 3", lot_code="two")
    posting = stock.do("decide", lot_id=lot, status=Q, reason="rust", on_reservations="reallocate")
    assert wrote(posting) == [
        "UNRESERVE 4 of bad: 5/0",
        "RESERVE 3 of one: 3/3",
        "RESERVE 1 of two: 3/1",
    ]
    assert stock.promise(reservation) == "4 promised: 4 open, 0 issued, 0 given back"
    assert not stock.reservation(reservation).at_risk(in_today())


def in_today():
    from inventory import clock

    return clock.today()


def test_a_decision_that_cannot_move_all_reservations_is_refused_whole(stock: Stock) -> None:
    lot = stock.lot("receive 5")
    stock.reserve(4)
    stock.lot("receive 3", lot_code="small")
    stock.refused(
        "QC_BLOCKED", "decide", lot_id=lot, status=Q, reason="x", on_reservations="reallocate"
    )
    assert stock.look(lot).qc_status == A


def test_approving_again_keeps_the_reservations_whatever_is_said(stock: Stock) -> None:
    lot = stock.lot("receive 5")
    reservation = stock.reserve(4)
    stock.do("decide", lot_id=lot, status=Q, reason="x")
    stock.do("decide", lot_id=lot, status=A, reason="y", on_reservations="unreserve")
    assert stock.promise(reservation) == "4 promised: 4 open, 0 issued, 0 given back"


def test_holders_are_found_when_the_read_cache_has_lost_them(stock: Stock) -> None:
    from inventory import read_cache
    from inventory.db import db

    lot = stock.lot("receive 5")
    stock.reserve(4)
    with db.engine.connect().execution_options(write=True) as connection, connection.begin():
        connection.exec_driver_sql("DELETE FROM open_lines")
        connection.exec_driver_sql("DELETE FROM lot_heads")
    stock.refused("INSUFFICIENT_STOCK", "reserve", item="BOLT", qty=2, reference="J")
    stock.reserve(1)
    stock.do("decide", lot_id=lot, status=Q, reason="rust", on_reservations="unreserve")
    assert stock.figures(lot) == "5 on hand, 0 reserved, 5 available"
    with db.engine.connect().execution_options(write=True) as connection, connection.begin():
        read_cache.rebuild(connection)
