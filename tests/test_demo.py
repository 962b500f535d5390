"""The demo is a real warehouse: made by the ledger, clean, with something of everything."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask

from inventory import accounts, clock, demo, stock
from inventory.db import connection, snapshot
from inventory.errors import InvalidInput
from inventory.verification import verify


@pytest.mark.parametrize("scale", [0.1])
def test_the_demo_has_something_of_everything_and_verifies(app: Flask, scale: float) -> None:
    with app.app_context():
        counts = demo.load(scale=scale)
        assert counts["lots"] > 60
        with snapshot() as reader:
            assert verify(reader).findings == []
        kinds = set(connection().execute(sa.select(stock.operations.c.kind).distinct()).scalars())
        assert kinds >= {
            "RECEIPT", "QC", "RESERVATION", "UNRESERVATION", "ISSUE", "SCRAP", "COUNT", "SPLIT",
            "SUPPLIER_RETURN", "CUSTOMER_RETURN",
        }  # fmt: skip
        last = connection().execute(sa.select(sa.func.max(stock.ledger.c.timestamp))).scalar_one()
        assert last <= clock.now()
        user = accounts.find_account(name="demo")
        assert user is not None
        assert user.disabled_at is not None


def test_the_demo_is_refused_where_there_are_items(app: Flask) -> None:
    with app.app_context():
        demo.load(scale=0.05, days=2)
        with pytest.raises(InvalidInput, match="empty database"):
            demo.load(scale=0.05, days=2)
