"""Where a lot went, and putting all that is left of it on hold in one operation."""

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


def look(lot: int) -> Recall:
    db.session.rollback()
    return recall_of(connection(), lot)


def split(stock: Stock, lot: int, qty: int, code: str) -> int:
    posting = stock.post("split", lot_id=lot, qty=qty, lot_code=code)
    return next(e.lot_id for e in posting.operation.entries if e.txn_type == "RECEIVE")


def went_to(found: Recall) -> dict[str, str]:
    return {
        destination.reference: format_qty(destination.out) for destination in found.destinations
    }


def states(stock: Stock, *lots: int) -> list[str]:
    return [stock.get_lot(lot).qc_status for lot in lots]


@pytest.fixture
def family(stock: Stock) -> list[int]:
    """L-1 with 100; L-1A and, of it, L-1AA; L-1B, which is used up."""
    root = stock.lot("receive 100", lot_code="L-1")
    a = split(stock, root, 40, "L-1A")
    aa = split(stock, a, 10, "L-1AA")
    b = split(stock, root, 5, "L-1B")
    stock.post("issue", item="BOLT", lots=[part(b, 5)], reference="JOB-B")
    return [root, a, aa, b]


def test_a_recall_names_every_reference_that_got_any_of_the_family(
    stock: Stock, family: list[int]
) -> None:
    root, a, aa, _ = family
    held = stock.reserve(6, lot=root, reference="JOB-1")
    stock.post("issue", reservation_id=held, qty=4)
    stock.post("issue", item="BOLT", lots=[part(a, 3), part(aa, 2)], reference="JOB-2")
    stock.post("issue", item="BOLT", lots=[part(a, 1)], reference="JOB-1")
    found = look(root)
    assert went_to(found) == {"JOB-1": "5", "JOB-2": "5", "JOB-B": "5"}
    assert [(one.reference, lot.lot_code, format_qty(qty)) for one, lot, qty in found.reserved] == [
        ("JOB-1", "L-1", "2")
    ]
    assert [(one.lot.lot_code, one.depth) for one in found.family] == [
        ("L-1", 0), ("L-1A", 1), ("L-1B", 1), ("L-1AA", 2),
    ]  # fmt: skip
    assert went_to(look(aa)) == {"JOB-2": "2"}
    assert [lot.lot_code for lot in look(aa).parents] == ["L-1A", "L-1"]


def test_what_came_back_or_was_undone_is_taken_off(stock: Stock) -> None:
    lot = stock.lot("receive 20")
    code = stock.get_lot(lot).lot_code
    stock.post("issue", item="BOLT", qty=9, reference="JOB-1")
    undone = stock.post("issue", item="BOLT", qty=5, reference="JOB-2").operation.id
    undoing = stock.post("reverse", operation_id=undone).operation.id
    back = {"item": "BOLT", "lot_code": code, "qty": 2, "add_to_lot": True}
    stock.post("return_from_customer", reference="JOB-1", reason="too many", **back)
    assert went_to(look(lot)) == {"JOB-1": "7"}
    stock.post("reverse", operation_id=undoing)
    assert went_to(look(lot)) == {"JOB-1": "7", "JOB-2": "5"}


def test_everything_is_accounted_for(stock: Stock, family: list[int]) -> None:
    root, a, aa, b = family
    stock.post("scrap", lot_id=a, qty=3, reason="bent")
    stock.post("return_to_supplier", lot_id=aa, qty=2, reason="wrong")
    stock.post("count", lot_id=root, counted=50)
    stock.post("count", lot_id=a, counted=29)
    undone = split(stock, root, 7, "L-1C")
    stock.post("reverse", operation_id=stock.history(undone)[0].operation_id)
    stock.post("receive", item="BOLT", lot_code="L-1", qty=11, add_to_lot=True)
    for lot, came_in in [(root, "111"), (a, "40"), (aa, "10"), (b, "5"), (undone, "0")]:
        found = look(lot)
        assert format_qty(found.came_in) == came_in
        gone = found.issued + found.taken_out + found.counted_off
        assert found.came_in == gone + found.on_hand
    assert format_qty(look(root).counted_off) == "3"
    assert format_qty(look(root).taken_out) == "5"


def test_a_hold_puts_the_whole_family_in_quarantine_and_its_end_approves_it_again(
    stock: Stock, family: list[int]
) -> None:
    root, a, aa, b = family
    held = stock.reserve(2, lot=aa, reference="JOB-1")
    operation = stock.post("hold", lot_id=root, reason="glass", reference="R-7").operation
    assert states(stock, root, a, aa, b) == [Q, Q, Q, A]
    assert (operation.kind, operation.reason, operation.reference) == ("QC", "glass", "R-7")
    assert stock.reservation_figures(held) == "2 reserved: 2 open, 0 issued, 0 unreserved"
    stock.refused("QC_BLOCKED", "issue", reservation_id=held)
    stock.post("release", operation_id=operation.id, reason="it was sugar")
    assert states(stock, root, a, aa, b) == [A, A, A, A]
    stock.post("issue", reservation_id=held)
    stock.refused("NOT_REVERSIBLE", "release", operation_id=operation.id, reason="again")


def test_a_hold_of_a_part_leaves_its_parent_alone(stock: Stock, family: list[int]) -> None:
    root, a, aa, _ = family
    stock.post("hold", lot_id=a, reason="glass")
    assert states(stock, root, a, aa) == [A, Q, Q]


def test_what_is_on_hold_already_stays_as_it_is_and_is_not_released(
    stock: Stock, family: list[int]
) -> None:
    root, a, aa, _ = family
    stock.post("decide_qc", lot_id=a, status=R, reason="rust")
    stock.post("decide_qc", lot_id=aa, status=Q, reason="rust")
    operation = stock.post("hold", lot_id=root, reason="glass").operation
    assert states(stock, root, a, aa) == [Q, R, Q]
    stock.post("release", operation_id=operation.id, reason="sugar")
    assert states(stock, root, a, aa) == [A, R, Q]


def test_where_nothing_is_approved_there_is_nothing_to_hold(stock: Stock) -> None:
    lot = stock.lot("receive 5, quarantine")
    stock.refused("QC_TRANSITION", "hold", lot_id=lot, reason="glass")


def test_the_lot_itself_is_held_when_it_is_used_up(stock: Stock) -> None:
    lot = stock.lot("receive 5, issue 5")
    stock.post("hold", lot_id=lot, reason="glass")
    assert states(stock, lot) == [Q]


def test_a_hold_and_its_end_need_a_reason(stock: Stock) -> None:
    lot = stock.lot()
    stock.refused("INVALID_INPUT", "hold", lot_id=lot, reason=" ")
    operation = stock.post("hold", lot_id=lot, reason="glass").operation
    stock.refused("INVALID_INPUT", "release", operation_id=operation.id, reason=None)


def test_a_hold_that_qc_has_worked_on_since_is_not_ended_as_one(
    stock: Stock, family: list[int]
) -> None:
    root, a, _, _ = family
    operation = stock.post("hold", lot_id=root, reason="glass").operation
    stock.post("decide_qc", lot_id=a, status=R, reason="it is glass")
    refusal = stock.refused("NOT_REVERSIBLE", "release", operation_id=operation.id, reason="sugar")
    assert refusal.figures["lots"] == ["L-1A"]
    assert states(stock, root, a) == [Q, R]


def test_only_a_hold_can_be_ended(stock: Stock) -> None:
    lot = stock.lot("receive 5, quarantine")
    receipt = stock.history(lot)[0].operation_id
    for operation_id in (receipt, 999):
        stock.refused("NOT_FOUND", "release", operation_id=operation_id, reason="x")
    approval = stock.post("decide_qc", lot_id=lot, status=A, reason="x").operation.id
    stock.refused("NOT_FOUND", "release", operation_id=approval, reason="x")


def test_a_hold_sent_twice_is_done_once(stock: Stock, family: list[int]) -> None:
    once = key()
    first = stock.post("hold", lot_id=family[0], reason="glass", key=once)
    again = stock.post("hold", lot_id=family[0], reason="glass", key=once)
    assert again.replayed
    assert again.operation.id == first.operation.id
    assert len(decisions_of(connection(), first.operation.id)) == 3


def test_no_part_escapes_a_hold_by_being_split_off_meanwhile(stock: Stock) -> None:
    """Splits and a hold at once: whatever came first, nothing of the family stays approved."""
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
    found = look(root)
    assert [one.lot.qc_status for one in found.family] == [Q] * 5


def test_a_lot_is_found_by_its_code(stock: Stock) -> None:
    lot = stock.lot(lot_code="L-1")
    assert find_lot(connection(), "L-1", "BOLT").id == lot
    for code, item in (("L-2", "BOLT"), ("L-1", "NUT")):
        with pytest.raises(Exception, match="There is no"):
            find_lot(connection(), code, item)


def test_the_table_names_all_that_left_all_that_waits_and_all_that_is_here(
    stock: Stock, family: list[int]
) -> None:
    stock.reserve(6, lot=family[0], reference="JOB-1")
    rows = [list(row)[:5] for row in recall_report(look(family[0])).rows]
    assert rows == [
        ["went out", "JOB-B", "BOLT", "L-1B", "5"],
        ["came in", "", "BOLT", "L-1", "100"],
        ["reserved", "JOB-1", "BOLT", "L-1", "6"],
        ["on hand", "", "BOLT", "L-1", "55"],
        ["on hand", "", "BOLT", "L-1A", "30"],
        ["on hand", "", "BOLT", "L-1B", "0"],
        ["on hand", "", "BOLT", "L-1AA", "10"],
    ]
