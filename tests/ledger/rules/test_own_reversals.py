"""Users reverse their own operations for some minutes; administrators reverse all."""

from __future__ import annotations

from datetime import timedelta

import pytest

from inventory.common import clock
from tests.support.stock_builder import Stock, key


@pytest.fixture
def other(stock: Stock) -> Stock:
    return Stock()


def test_an_own_operation_can_be_reversed_for_some_minutes(stock: Stock) -> None:
    now = clock.now()
    with clock.frozen_at(now):
        lot = stock.lot("receive 5")
    operation = stock.history(lot)[0].operation_id
    command = {"operation_id": operation, "own_minutes": 15}
    with clock.frozen_at(now + timedelta(minutes=15, seconds=1)):
        refusal = stock.refused("FORBIDDEN", "reverse", **command)
        assert "more than 15 minutes ago" in refusal.detail
    with clock.frozen_at(now + timedelta(minutes=15)):
        one_key = key()
        stock.post("reverse", key=one_key, **command)
    with clock.frozen_at(now + timedelta(hours=5)):
        assert stock.post("reverse", key=one_key, **command).replayed
    assert stock.get_lot(lot).on_hand == 0


def test_another_users_operation_cannot_be_reversed(stock: Stock, other: Stock) -> None:
    lot = stock.lot("receive 5")
    operation = stock.history(lot)[0].operation_id
    refusal = other.refused("FORBIDDEN", "reverse", operation_id=operation, own_minutes=15)
    assert "clerk-" in refusal.detail
    other.post("reverse", operation_id=operation)  # as an administrator


def test_zero_minutes_means_never(stock: Stock) -> None:
    lot = stock.lot("receive 5")
    operation = stock.history(lot)[0].operation_id
    stock.refused("FORBIDDEN", "reverse", operation_id=operation, own_minutes=0)


def test_what_stands_in_the_way_of_an_own_reversal_is_named(stock: Stock) -> None:
    lot = stock.lot("receive 5, reserve 3 JOB-7")
    operation = stock.history(lot)[0].operation_id
    refusal = stock.refused("NOT_REVERSIBLE", "reverse", operation_id=operation, own_minutes=15)
    assert [one["reference"] for one in refusal.figures["operations"]] == ["JOB-7"]


def test_the_limit_is_no_part_of_the_content_of_a_key(stock: Stock) -> None:
    lot = stock.lot("receive 5")
    command = {"operation_id": stock.history(lot)[0].operation_id, "key": key()}
    stock.post("reverse", own_minutes=15, **command)
    assert stock.post("reverse", **command).replayed  # as an administrator now
