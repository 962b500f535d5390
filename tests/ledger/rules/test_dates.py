"""Facts of the world that are impossible: years, the future, and times before the goods came in."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from inventory import catalog
from inventory.common import clock
from inventory.common.errors import InvalidInput
from tests.support.stock_builder import Stock, in_days, key, part


@pytest.mark.parametrize("day", [date(27, 3, 31), date(1999, 12, 31), date(2200, 1, 1)])
def test_an_expiry_date_outside_the_years_2000_to_2199_is_refused(stock: Stock, day: date) -> None:
    stock.item()
    command = {"item": "BOLT", "lot_code": "A", "qty": 5}
    refusal = stock.refused("INVALID_INPUT", "receive", expires_on=day, **command)
    assert refusal.figures["field"] == "expires_on"
    assert f"in the year {day.year}" in refusal.detail
    lot = stock.lot("receive 1")
    with pytest.raises(InvalidInput, match="in the year"):
        catalog.update_lot(lot_id=lot, expires_on=day, user_id=stock.user_id, key=key())


@pytest.mark.parametrize("day", [date(2000, 1, 1), date(2199, 12, 31), None])
def test_the_first_and_the_last_expiry_date_are_accepted(stock: Stock, day: date | None) -> None:
    stock.lot("receive 1", lot_code="A", expires_on=day)
    assert stock.find_lot("A").expires_on == day


def test_goods_that_have_expired_at_receipt_are_accepted_with_a_warning(stock: Stock) -> None:
    stock.item()
    command: dict[str, Any] = {"item": "BOLT", "lot_code": "A", "qty": 5}
    command |= {"expires_on": in_days(-1), "key": key()}
    posting = stock.post("receive", **command)
    [warning] = posting.details[0]["warnings"]
    assert warning["code"] == "EXPIRED"
    assert stock.post("receive", **command).details == posting.details  # replayed
    assert "warnings" not in stock.post("receive", item="BOLT", lot_code="B", qty=1).details[0]


def test_what_happens_in_the_future_is_refused(stock: Stock) -> None:
    stock.lot("receive 5")
    now = clock.now()
    for verb, command in (
        ("receive", {"item": "BOLT", "lot_code": "A", "qty": 1}),
        ("issue", {"item": "BOLT", "qty": 1}),
    ):
        later = now + timedelta(minutes=6)
        refusal = stock.refused("INVALID_INPUT", verb, occurred_at=later, **command)
        assert refusal.figures["field"] == "occurred_at"
        stock.post(verb, occurred_at=clock.now() + timedelta(minutes=4), **command)


def test_nothing_happens_in_a_lot_before_it_came_in(stock: Stock) -> None:
    stock.item()
    now = clock.now()
    came = now - timedelta(days=3)
    stock.post("receive", item="BOLT", lot_code="A", qty=9, occurred_at=came)
    lot = stock.find_lot("A").id
    assert lot is not None
    before, after = came - timedelta(minutes=6), came + timedelta(minutes=1)
    for verb, command in (
        ("issue", {"item": "BOLT", "lots": [part(lot, 1)]}),
        ("issue", {"item": "BOLT", "qty": 1}),
        ("scrap", {"lot_id": lot, "qty": 1, "reason": "broken"}),
        ("receive", {"item": "BOLT", "lot_code": "A", "qty": 1, "add_to_lot": True}),
    ):
        refusal = stock.refused("INVALID_INPUT", verb, occurred_at=before, **command)
        assert "when lot A was received" in refusal.detail
        stock.post(verb, occurred_at=after, **command)


@pytest.mark.parametrize("year", [1, 27, 1999, 2200, 9999])
def test_a_time_outside_the_years_2000_to_2199_is_refused(stock: Stock, year: int) -> None:
    stock.item()
    command: dict[str, Any] = {"item": "BOLT", "lot_code": "A", "qty": 5}
    when = datetime(year, 6, 1, tzinfo=UTC)
    refusal = stock.refused("INVALID_INPUT", "receive", occurred_at=when, **command)
    assert refusal.figures["field"] == "occurred_at"
