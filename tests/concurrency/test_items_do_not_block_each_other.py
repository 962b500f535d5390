"""Writes of different items never wait for each other: they share no row or table lock."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from inventory import catalog
from inventory.idempotency import store
from inventory.webhooks import endpoints
from tests.support.stock_builder import Stock, key, part

pytestmark = pytest.mark.only("postgresql")


def test_uncommitted_write_does_not_block_writes_of_other_items(
    stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every kind of write of NUT works while a write of BOLT waits before its commit.

    Both writes are by the same user. Low-stock events are written too.
    """
    from flask import current_app

    app = current_app._get_current_object()  # type: ignore[attr-defined]
    endpoints.add_endpoint(url="http://127.0.0.1:9/", key="k", user_id=stock.user_id)
    for item in ("BOLT", "NUT"):
        stock.item(item, reorder_point="5")
    bolts, nuts = stock.lot("receive 20"), stock.lot("receive 20", item="NUT")
    inserted, may_commit = threading.Event(), threading.Event()
    store_outcome = store.store_outcome

    def store_and_wait(*args: Any, **fields: Any) -> None:
        store_outcome(*args, **fields)
        if fields["key"] == "held":
            inserted.set()
            may_commit.wait(30)

    monkeypatch.setattr(store, "store_outcome", store_and_wait)

    def issue_bolts() -> None:
        with app.app_context():
            stock.post("issue", item="BOLT", lots=[part(bolts, 18)], key="held")

    holder = threading.Thread(target=issue_bolts)
    holder.start()
    try:
        assert inserted.wait(30)
        stock.post("issue", item="NUT", qty=17, reference="JOB")
        stock.post("split", lot_id=nuts, qty=1, lot_code="N-2")
        reservation = stock.reserve(1, item="NUT")
        stock.post("issue", reservation_id=reservation)
        stock.post("count", lot_id=nuts, counted=9)
        stock.post("hold", lot_id=nuts, reason="glass")
        stock.lot("receive 3", item="NUT")
        catalog.create_item(user_id=stock.user_id, key=key(), code="NEW", name="New")
        assert holder.is_alive()
        assert stock.figures(bolts) == "20 on hand, 0 reserved, 20 available"
    finally:
        may_commit.set()
        holder.join()
    assert stock.figures(bolts) == "2 on hand, 0 reserved, 2 available"
