"""A short form of `python -m tests.stress.chaos.same_key`."""

from __future__ import annotations

from tests.stress.chaos.same_key import run


def test_eight_at_once_with_one_key_are_one_row_and_eight_equal_answers(database_kind: str) -> None:
    told = run(database_kind, rounds=24)
    assert told.problems == []
    assert told.granted > 10
    assert told.refused > 1
