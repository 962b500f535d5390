"""Writers of different items never wait for each other: no table or row is everybody's."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from inventory import catalog
from inventory.idempotency import store
from inventory.webhooks import endpoints
from tests.support.stock_builder import Stock, key, part

pytestmark = pytest.mark.only("postgresql")


def test_a_write_that_is_not_committed_holds_up_nobody_elsewhere(
    stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One write of BOLT stands still with all its rows inserted; everything goes on with NUT, of
    the same user: receipts, promises, issues, decisions, splits, counts, items, announcements."""
    from flask import current_app

    app = current_app._get_current_object()  # type: ignore[attr-defined]
    endpoints.add_endpoint(url="http://127.0.0.1:9/", key="k", user_id=stock.user_id)
    for item in ("BOLT", "NUT"):
        stock.item(item, reorder_point="5")
    bolts, nuts = stock.lot("receive 20"), stock.lot("receive 20", item="NUT")
    inserted, go_on = threading.Event(), threading.Event()
    remember = store.store_outcome

    def stand_still(*args: Any, **fields: Any) -> None:
        remember(*args, **fields)
        if fields["key"] == "held":
            inserted.set()
            go_on.wait(30)

    monkeypatch.setattr(store, "store_outcome", stand_still)

    def hold() -> None:
        with app.app_context():
            stock.post("issue", item="BOLT", lots=[part(bolts, 18)], key="held")

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert inserted.wait(30)
        stock.post("issue", item="NUT", qty=17, reference="JOB")
        stock.post("split", lot_id=nuts, qty=1, lot_code="N-2")
        promised = stock.reserve(1, item="NUT")
        stock.post("issue", reservation_id=promised)
        stock.post("count", lot_id=nuts, counted=9)
        stock.post("hold", lot_id=nuts, reason="glass")
        stock.lot("receive 3", item="NUT")
        catalog.create_item(user_id=stock.user_id, key=key(), code="NEW", name="New")
        assert holder.is_alive()
        assert stock.figures(bolts) == "20 on hand, 0 reserved, 20 available"
    finally:
        go_on.set()
        holder.join()
    assert stock.figures(bolts) == "2 on hand, 0 reserved, 2 available"
