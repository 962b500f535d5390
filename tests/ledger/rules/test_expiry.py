"""Expired reservations are unreserved by the next write to their lots."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from inventory import ledger
from inventory.accounts import users
from inventory.common import clock
from inventory.common.errors import InsufficientStock, InvalidInput, OverIssue
from inventory.db import connection, db
from inventory.models import User
from inventory.stock.balance_filters import open_lines
from inventory.stock.statements import EXPIRED_OF as expired_statement
from inventory.stock.statements import operations
from tests.support.race_processes import race
from tests.support.stock_builder import Stock, entry_lines, part

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
SOON, LATER = NOW + timedelta(hours=1), NOW + timedelta(hours=2)


@pytest.fixture
def lot(stock: Stock) -> int:
    """10 pieces, 4 of them reserved until SOON."""
    with clock.frozen_at(NOW):
        lot = stock.lot("receive 10", lot_code="L-1")
        stock.reserve(4, reference="JOB-1", expires_at=SOON)
    return lot


def kinds(stock: Stock) -> list[str]:
    db.session.rollback()
    chosen = sa.select(operations.c.kind).order_by(operations.c.id)
    return list(connection().execute(chosen).scalars())


def latest_reservation_id(stock: Stock) -> int:
    return connection().execute(sa.select(sa.func.max(open_lines.c.reservation_id))).scalar_one()


# --- expiry by writes -----------------------------------------------------------------------------


def test_reservation_is_open_until_it_expires(stock: Stock, lot: int) -> None:
    with clock.frozen_at(SOON - timedelta(microseconds=1)):
        stock.refused("INSUFFICIENT_STOCK", "reserve", item="BOLT", qty=7, reference="JOB-2")
        assert ledger.expire_reservations() == 0


@pytest.mark.parametrize("named", [True, False])
def test_write_on_a_lot_unreserves_its_expired_reservations_first(
    stock: Stock, lot: int, named: bool
) -> None:
    with clock.frozen_at(SOON):
        posting = stock.post(
            "reserve", item="BOLT", qty=10, reference="JOB-2",
            lots=[part(lot, 10)] if named else None,
        )  # fmt: skip
    assert entry_lines(posting) == ["RESERVE 10 of L-1: 10/10"]  # no entry of the expiry
    assert [r["reference"] for r in posting.details[0]["reservations"]] == ["JOB-2"]
    assert kinds(stock)[-2:] == ["EXPIRY", "RESERVATION"]
    entry = [(e.txn_type, e.kind, e.reference, e.user_name) for e in stock.history(lot)][-2]
    assert entry == ("UNRESERVE", "EXPIRY", "JOB-1", "Inventory")


@pytest.mark.parametrize(
    ("verb", "fields"),
    [
        ("issue", {"item": "BOLT", "qty": 10}),
        ("scrap", {"qty": 10, "reason": "rust"}),
        ("count", {"counted": 0}),
        ("split", {"qty": 10, "lot_code": "L-2"}),
        ("decide_qc", {"status": "REJECTED", "reason": "rust"}),
    ],
)
def test_every_operation_can_use_stock_of_an_expired_reservation(
    stock: Stock, lot: int, verb: str, fields: dict[str, Any]
) -> None:
    named = {} if verb == "issue" else {"lot_id": lot}
    with clock.frozen_at(SOON):
        stock.post(verb, **named, **fields)
    assert "EXPIRY" in kinds(stock)
    assert stock.get_lot(lot).reserved == 0


def test_issued_part_of_an_expired_reservation_stays_issued(stock: Stock, lot: int) -> None:
    reservation = latest_reservation_id(stock)
    with clock.frozen_at(NOW):
        stock.post("issue", reservation_id=reservation, qty=3)
    with clock.frozen_at(SOON):
        assert ledger.expire_reservations() == 1
    assert stock.reservation_figures(reservation) == "4 reserved: 0 open, 3 issued, 1 unreserved"


def test_expired_reservation_is_unreserved_in_all_its_lots(stock: Stock, lot: int) -> None:
    with clock.frozen_at(NOW):
        other = stock.lot("receive 10", lot_code="L-2")
        stock.reserve(16, reference="JOB-2", expires_at=SOON)
    assert stock.get_lot(other).reserved
    with clock.frozen_at(SOON):
        stock.post("scrap", lot_id=lot, qty=1, reason="rust")
    assert (stock.get_lot(lot).reserved, stock.get_lot(other).reserved) == (0, 0)
    assert kinds(stock)[-3:] == ["EXPIRY", "EXPIRY", "SCRAP"]


@pytest.mark.parametrize("item", ["NUT", "BOLT"])
def test_write_does_not_expire_reservations_of_other_lots(
    stock: Stock, lot: int, item: str
) -> None:
    other = stock.lot("receive 5", item=item)
    stock.reserve(1, item=item, lot=other)
    with clock.frozen_at(SOON):
        stock.post("scrap", lot_id=other, qty=1, reason="rust")
    assert stock.get_lot(lot).reserved
    assert "EXPIRY" not in kinds(stock)


def test_refusal_posts_the_expiry_it_counts_on(stock: Stock, lot: int) -> None:
    fields = {"item": "BOLT", "qty": 11, "reference": "JOB-2", "key": "one-key"}
    with clock.frozen_at(SOON), pytest.raises(InsufficientStock) as caught:
        stock.post("reserve", **fields)
    assert caught.value.figures["free"] == "10"
    assert kinds(stock)[-1] == "EXPIRY"
    assert stock.figures(lot) == "10 on hand, 0 reserved, 10 available"
    with clock.frozen_at(SOON):
        assert stock.refused("INSUFFICIENT_STOCK", "reserve", **fields).replayed


def test_a_malformed_request_posts_no_expiry(stock: Stock, lot: int) -> None:
    with clock.frozen_at(SOON):
        stock.refused("INVALID_QTY", "reserve", item="BOLT", qty="-1", reference="JOB-2")
        fields = {"item": "BOLT", "qty": 11, "reference": "JOB-2"}
        stock.refused("INSUFFICIENT_STOCK", "reserve", **fields, dry_run=True)
    assert "EXPIRY" not in kinds(stock)


def test_replay_and_dry_run_post_no_expiry(stock: Stock, lot: int) -> None:
    fields = {"lot_id": lot, "qty": 1, "reason": "rust", "key": "one-key"}
    with clock.frozen_at(NOW):
        stock.post("scrap", **fields)
    before = stock.entries()
    with clock.frozen_at(SOON):
        assert stock.post("scrap", **fields).replayed
        stock.post("scrap", lot_id=lot, qty=7, reason="rust", dry_run=True)
    assert stock.entries() == before


# --- operations on expired reservations -----------------------------------------------------------


def test_an_expired_reservation_cannot_be_issued(stock: Stock, lot: int) -> None:
    reservation = latest_reservation_id(stock)
    with clock.frozen_at(SOON), pytest.raises(OverIssue) as caught:
        stock.post("issue", reservation_id=reservation, qty=4)
    assert "has expired. Reserve again" in caught.value.detail
    assert caught.value.figures["open"] == "0"
    assert stock.reservation(reservation).open == 0


def test_unreserving_an_expired_reservation_is_an_unreservation(stock: Stock, lot: int) -> None:
    with clock.frozen_at(SOON):
        stock.post("unreserve", reservation_id=latest_reservation_id(stock), qty=1)
    assert kinds(stock)[-1] == "UNRESERVATION"
    assert "EXPIRY" not in kinds(stock)
    assert stock.get_lot(lot).reserved == 3_000_000


def test_expired_reservation_can_still_be_reversed(stock: Stock, lot: int) -> None:
    reservation = connection().execute(sa.select(sa.func.max(operations.c.id))).scalar_one()
    with clock.frozen_at(SOON):
        stock.post("reverse", operation_id=reservation)
    assert kinds(stock)[-1] == "REVERSAL"
    assert "EXPIRY" not in kinds(stock)


def test_batch_posts_each_expiry_once(stock: Stock, lot: int) -> None:
    scraps = [ledger.RemoveStock(lot_id=lot, qty=5, reason="rust") for _ in range(2)]
    with clock.frozen_at(SOON):
        posting = ledger.post(scraps, user_id=stock.user_id, key="a-batch")
        again = ledger.post(scraps, user_id=stock.user_id, key="a-batch")
    assert [operation.kind for operation in posting.operations] == ["SCRAP", "SCRAP"]
    assert [operation.id for operation in again.operations] == [
        operation.id for operation in posting.operations
    ]
    assert kinds(stock).count("EXPIRY") == 1


# --- expire_reservations --------------------------------------------------------------------------


def test_expire_reservations_unreserves_all_expired(stock: Stock, lot: int) -> None:
    with clock.frozen_at(NOW):
        for number in range(5):
            stock.reserve(1, reference=f"JOB-2{number}", expires_at=SOON)
        stock.reserve(1, reference="JOB-3", expires_at=LATER)
    with clock.frozen_at(SOON):
        assert ledger.expire_reservations(limit=2) == 6
        assert ledger.expire_reservations() == 0
    assert stock.figures(lot) == "10 on hand, 1 reserved, 9 available"
    with clock.frozen_at(LATER):
        assert ledger.expire_reservations() == 1


def test_reservation_in_a_stale_balance_table_expires_only_once(stock: Stock, lot: int) -> None:
    with clock.frozen_at(SOON):
        assert ledger.expire_reservations() == 1
    line = {"reservation_id": 1, "lot_id": lot, "item_id": 1, "open": 4_000_000}
    with db.engine.connect().execution_options(write=True) as conn, conn.begin():
        conn.execute(sa.insert(open_lines).values(**line, expires_at=SOON))
    before = stock.entries()
    with clock.frozen_at(LATER):
        assert ledger.expire_reservations() == 0
    assert stock.entries() == before
    with db.engine.connect().execution_options(write=True) as conn, conn.begin():
        conn.execute(sa.delete(open_lines))


def test_concurrent_writes_expire_each_reservation_once(app: Flask, stock: Stock) -> None:
    with clock.frozen_at(NOW):
        lots = [stock.lot("receive 16", lot_code=code) for code in ("L-1", "L-2")]
        for number in range(8):
            stock.reserve(4, reference=f"JOB-{number}", expires_at=SOON)

    def work(number: int) -> object:
        with clock.frozen_at(SOON):
            if number % 4 == 3:
                return ledger.expire_reservations()
            chosen = [part(lots[number % 2], 1)] if number % 4 else None
            return stock.post("issue", item="BOLT", qty=1, lots=chosen)

    outcomes = race(app, 12, work)
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    assert kinds(stock).count("EXPIRY") == 8
    assert kinds(stock).count("ISSUE") == 9
    left = [stock.get_lot(lot) for lot in lots]
    assert sum(lot.on_hand for lot in left) == 23_000_000
    assert sum(lot.reserved for lot in left) == 0


# --- the system account ---------------------------------------------------------------------------


def test_system_account_cannot_be_listed_enabled_or_created(stock: Stock, lot: int) -> None:
    with clock.frozen_at(SOON):
        ledger.expire_reservations()
    db.session.rollback()
    system = connection().execute(sa.select(User.id).where(User.name_key == "SYSTEM")).scalar_one()
    assert system not in [account.id for account in users.list_accounts()]
    with pytest.raises(Exception, match="no such user"):
        users.enable(user_id=system)
    for name in ("SYSTEM", "system", "Ｓystem"):
        assert users.find_account(name=name) is None
        with pytest.raises(InvalidInput):
            users.create_user(name=name, password="a quiet warehouse", role="viewer")


@pytest.mark.only("sqlite")
def test_expired_reservations_are_found_by_an_index(stock: Stock) -> None:
    asked = {"now": NOW, "ids": [1]}
    statement = expired_statement.params(**asked).compile(
        db.engine, compile_kwargs={"literal_binds": True}
    )
    plan = connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}").all()
    assert [row.detail.split("INDEX ")[1].split()[0] for row in plan] == [
        "ix_open_lines_expires_at"
    ]
