"""What needs attention is cached, and counted again only after a write or on another day."""

from __future__ import annotations

from datetime import timedelta

import pytest

from inventory import catalog
from inventory.common import clock
from inventory.db import connection, db
from inventory.reports import overview
from tests.support.stock_builder import Stock, in_days, key


@pytest.fixture
def computations(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One element for each time that it is counted."""
    calls: list[int] = []
    compute = overview._attention

    def count(*args):
        calls.append(1)
        return compute(*args)

    monkeypatch.setattr(overview, "_attention", count)
    return calls


def attention(days: int = 0):
    db.session.remove()  # as between two requests
    today = clock.today() + timedelta(days=days)
    return overview.attention(connection(), today, expiring_before=today + timedelta(days=30))


def test_counts_are_cached_until_the_next_write(
    stock: Stock, computations: list[int], database_kind: str
) -> None:
    stock.lot("receive 10")
    # On PostgreSQL the write position also moves with writes to other databases.
    seen = [attention() for _ in range(50)]
    assert all(result == seen[0] for result in seen)
    assert len(computations) == 1 if database_kind == "sqlite" else len(computations) < 50


@pytest.mark.parametrize(
    "write",
    [
        lambda stock, lot: stock.post("scrap", lot_id=lot, qty=1, reason="bent"),
        lambda stock, lot: stock.post("decide_qc", lot_id=lot, status="REJECTED", reason="bent"),
        lambda stock, lot: stock.reserve(1),
        lambda stock, lot: catalog.update_lot(
            user_id=stock.user_id, key=key(), lot_id=lot, expires_on=in_days(-1)
        ),
    ],
    ids=["issue", "decision", "reservation", "expiry date"],
)
def test_counts_are_made_again_after_each_write(
    stock: Stock, computations: list[int], write
) -> None:
    lot = stock.lot("receive 10")
    attention()
    write(stock, lot)
    attention()
    assert len(computations) == 2


def test_counts_are_made_again_for_another_day(stock: Stock, computations: list[int]) -> None:
    stock.lot("receive 10", expires_on=in_days(0))
    assert attention().expired_lots == 0
    assert attention(1).expired_lots == 1
    assert attention().expired_lots == 0


def test_counts_stop_at_a_limit(stock: Stock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview, "MOST_COUNTED", 2)
    for _ in range(4):
        stock.lot("receive 10, quarantine")
    assert attention().lots_in_quarantine == 3
