"""Analytics of a period, compared with figures computed by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from inventory.common import clock
from inventory.db import connection, db
from inventory.reports import analytics
from inventory.reports.analytics import Age, Expiry, Movement
from inventory.stock import queries as stock
from tests.support.stock_builder import Stock, in_days, part

ONE = 10**6
MONDAY = date(2026, 11, 2)


@pytest.fixture
def set_day(monkeypatch: pytest.MonkeyPatch):
    """`set_day(3)` sets the clock to noon UTC, 3 days after MONDAY."""

    def set_clock(days: int, hour: int = 12, minute: int = 0) -> None:
        when = datetime(2026, 11, 2, hour, minute, tzinfo=UTC) + timedelta(days=days)
        monkeypatch.setattr(clock, "now", lambda: when)

    set_clock(0)
    return set_clock


def item_id(code: str = "BOLT") -> int:
    found = stock.get_item(connection(), code).id
    assert found is not None
    return found


def movement_by_day(first: int, last: int, item: int | None = None) -> list[tuple[int, int]]:
    days = analytics.movement(
        connection(), MONDAY + timedelta(days=first), MONDAY + timedelta(days=last), item_id=item
    )
    return [(day.received, day.issued) for day in days]


def test_movement_has_received_and_issued_per_day(stock: Stock, set_day) -> None:
    lot = stock.lot("receive 10")
    set_day(1)
    stock.post("issue", item="BOLT", lots=[part(lot, 4)])
    stock.post("scrap", lot_id=lot, qty=1, reason="bent")
    set_day(3)
    stock.lot("receive 2.5", item=stock.item("OIL", decimals=1))
    assert movement_by_day(0, 3, item_id()) == [(10 * ONE, 0), (0, 5 * ONE), (0, 0), (0, 0)]
    assert movement_by_day(0, 3) == [(1, 0), (0, 2), (0, 0), (1, 0)]
    assert movement_by_day(1, 1) == [(0, 2)]


def test_reservation_is_no_movement(stock: Stock, set_day) -> None:
    stock.lot("receive 10")
    stock.post("unreserve", reservation_id=stock.reserve(4), qty=1)
    assert movement_by_day(0, 0, item_id()) == [(10 * ONE, 0)]


def test_split_is_no_movement(stock: Stock, set_day) -> None:
    lot = stock.lot("receive 10")
    split = stock.post("split", lot_id=lot, qty=3, lot_code="CHILD").operation.id
    assert movement_by_day(0, 0, item_id()) == [(10 * ONE, 0)]
    stock.post("reverse", operation_id=split)
    assert movement_by_day(0, 0, item_id()) == [(10 * ONE, 0)]


def test_reversal_is_subtracted_on_its_own_day(stock: Stock, set_day) -> None:
    lot = stock.lot("receive 10")
    issue = stock.post("issue", item="BOLT", lots=[part(lot, 4)]).operation.id
    set_day(1)
    stock.post("reverse", operation_id=issue)
    assert movement_by_day(0, 1, item_id()) == [(10 * ONE, 4 * ONE), (0, -4 * ONE)]


def test_day_begins_at_midnight_of_the_site_timezone(stock: Stock, set_day) -> None:
    clock.set_timezone(ZoneInfo("Asia/Kolkata"))  # UTC+5:30
    try:
        set_day(0, 18, 29)
        stock.lot("receive 10")
        set_day(0, 18, 30)
        stock.lot("receive 3")
        assert movement_by_day(0, 1, item_id()) == [(10 * ONE, 0), (3 * ONE, 0)]
    finally:
        clock.set_timezone(ZoneInfo("UTC"))


def test_turnover_is_issued_divided_by_mean_on_hand(stock: Stock, set_day) -> None:
    lot = stock.lot("receive 10")  # days 0 and 1: 10
    set_day(2)
    stock.post("issue", item="BOLT", lots=[part(lot, 4)])  # days 2 and 3: 6
    set_day(5)
    stock.post("issue", item="BOLT", lots=[part(lot, 1)])  # after the period
    (row,) = analytics.turnover(connection(), MONDAY, MONDAY + timedelta(days=3)).rows
    assert (row.issued, row.mean, row.on_hand) == (4 * ONE, 8 * ONE, 5 * ONE)
    assert row.rate == 0.5
    assert row.days == 5.0


def test_counts_and_returns_to_suppliers_are_no_use(stock: Stock, set_day) -> None:
    lot = stock.lot("receive 100", lot_code="L-1")
    stock.post("issue", item="BOLT", qty=30, reference="SO-1")
    stock.post("count", lot_id=lot, counted=16)  # 54 are missing
    stock.post("scrap", lot_id=lot, qty=1, reason="bent")
    back = {"item": "BOLT", "lot_code": "L-1", "qty": 5, "reference": "SO-1", "reason": "spare"}
    returned = stock.post("return_from_customer", **back).operation.id
    (row,) = analytics.turnover(connection(), MONDAY, MONDAY).rows
    assert (row.issued, row.other, row.on_hand) == (25 * ONE, -55 * ONE, 20 * ONE)
    db.session.rollback()
    stock.post("reverse", operation_id=returned)
    (row,) = analytics.turnover(connection(), MONDAY, MONDAY).rows
    assert (row.issued, row.other) == (30 * ONE, -55 * ONE)


def test_item_without_issues_has_no_days_of_supply(stock: Stock, set_day) -> None:
    stock.item("NUT")
    stock.lot("receive 10")
    bolt, nut = analytics.turnover(connection(), MONDAY, MONDAY).rows
    assert (bolt.rate, bolt.days) == (0, None)
    assert (nut.rate, nut.days, nut.mean) == (None, None, 0)


def test_age_of_stock_counts_from_its_receipt(stock: Stock, set_day) -> None:
    stock.lot("receive 1")
    set_day(40)
    stock.lot("receive 2, issue 2")
    stock.lot("receive 4")
    set_day(69)
    stock.lot("receive 8", item=stock.item("OIL", unit="l"))
    today = clock.today()
    assert analytics.ageing(connection(), today) == [
        Age("l", 30, 1, 8 * ONE), Age("pcs", 30, 1, 4 * ONE), Age("pcs", 90, 1, 1 * ONE),
    ]  # fmt: skip
    assert analytics.ageing(connection(), today + timedelta(days=1), item_id=item_id()) == [
        Age("pcs", 90, 2, 5 * ONE)
    ]
    assert analytics.ageing(connection(), today + timedelta(days=999))[-1].up_to is None


def test_expiring_stock_is_listed_by_day_expired_first(stock: Stock, set_day) -> None:
    stock.lot("receive 3", expires_on=in_days(-1))
    stock.lot("receive 5, reserve 2 JOB", expires_on=in_days(6))
    stock.lot("receive 1", expires_on=in_days(0))
    stock.lot("receive 4", expires_on=in_days(6))
    stock.lot("receive 7", expires_on=in_days(7))
    stock.lot("receive 9", expires_on=in_days(12 * 7))
    stock.lot("receive 9")
    stock.lot("receive 4, issue 4", expires_on=in_days(1))
    assert analytics.expiring(connection(), clock.today()) == [
        Expiry(in_days(-1), "pcs", 1, 3 * ONE, 0),
        Expiry(in_days(0), "pcs", 1, 1 * ONE, 0),
        Expiry(in_days(6), "pcs", 2, 9 * ONE, 2 * ONE),
        Expiry(in_days(7), "pcs", 1, 7 * ONE, 0),
    ]


def test_movement_includes_days_without_entries(stock: Stock, set_day) -> None:
    stock.item()
    assert analytics.movement(connection(), MONDAY, MONDAY) == [Movement(MONDAY)]
