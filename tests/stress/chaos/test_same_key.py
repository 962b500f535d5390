"""A short form of `python -m tests.stress.chaos.same_key`."""

from __future__ import annotations

from tests.stress.chaos.same_key import run


def test_concurrent_requests_with_one_key_get_equal_responses(database_kind: str) -> None:
    result = run(database_kind, rounds=24)
    assert result.problems == []
    assert result.granted > 10
    assert result.refused > 1
