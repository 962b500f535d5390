from datetime import timedelta

from inventory.common import clock
from inventory.common.quantity import ONE
from inventory.db import connection
from inventory.stock import history


def test_history_has_the_ledger_totals_at_the_end_of_each_day(stock, monkeypatch):
    now = clock.now()

    def days_ago(days, script_step):
        monkeypatch.setattr(clock, "now", lambda: now - timedelta(days=days))
        return script_step()

    lot = days_ago(4, lambda: stock.lot("receive 10, reserve 6 JOB-1"))
    days_ago(2, lambda: stock.post("issue", reservation_id=1, qty="5"))
    monkeypatch.setattr(clock, "now", lambda: now)
    stock.post("scrap", lot_id=lot, qty="1", reason="broken")
    days = history.days_of(connection(), 1, now.date(), days=6)
    assert [(day.on_hand // ONE, day.reserved // ONE) for day in days] == [
        (0, 0), (10, 6), (10, 6), (5, 1), (5, 1), (4, 1),
    ]  # fmt: skip
