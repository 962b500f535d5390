from datetime import UTC, datetime, timedelta

import pytest

from inventory.common import clock
from inventory.common.errors import NotFound
from inventory.db import connection
from inventory.stock import queries as stock_queries
from inventory.stock.entities import totals
from tests.support.stock_builder import Stock, in_days, part


def test_item_totals_are_the_sums_of_its_lots(stock: Stock) -> None:
    stock.lot("receive 10, reserve 4")
    stock.lot("receive 7, quarantine")
    stock.lot("receive 5", expires_on=in_days(-1))
    stock.lot("receive 3, issue 3")
    item = stock_queries.get_item(connection(), "BOLT")
    sums = totals(stock_queries.get_lots_of_items(connection(), [item.id]), clock.today())
    unit = 10**6
    assert (sums.on_hand, sums.reserved, sums.available) == (22 * unit, 4 * unit, 18 * unit)
    assert (sums.on_hold, sums.free) == (12 * unit, 6 * unit)


def test_lot_has_its_total_received_and_issued(stock: Stock) -> None:
    lot = stock.get_lot(stock.lot("receive 10, issue 4, receive 2"))
    assert (lot.received // 10**6, lot.issued // 10**6) == (12, 4)


def test_stock_at_a_past_time_comes_from_the_ledger(stock: Stock) -> None:
    lot = stock.lot("receive 10", lot_code="L")
    item = stock_queries.get_item(connection(), "BOLT")
    between = clock.now()
    stock.post("issue", item="BOLT", lots=[part(lot, 4)])
    stock.lot("receive 5")

    def on_hand(at: datetime) -> list[int]:
        return [
            lot.on_hand // 10**6
            for lot in stock_queries.get_lots_of_items(connection(), [item.id], at=at)
        ]

    assert on_hand(between) == [10]
    assert on_hand(clock.now()) == [6, 5]
    assert on_hand(between - timedelta(days=1)) == []


def test_qc_status_at_a_past_time_is_the_latest_decision_before_it(stock: Stock) -> None:
    lot = stock.lot("receive 10")
    item = stock_queries.get_item(connection(), "BOLT")
    times = [clock.now()]
    for status in ("QUARANTINE", "REJECTED", "QUARANTINE", "APPROVED"):
        stock.post("decide_qc", lot_id=lot, status=status, reason="check")
        times.append(clock.now())
    found = [
        stock_queries.get_lots_of_items(connection(), [item.id], at=at)[0].qc_status for at in times
    ]
    assert found == ["APPROVED", "QUARANTINE", "REJECTED", "QUARANTINE", "APPROVED"]


def test_lot_timestamps_never_decrease_when_the_clock_goes_back(
    stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    lot = stock.lot("receive 10")
    first = stock.get_lot(lot).last_at
    monkeypatch.setattr(clock, "now", lambda: datetime(2020, 1, 1, tzinfo=UTC))
    stock.post("issue", item="BOLT", lots=[part(lot, 4)])
    assert stock.get_lot(lot).last_at == first


def test_unknown_item_lot_reservation_or_operation_is_not_found(stock: Stock) -> None:
    for code in ("NIX", "a\0b", "x" * 500):
        with pytest.raises(NotFound, match="There is no item"):
            stock_queries.get_item(connection(), code)
    for read in (stock_queries.get_lot, stock_queries.get_reservation, stock_queries.get_operation):
        for unknown in (4711, 2**63, 10**400, -1):
            with pytest.raises(NotFound, match=f"(number|ID) {unknown}"):
                read(connection(), unknown)


def test_a_read_after_a_write_sees_it_in_the_same_request(stock: Stock) -> None:
    lot = stock.lot("receive 10")
    assert stock_queries.get_lot(connection(), lot).on_hand == 10_000_000
    stock.post("issue", item="BOLT", lots=[part(lot, 4)])
    assert stock_queries.get_lot(connection(), lot).on_hand == 6_000_000
