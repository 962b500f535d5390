"""Figures over the whole warehouse: worked out anew when something was written, only then."""

from __future__ import annotations

from datetime import timedelta

import pytest

from inventory import catalog
from inventory.common import clock
from inventory.db import connection, db
from inventory.reports import overview
from tests.support.stock_builder import Stock, in_days, key


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How often the sums were worked out."""
    counted: list[int] = []
    work_out = overview._totals_by_unit

    def count(*args):
        counted.append(1)
        return work_out(*args)

    monkeypatch.setattr(overview, "_totals_by_unit", count)
    return counted


def totals(days: int = 0):
    db.session.remove()  # as between two requests
    return overview.totals_by_unit(connection(), clock.today() + timedelta(days=days))


def test_nothing_written_nothing_worked_out(
    stock: Stock, reads: list[int], database_kind: str
) -> None:
    stock.lot("receive 10")
    # Again and again: a server of PostgreSQL that others write to moves on in between.
    seen = [totals() for _ in range(50)]
    assert all(one == seen[0] for one in seen)
    assert len(reads) == 1 if database_kind == "sqlite" else len(reads) < 50


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
def test_each_write_is_seen_at_once(stock: Stock, reads: list[int], write) -> None:
    lot = stock.lot("receive 10")
    before = totals()
    write(stock, lot)
    assert totals() != before
    assert len(reads) == 2


def test_another_day_is_another_figure(stock: Stock, reads: list[int]) -> None:
    stock.lot("receive 10", expires_on=in_days(0))
    assert totals()["pcs"].on_hold == 0
    assert totals(1)["pcs"].on_hold == 10 * 10**6
    assert totals()["pcs"].on_hold == 0
