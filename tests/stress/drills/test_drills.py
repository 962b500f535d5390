"""Short forms of the drills; `make drills` runs more, also with a full file system."""

from __future__ import annotations

import pytest

from tests.stress.chaos.history import GRANTED
from tests.stress.drills.drills import database_down, fail_over, full_quota


@pytest.mark.only("postgresql")
def test_failover_to_a_synchronous_standby_loses_nothing() -> None:
    result = fail_over(answers=25)
    print(result)
    assert result.problems == []
    assert result.history.results()[GRANTED] > 20
    assert result.history.errors["BUSY"] > 0


@pytest.mark.only("postgresql")
def test_failover_to_a_disconnected_standby_loses_writes() -> None:
    """Negative control: the checker finds the loss."""
    result = fail_over(answers=15, synchronous=False)
    assert any("acknowledged, and lost" in problem for problem in result.problems)


@pytest.mark.only("postgresql")
def test_a_stopped_database_is_busy_until_it_is_back() -> None:
    result = database_down(answers=25)
    assert result.problems == []
    assert result.history.errors["BUSY"] > 10
    assert result.after >= 25


@pytest.mark.only("sqlite")
def test_a_full_disk_is_reported_and_leaves_no_partial_write() -> None:
    result = full_quota(answers=25)
    print(result)
    assert result.problems == []
    assert result.after >= 25
