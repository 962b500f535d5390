"""Recall of a lot: where its stock went, and a hold on all that is left of it."""

from __future__ import annotations

import threading

import pytest

from inventory.common.quantity import format_qty
from inventory.db import connection, db
from inventory.models import QcStatus
from inventory.reports.tables import recall_report
from inventory.stock.recall import Recall, decisions_of, find_lot
from inventory.stock.recall import recall as recall_of
from tests.support.stock_builder import Stock, key, part

Q, A, R = QcStatus.QUARANTINE, QcStatus.APPROVED, QcStatus.REJECTED


def read_recall(lot: int) -> Recall:
    db.session.rollback()
    return recall_of(connection(), lot)


def split(stock: Stock, lot: int, qty: int, code: str) -> int:
    posting = stock.post("split", lot_id=lot, qty=qty, lot_code=code)
    return next(e.lot_id for e in posting.operation.entries if e.txn_type == "RECEIVE")


def issued_by_reference(found: Recall) -> dict[str, str]:
    return {
        destination.reference: format_qty(destination.out) for destination in found.destinations
    }


def qc_statuses(stock: Stock, *lots: int) -> list[str]:
    return [stock.get_lot(lot).qc_status for lot in lots]


@pytest.fixture
def family(stock: Stock) -> list[int]:
    """L-1 with 100, its splits L-1A and L-1B (no stock left), and L-1AA split from L-1A."""
    root = stock.lot("receive 100", lot_code="L-1")
    a = split(stock, root, 40, "L-1A")
    aa = split(stock, a, 10, "L-1AA")
    b = split(stock, root, 5, "L-1B")
    stock.post("issue", item="BOLT", lots=[part(b, 5)], reference="JOB-B")
    return [root, a, aa, b]


def test_recall_lists_every_reference_that_received_the_family(
    stock: Stock, family: list[int]
) -> None:
    root, a, aa, _ = family
    held = stock.reserve(6, lot=root, reference="JOB-1")
    stock.post("issue", reservation_id=held, qty=4)
    stock.post("issue", item="BOLT", lots=[part(a, 3), part(aa, 2)], reference="JOB-2")
    stock.post("issue", item="BOLT", lots=[part(a, 1)], reference="JOB-1")
    found = read_recall(root)
    assert issued_by_reference(found) == {"JOB-1": "5", "JOB-2": "5", "JOB-B": "5"}
    assert [
        (line.reference, lot.lot_code, format_qty(qty)) for line, lot, qty in found.reserved
    ] == [("JOB-1", "L-1", "2")]
    assert [(member.lot.lot_code, member.depth) for member in found.family] == [
        ("L-1", 0), ("L-1A", 1), ("L-1B", 1), ("L-1AA", 2),
    ]  # fmt: skip
    assert issued_by_reference(read_recall(aa)) == {"JOB-2": "2"}
    assert [lot.lot_code for lot in read_recall(aa).parents] == ["L-1A", "L-1"]


def test_recall_subtracts_returns_and_reversals(stock: Stock) -> None:
    lot = stock.lot("receive 20")
    code = stock.get_lot(lot).lot_code
    stock.post("issue", item="BOLT", qty=9, reference="JOB-1")
    reversed_issue = stock.post("issue", item="BOLT", qty=5, reference="JOB-2").operation.id
    reversal = stock.post("reverse", operation_id=reversed_issue).operation.id
    returned = {"item": "BOLT", "lot_code": code, "qty": 2}
    stock.post("return_from_customer", reference="JOB-1", reason="too many", **returned)
    assert issued_by_reference(read_recall(lot)) == {"JOB-1": "7"}
    stock.post("reverse", operation_id=reversal)
    assert issued_by_reference(read_recall(lot)) == {"JOB-1": "7", "JOB-2": "5"}


def test_recall_figures_account_for_all_received_stock(stock: Stock, family: list[int]) -> None:
    root, a, aa, b = family
    stock.post("scrap", lot_id=a, qty=3, reason="bent")
    stock.post("return_to_supplier", lot_id=aa, qty=2, reason="wrong")
    stock.post("count", lot_id=root, counted=50)
    stock.post("count", lot_id=a, counted=29)
    undone_split = split(stock, root, 7, "L-1C")
    stock.post("reverse", operation_id=stock.history(undone_split)[0].operation_id)
    stock.post("receive", item="BOLT", lot_code="L-1", qty=11, add_to_lot=True)
    for lot, came_in in [(root, "111"), (a, "40"), (aa, "10"), (b, "5"), (undone_split, "0")]:
        found = read_recall(lot)
        assert format_qty(found.came_in) == came_in
        gone = found.issued + found.taken_out + found.counted_off
        assert found.came_in == gone + found.on_hand
    assert format_qty(read_recall(root).counted_off) == "3"
    assert format_qty(read_recall(root).taken_out) == "5"


def test_hold_quarantines_the_family_and_its_release_approves_it(
    stock: Stock, family: list[int]
) -> None:
    root, a, aa, b = family
    held = stock.reserve(2, lot=aa, reference="JOB-1")
    operation = stock.post("hold", lot_id=root, reason="glass", reference="R-7").operation
    assert qc_statuses(stock, root, a, aa, b) == [Q, Q, Q, A]
    assert (operation.kind, operation.reason, operation.reference) == ("QC", "glass", "R-7")
    assert stock.reservation_figures(held) == "2 reserved: 2 open, 0 issued, 0 unreserved"
    stock.refused("QC_BLOCKED", "issue", reservation_id=held)
    stock.post("release", operation_id=operation.id, reason="false alarm")
    assert qc_statuses(stock, root, a, aa, b) == [A, A, A, A]
    stock.post("issue", reservation_id=held)
    stock.refused("NOT_REVERSIBLE", "release", operation_id=operation.id, reason="again")


def test_hold_of_a_split_lot_does_not_change_its_parent(stock: Stock, family: list[int]) -> None:
    root, a, aa, _ = family
    stock.post("hold", lot_id=a, reason="glass")
    assert qc_statuses(stock, root, a, aa) == [A, Q, Q]


def test_lots_on_hold_before_a_hold_are_not_released_with_it(
    stock: Stock, family: list[int]
) -> None:
    root, a, aa, _ = family
    stock.post("decide_qc", lot_id=a, status=R, reason="rust")
    stock.post("decide_qc", lot_id=aa, status=Q, reason="rust")
    operation = stock.post("hold", lot_id=root, reason="glass").operation
    assert qc_statuses(stock, root, a, aa) == [Q, R, Q]
    stock.post("release", operation_id=operation.id, reason="false alarm")
    assert qc_statuses(stock, root, a, aa) == [A, R, Q]


def test_hold_without_an_approved_lot_is_refused(stock: Stock) -> None:
    lot = stock.lot("receive 5, quarantine")
    stock.refused("QC_TRANSITION", "hold", lot_id=lot, reason="glass")


def test_lot_without_stock_can_be_held(stock: Stock) -> None:
    lot = stock.lot("receive 5, issue 5")
    stock.post("hold", lot_id=lot, reason="glass")
    assert qc_statuses(stock, lot) == [Q]


def test_hold_and_release_need_a_reason(stock: Stock) -> None:
    lot = stock.lot()
    stock.refused("INVALID_INPUT", "hold", lot_id=lot, reason=" ")
    operation = stock.post("hold", lot_id=lot, reason="glass").operation
    stock.refused("INVALID_INPUT", "release", operation_id=operation.id, reason=None)


def test_hold_with_a_later_qc_decision_cannot_be_released(stock: Stock, family: list[int]) -> None:
    root, a, _, _ = family
    operation = stock.post("hold", lot_id=root, reason="glass").operation
    stock.post("decide_qc", lot_id=a, status=R, reason="it is glass")
    refusal = stock.refused(
        "NOT_REVERSIBLE", "release", operation_id=operation.id, reason="false alarm"
    )
    assert refusal.figures["lots"] == ["L-1A"]
    assert qc_statuses(stock, root, a) == [Q, R]


def test_only_a_hold_can_be_released(stock: Stock) -> None:
    lot = stock.lot("receive 5, quarantine")
    receipt = stock.history(lot)[0].operation_id
    for operation_id in (receipt, 999):
        stock.refused("NOT_FOUND", "release", operation_id=operation_id, reason="x")
    approval = stock.post("decide_qc", lot_id=lot, status=A, reason="x").operation.id
    stock.refused("NOT_FOUND", "release", operation_id=approval, reason="x")


def test_hold_with_the_same_key_is_replayed(stock: Stock, family: list[int]) -> None:
    one_key = key()
    first = stock.post("hold", lot_id=family[0], reason="glass", key=one_key)
    again = stock.post("hold", lot_id=family[0], reason="glass", key=one_key)
    assert again.replayed
    assert again.operation.id == first.operation.id
    assert len(decisions_of(connection(), first.operation.id)) == 3


def test_hold_includes_lots_split_at_the_same_time(stock: Stock) -> None:
    """In any order of concurrent splits and a hold, no lot of the family stays approved."""
    from flask import current_app

    app, root = current_app._get_current_object(), stock.lot("receive 100", lot_code="L-1")  # type: ignore[attr-defined]
    barrier = threading.Barrier(5)

    def work(number: int) -> None:
        with app.app_context():
            barrier.wait()
            if number == 0:
                stock.post("hold", lot_id=root, reason="glass")
            else:
                stock.post("split", lot_id=root, qty=1, lot_code=f"S-{number}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = read_recall(root)
    assert [member.lot.qc_status for member in found.family] == [Q] * 5


def test_a_lot_is_found_by_its_code(stock: Stock) -> None:
    lot = stock.lot(lot_code="L-1")
    assert find_lot(connection(), "L-1", "BOLT").id == lot
    for code, item in (("L-2", "BOLT"), ("L-1", "NUT")):
        with pytest.raises(Exception, match="There is no"):
            find_lot(connection(), code, item)


def test_recall_report_lists_issued_received_reserved_and_on_hand(
    stock: Stock, family: list[int]
) -> None:
    stock.reserve(6, lot=family[0], reference="JOB-1")
    rows = [list(row)[:5] for row in recall_report(read_recall(family[0])).rows]
    assert rows == [
        ["went out", "JOB-B", "BOLT", "L-1B", "5"],
        ["came in", "", "BOLT", "L-1", "100"],
        ["reserved", "JOB-1", "BOLT", "L-1", "6"],
        ["on hand", "", "BOLT", "L-1", "55"],
        ["on hand", "", "BOLT", "L-1A", "30"],
        ["on hand", "", "BOLT", "L-1B", "0"],
        ["on hand", "", "BOLT", "L-1AA", "10"],
    ]
