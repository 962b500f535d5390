from datetime import UTC, datetime, timedelta

import pytest

from inventory.common import clock
from inventory.db import balance_triggers, connection, db
from inventory.ledger import DecideQc, PostingResult, post
from inventory.stock.settlement import settled_by
from tests.support.stock_builder import Stock, entry_lines, in_days, key

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
def test_qc_decision_follows_the_allowed_transitions(
    stock: Stock, script: str, to: str, allowed: bool
) -> None:
    lot = stock.lot(script, qc_required=True)
    if allowed:
        stock.post("decide_qc", lot_id=lot, status=to, reason="seen")
        assert stock.get_lot(lot).qc_status == to
    else:
        stock.refused("QC_TRANSITION", "decide_qc", lot_id=lot, status=to, reason="seen")


def test_only_the_first_approval_needs_no_reason(stock: Stock) -> None:
    lot = stock.lot(qc_required=True)
    stock.post("decide_qc", lot_id=lot, status=A)
    refusal = stock.refused("INVALID_INPUT", "decide_qc", lot_id=lot, status=Q)
    assert refusal.figures["field"] == "reason"
    stock.post("decide_qc", lot_id=lot, status=Q, reason="complaint")
    stock.refused("INVALID_INPUT", "decide_qc", lot_id=lot, status=A)
    stock.post("decide_qc", lot_id=lot, status=A, reason="unfounded")


def test_an_approved_lot_can_be_reserved(stock: Stock) -> None:
    lot = stock.lot("receive 9, approve", qc_required=True)
    stock.reserve(9, lot=lot)


def test_rejected_lot_keeps_reservations_at_risk(stock: Stock) -> None:
    lot = stock.lot("receive 9")
    reservation = stock.reserve(4)
    posting = stock.post("decide_qc", lot_id=lot, status=R, reason="rust")
    shown = posting.details[0]
    assert shown["lot"]["qc_status"] == R
    assert [r["at_risk"] for r in shown["reservations"]] == [True]
    assert stock.reservation_figures(reservation) == "4 reserved: 4 open, 0 issued, 0 unreserved"


def test_decision_can_unreserve_all_reservations_of_the_lot(stock: Stock) -> None:
    lot = stock.lot("receive 9")
    reservations = [stock.reserve(4, reference="J-1"), stock.reserve(2, reference="J-2")]
    stock.post("decide_qc", lot_id=lot, status=Q, reason="rust", on_reservations="unreserve")
    assert stock.figures(lot) == "9 on hand, 0 reserved, 9 available"
    assert [stock.reservation(r).open for r in reservations] == [0, 0]


def test_decision_can_move_reservations_to_other_lots(stock: Stock) -> None:
    lot = stock.lot("receive 5", lot_code="bad")
    reservation = stock.reserve(4)
    stock.lot("receive 3", lot_code="one")
    stock.lot("receive 3", lot_code="two")
    posting = stock.post(
        "decide_qc", lot_id=lot, status=Q, reason="rust", on_reservations="reallocate"
    )
    assert entry_lines(posting) == [
        "UNRESERVE 4 of bad: 5/0",
        "RESERVE 3 of one: 3/3",
        "RESERVE 1 of two: 3/1",
    ]
    assert stock.reservation_figures(reservation) == "4 reserved: 4 open, 0 issued, 0 unreserved"
    assert not stock.reservation(reservation).at_risk(clock.today())


# --- moving reservations --------------------------------------------------------------------------

MOVE = {"status": R, "reason": "rust", "on_reservations": "reallocate"}


def settlement(posting: PostingResult, index: int = 0) -> dict[str, list[str]]:
    """Return how a decision settled the reservations, as lines like `J-1 4: B 4`."""
    return {
        name: [
            f"{reservation['reference']} {reservation['qty']}: "
            + ", ".join(f"{lot['lot_code']} {lot['qty']}" for lot in reservation["lots"])
            for reservation in settled
        ]
        for name, settled in posting.details[index]["settlement"].items()
    }


def lot_with_two_reservations(stock: Stock, other_lot: str = "receive 6") -> int:
    """Create lot A with 4 reserved for J-1 and 5 for J-2, and lot B; return lot A."""
    lot = stock.lot("receive 9, reserve 4 J-1, reserve 5 J-2", lot_code="A")
    stock.lot(other_lot, lot_code="B")
    return lot


def test_a_decision_moves_what_fits_and_keeps_the_rest_at_risk(stock: Stock) -> None:
    lot = lot_with_two_reservations(stock)
    posting = stock.post("decide_qc", lot_id=lot, **MOVE)
    assert stock.get_lot(lot).qc_status == R
    assert entry_lines(posting) == [
        "UNRESERVE 4 of A: 9/5", "RESERVE 4 of B: 6/4",
        "UNRESERVE 2 of A: 9/3", "RESERVE 2 of B: 6/6",
    ]  # fmt: skip
    assert settlement(posting) == {"moved": ["J-1 4: B 4", "J-2 2: B 2"], "unreserved": [],
                              "kept": ["J-2 3: A 3"]}  # fmt: skip
    assert [reservation["at_risk"] for reservation in posting.details[0]["reservations"]] == [
        False,
        True,
    ]
    refusal = stock.refused("QC_BLOCKED", "issue", reservation_id=2, qty=5)
    assert refusal.figures["issuable"] == "2"
    stock.post("issue", reservation_id=1, qty=4)


@pytest.mark.parametrize(
    "other_lot",
    [
        "receive 6, reserve 6 J-9",
        "receive 6, reject",
        "receive 6, quarantine",
        "receive 6, scrap 6",
    ],
)
def test_decision_without_other_free_stock_keeps_reservations(stock: Stock, other_lot: str) -> None:
    lot = lot_with_two_reservations(stock, other_lot)
    posting = stock.post("decide_qc", lot_id=lot, **MOVE)
    assert entry_lines(posting) == []
    assert stock.get_lot(lot).qc_status == R
    kept = ["J-1 4: A 4", "J-2 5: A 5"]
    assert settlement(posting) == {"moved": [], "unreserved": [], "kept": kept}


def test_decision_on_the_only_lot_of_an_item_keeps_reservations(stock: Stock) -> None:
    lot = stock.lot("receive 9, reserve 4 J-1", lot_code="A")
    posting = stock.post("decide_qc", lot_id=lot, **MOVE)
    assert settlement(posting)["kept"] == ["J-1 4: A 4"]
    assert stock.figures(lot) == "9 on hand, 4 reserved, 5 available"


def test_expired_lots_take_no_reservations(stock: Stock) -> None:
    lot = lot_with_two_reservations(stock)
    stock.lot("receive 20", lot_code="OLD", expires_on=in_days(-1))
    assert settlement(stock.post("decide_qc", lot_id=lot, **MOVE))["kept"] == ["J-2 3: A 3"]


def test_a_lot_of_the_same_family_takes_reservations(stock: Stock) -> None:
    lot = stock.lot("receive 9, reserve 4 J-1", lot_code="A")
    child = stock.post("split", lot_id=lot, qty=3, lot_code="A-1").details[0]["lot"]["id"]
    moved = settlement(stock.post("decide_qc", lot_id=lot, **MOVE))
    assert (moved["moved"], moved["kept"]) == (["J-1 3: A-1 3"], ["J-1 1: A 1"])
    assert stock.figures(child) == "3 on hand, 3 reserved, 0 available"


def test_fractional_quantities_are_moved_exactly(stock: Stock) -> None:
    stock.item("OIL", unit="l", decimals=3)
    lot = stock.lot("receive 2.5, reserve 1.25 J-1, reserve 1.125 J-2", item="OIL", lot_code="A")
    for code, qty in (("B", "0.7"), ("C", "0.801")):
        stock.lot(f"receive {qty}", item="OIL", lot_code=code)
    assert settlement(stock.post("decide_qc", lot_id=lot, **MOVE)) == {
        "moved": ["J-1 1.25: B 0.7, C 0.55", "J-2 0.251: C 0.251"], "unreserved": [],
        "kept": ["J-2 0.874: A 0.874"],
    }  # fmt: skip


def test_only_the_reservation_line_of_the_lot_is_moved(stock: Stock) -> None:
    lot, other = stock.lot("receive 4", lot_code="A"), stock.lot("receive 7", lot_code="B")
    reservation = stock.reserve(6)
    posting = stock.post("decide_qc", lot_id=lot, **MOVE)
    assert settlement(posting)["moved"] == ["JOB 4: B 4"]
    assert stock.figures(other) == "7 on hand, 6 reserved, 1 available"
    assert stock.reservation(reservation).open == 6_000_000


def test_decision_moves_reservations_to_stock_of_expired_ones(stock: Stock) -> None:
    now = datetime(2026, 11, 23, 10, tzinfo=UTC)
    with clock.frozen_at(now):
        lot = lot_with_two_reservations(stock, "receive 9")
        stock.reserve(9, reference="J-3", expires_at=now + timedelta(hours=1))
    with clock.frozen_at(now + timedelta(hours=2)):
        posting = stock.post("decide_qc", lot_id=lot, **MOVE)
    assert settlement(posting)["moved"] == ["J-1 4: B 4", "J-2 5: B 5"]


def test_decision_finds_lots_missing_from_balance_tables(stock: Stock) -> None:
    lot = lot_with_two_reservations(stock)
    with db.engine.connect().execution_options(write=True) as connection, connection.begin():
        connection.exec_driver_sql("DELETE FROM open_lines")
        connection.exec_driver_sql("DELETE FROM lot_heads")
    moved = settlement(stock.post("decide_qc", lot_id=lot, **MOVE))["moved"]
    assert moved == ["J-1 4: B 4", "J-2 2: B 2"]
    with db.engine.connect().execution_options(write=True) as connection, connection.begin():
        balance_triggers.rebuild(connection)


@pytest.mark.parametrize(
    ("on_reservations", "expected"),
    [
        ("keep", {"moved": [], "unreserved": [], "kept": ["J-1 4: A 4", "J-2 5: A 5"]}),
        ("unreserve", {"moved": [], "unreserved": ["J-1 4: A 4", "J-2 5: A 5"], "kept": []}),
        ("reallocate", {"moved": ["J-1 4: B 4", "J-2 2: B 2"], "unreserved": [],
                        "kept": ["J-2 3: A 3"]}),
    ],
)  # fmt: skip
@pytest.mark.parametrize(("before", "to"), [("", R), ("", Q), ("quarantine", R), ("reject", Q)])
def test_reservations_are_settled_from_every_status(
    stock: Stock, before: str, to: str, on_reservations: str, expected: dict[str, list[str]]
) -> None:
    lot = lot_with_two_reservations(stock)
    if before:
        stock.post("decide_qc", lot_id=lot, status=R if before == "reject" else Q, reason="first")
    fields = {"status": to, "reason": "rust", "on_reservations": on_reservations, "key": key()}
    first = stock.post("decide_qc", lot_id=lot, **fields)
    assert settlement(first) == expected
    stock.post("receive", item="BOLT", lot_code="C", qty=50)
    again = stock.post("decide_qc", lot_id=lot, **fields)
    assert (again.replayed, again.details) == (True, first.details)


def test_hold_lists_reservations_at_risk(stock: Stock) -> None:
    lot = stock.lot("receive 9", lot_code="A")
    child = stock.post("split", lot_id=lot, qty=3, lot_code="A-1").details[0]["lot"]["id"]
    stock.reserve(8, reference="J-1")
    posting = stock.post("hold", lot_id=lot, reason="recall")
    assert settlement(posting)["kept"] == ["J-1 8: A 6, A-1 2"]
    assert [reservation["reference"] for reservation in posting.details[0]["reservations"]] == [
        "J-1"
    ]
    # Each lot on hold can be settled with a second decision.
    posting = stock.post("decide_qc", lot_id=child, **MOVE | {"on_reservations": "unreserve"})
    assert settlement(posting)["unreserved"] == ["J-1 2: A-1 2"]


def test_decision_sees_reservations_moved_earlier_in_its_batch(stock: Stock) -> None:
    first, second = lot_with_two_reservations(stock), 2
    stock.lot("receive 3", lot_code="C")
    requests = [DecideQc(lot_id=lot, **MOVE) for lot in (first, second)]
    posting = post(requests, user_id=stock.user_id, key=key())
    assert settlement(posting, 0)["moved"] == ["J-1 4: B 4", "J-2 5: B 2, C 3"]
    assert settlement(posting, 1) == {
        "moved": [], "unreserved": [], "kept": ["J-1 4: B 4", "J-2 2: B 2"],
    }  # fmt: skip


def test_settlement_read_from_the_ledger_equals_the_first_result(stock: Stock) -> None:
    lot = lot_with_two_reservations(stock)
    posting = stock.post("decide_qc", lot_id=lot, **MOVE)
    stock.post("unreserve", reservation_id=2)
    assert (
        settled_by(connection(), posting.operation.id, on_hold=[lot]).to_dict()
        == (posting.details[0]["settlement"])
    )
    posting = stock.post("decide_qc", lot_id=lot, status=Q, reason="look again")
    assert settlement(posting) == {"moved": [], "unreserved": [], "kept": []}


def test_approval_keeps_reservations_despite_unreserve_option(stock: Stock) -> None:
    lot = stock.lot("receive 5")
    reservation = stock.reserve(4)
    stock.post("decide_qc", lot_id=lot, status=Q, reason="x")
    fields = {"status": A, "reason": "y", "on_reservations": "unreserve"}
    posting = stock.post("decide_qc", lot_id=lot, **fields)
    assert settlement(posting) == {"moved": [], "unreserved": [], "kept": []}
    assert stock.reservation_figures(reservation) == "4 reserved: 4 open, 0 issued, 0 unreserved"


def test_reservations_missing_from_balance_tables_are_found(stock: Stock) -> None:
    lot = stock.lot("receive 5")
    stock.reserve(4)
    with db.engine.connect().execution_options(write=True) as connection, connection.begin():
        connection.exec_driver_sql("DELETE FROM open_lines")
        connection.exec_driver_sql("DELETE FROM lot_heads")
    stock.refused("INSUFFICIENT_STOCK", "reserve", item="BOLT", qty=2, reference="J")
    stock.reserve(1)
    stock.post("decide_qc", lot_id=lot, status=Q, reason="rust", on_reservations="unreserve")
    assert stock.figures(lot) == "5 on hand, 0 reserved, 5 available"
    with db.engine.connect().execution_options(write=True) as connection, connection.begin():
        balance_triggers.rebuild(connection)
