"""The drills in short: `make drills` does more of each, and with a disk that is truly full."""

from __future__ import annotations

import pytest

from tests.stress.chaos.history import GRANTED
from tests.stress.drills.drills import database_down, fail_over, full_quota


@pytest.mark.only("postgresql")
def test_a_standby_takes_over_in_mid_load_and_nothing_is_lost() -> None:
    told = fail_over(answers=25)
    print(told)
    assert told.problems == []
    assert told.history.told()[GRANTED] > 20
    assert told.history.troubles["BUSY"] > 0


@pytest.mark.only("postgresql")
def test_a_standby_that_was_cut_off_has_lost_what_came_after() -> None:
    """The negative control: the checker sees a loss where there is one."""
    told = fail_over(answers=15, synchronous=False)
    assert any("acknowledged, and lost" in problem for problem in told.problems)


@pytest.mark.only("postgresql")
def test_a_database_that_is_down_is_told_as_such_and_found_again() -> None:
    told = database_down(answers=25)
    assert told.problems == []
    assert told.history.troubles["BUSY"] > 10
    assert told.after >= 25


@pytest.mark.only("sqlite")
def test_a_full_disk_is_told_and_leaves_nothing_half_done() -> None:
    told = full_quota(answers=25)
    print(told)
    assert told.problems == []
    assert told.after >= 25
