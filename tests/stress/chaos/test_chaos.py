"""A short run of `make chaos`, and tests of its checker."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

import pytest

from tests.stress.chaos.checking import Rows, problems_of
from tests.stress.chaos.history import GRANTED, History, LotRead, Write
from tests.stress.chaos.run import Plan, run


def test_faults_of_processes_and_network_lose_or_double_nothing(
    database_kind: str,
) -> None:
    outcome = run(Plan(database_kind, strikes=8 if os.environ.get("NIGHTLY") else 4))
    print(outcome)
    assert outcome.history.results()[GRANTED] > 20
    assert sum(outcome.faults.values()) > 10
    assert outcome.problems == []


# --- the checker ----------------------------------------------------------------------------------


def entry(seq: int, txn_type: str, qty: int, on_hand: int, reserved: int, operation: int) -> Any:
    return SimpleNamespace(
        lot_id=1, lot_seq=seq, txn_type=txn_type, qty=qty, operation_id=operation,
        reservation_id=7, on_hand_after=on_hand, reserved_after=reserved,
    )  # fmt: skip


def operation(number: int, note: str) -> Any:
    return SimpleNamespace(id=number, kind="RECEIPT", note=note, reason=None)


@pytest.fixture
def history() -> History:
    writes = [
        Write("a", "receipts", 1.0, 2.0, GRANTED),
        Write("b", "reservations", 3.0, 4.0, GRANTED),
        Write("c", "issues", 5.0, 6.0, "INSUFFICIENT_STOCK"),
    ]
    return History(writes, reads=[LotRead(1, 2, 7.0, 8.0)])


@pytest.fixture
def rows() -> Rows:
    return Rows(
        [operation(1, "a"), operation(2, "b")],
        {"a": False, "b": False, "c": True},
        [entry(1, "RECEIVE", 9, 9, 0, 1), entry(2, "RESERVE", 4, 9, 4, 2)],
    )


def test_a_correct_history_has_no_problems(history: History, rows: Rows) -> None:
    assert problems_of(history, rows) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda h, r: r.operations.pop(), "acknowledged, and lost"),
        (lambda h, r: r.operations.append(operation(3, "b")), "done 2 times"),
        (
            lambda h, r: r.operations.append(operation(3, "c")),
            "refused with INSUFFICIENT_STOCK, but done",
        ),
        (lambda h, r: r.operations.append(operation(3, "x")), "not requested: x"),
        (lambda h, r: r.keys.pop("b"), "its key has not stored granted"),
        (lambda h, r: r.keys.update(c=False), "its key has not stored INSUFFICIENT_STOCK"),
        (lambda h, r: setattr(h.writes[0], "result", ""), "never answered"),
        (lambda h, r: h.unexpected.append("a 500"), "a 500"),
        (lambda h, r: setattr(r.entries[1], "lot_seq", 3), "comes after 1"),
        (lambda h, r: setattr(r.entries[1], "on_hand_after", 8), "says 8/4"),
        (lambda h, r: setattr(r.entries[1], "qty", 10), "leaves 10 reserved of 9"),
        (lambda h, r: setattr(r.entries[1], "txn_type", "UNRESERVE"), "more than was reserved"),
        (lambda h, r: setattr(h.writes[1], "ended", 0.5), "comes after a write that began later"),
        (lambda h, r: setattr(h.reads[0], "lot_seq", 1), "seen at 1, was at 2"),
    ],
)
def test_each_inconsistency_is_reported(
    history: History, rows: Rows, change: Any, words: str
) -> None:
    change(history, rows)
    assert words in "\n".join(problems_of(history, rows))
