"""Demo data: created through the ledger, verified, with every kind of data."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from flask import Flask

from inventory import create_app, demo
from inventory.accounts import users
from inventory.common import clock
from inventory.common.errors import InvalidInput
from inventory.config import Config
from inventory.db import connection, db, snapshot
from inventory.stock import queries as stock
from inventory.stock import statements
from inventory.verification import verify
from tests.support.databases import Databases

SMALL = 0.06
#: A Wednesday afternoon and a Sunday shortly after midnight, in the time zone of the site.
TIMES = [datetime(2026, 3, 18, 14, 5, tzinfo=UTC), datetime(2026, 5, 3, 0, 20, tzinfo=UTC)]


@pytest.mark.parametrize("time", TIMES, ids=["afternoon", "midnight"])
def test_demo_has_every_kind_of_data_and_verifies(app: Flask, time: datetime) -> None:
    with app.app_context(), clock.frozen_at(time):
        counts = demo.load(scale=SMALL)
        with snapshot() as reader:
            assert verify(reader).findings == []
        conn, today = connection(), clock.today()
        kinds = set(conn.execute(sa.select(statements.operations.c.kind).distinct()).scalars())
        assert kinds >= {"RECEIPT", "QC", "RESERVATION", "ISSUE", "COUNT", "REVERSAL"}
        ids = list(conn.execute(sa.select(statements.items.c.id)).scalars())
        lots = [lot for lot in stock.get_lots_of_items(conn, ids) if lot.on_hand]
        assert counts["items"] == len(ids) > 40
        assert len(lots) > len(ids)
        assert {"QUARANTINE", "EXPIRED", None} <= {lot.hold_reason(today) for lot in lots}
        assert stock.open_reservation_ids(conn)


def test_demo_timestamps_increase_and_end_before_now(app: Flask) -> None:
    with app.app_context(), clock.frozen_at(TIMES[1]):
        demo.load(scale=SMALL, days=6)
        rows = connection().execute(
            sa.select(statements.ledger.c.lot_id, statements.ledger.c.timestamp).order_by(
                statements.ledger.c.lot_id, statements.ledger.c.lot_seq
            )
        )
        latest: dict[int, datetime] = {}
        for lot_id, timestamp in rows:
            assert latest.get(lot_id, timestamp) <= timestamp < TIMES[1]
            latest[lot_id] = timestamp


def test_demo_user_is_disabled(app: Flask) -> None:
    with app.app_context():
        demo.load(scale=SMALL, days=1)
        user = users.find_account(name="demo")
        assert user is not None
        assert user.disabled_at is not None


def test_demo_is_the_same_for_the_same_time(config: Config, test_databases: Databases) -> None:
    assert _demo_entries(config, test_databases) == _demo_entries(config, test_databases)


def _demo_entries(config: Config, test_databases: Databases) -> list[tuple[object, ...]]:
    """Load the demo into a new database and return its ledger entries."""
    url = test_databases.fresh()
    app = create_app(dataclasses.replace(config, database_url=url))
    columns = ("lot_id", "lot_seq", "txn_type", "qty", "timestamp")
    chosen = sa.select(*(statements.ledger.c[name] for name in columns)).order_by(
        statements.ledger.c.id
    )
    try:
        with app.app_context(), clock.frozen_at(TIMES[0]):
            demo.load(scale=SMALL, days=3)
            rows = [tuple(row) for row in connection().execute(chosen)]
            db.session.remove()
            db.engine.dispose()
            return rows
    finally:
        test_databases.drop(url)


def test_demo_is_refused_if_items_exist(app: Flask) -> None:
    with app.app_context():
        demo.load(scale=SMALL, days=1)
        with pytest.raises(InvalidInput, match="empty database") as refused:
            demo.load(scale=SMALL, days=1)
    assert refused.value.field == "items"
