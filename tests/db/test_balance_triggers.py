"""Balance tables: equal to the ledger after every write, and read through an index."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from inventory import catalog, ledger
from inventory.common import clock
from inventory.common.errors import InvalidQty
from inventory.common.quantity import ONE
from inventory.db import balance_triggers, connection, db, snapshot
from inventory.ledger import Receive
from inventory.queries import (
    entries,
    items,
    list_entries,
    list_items,
    list_lots,
    list_reservations,
    lots,
)
from inventory.queries import reservations as listed_reservations
from inventory.reports import analytics
from inventory.stock.balance_filters import item_balances
from inventory.stock.entities import StockTotals
from inventory.stock.queries import get_item
from inventory.verification import verify
from tests.support.stock_builder import Stock, in_days, key, part
from tests.support.warehouse_totals import totals_by_unit

THEN = datetime(2026, 1, 1, tzinfo=UTC)


def pcs_totals(stock: Stock) -> StockTotals:
    db.session.rollback()
    return totals_by_unit(connection(), clock.today()).get("pcs", StockTotals())


def expected_totals(on_hand: int, reserved: int, on_hold: int) -> StockTotals:
    return StockTotals(on_hand * ONE, reserved * ONE, on_hold * ONE)


def test_totals_follow_every_operation(stock: Stock) -> None:
    lot = stock.lot("receive 10, reserve 4")
    assert pcs_totals(stock) == expected_totals(10, 4, 0)
    stock.post("decide_qc", lot_id=lot, status="QUARANTINE", reason="x")
    assert pcs_totals(stock) == expected_totals(10, 4, 6)
    stock.post("decide_qc", lot_id=lot, status="REJECTED", reason="x")
    stock.post("scrap", lot_id=lot, qty=2, reason="x")
    assert pcs_totals(stock) == expected_totals(8, 4, 4)
    stock.post("decide_qc", lot_id=lot, status="QUARANTINE", reason="x")
    stock.post("decide_qc", lot_id=lot, status="APPROVED", reason="x")
    assert pcs_totals(stock) == expected_totals(8, 4, 0)


def test_decision_that_moves_reservations_changes_totals_once(stock: Stock) -> None:
    first, _ = stock.lot("receive 10, reserve 4"), stock.lot("receive 5")
    fields = {"status": "QUARANTINE", "reason": "x", "on_reservations": "reallocate"}
    stock.post("decide_qc", lot_id=first, **fields)
    assert pcs_totals(stock) == expected_totals(15, 4, 10)


def test_expired_stock_is_on_hold_from_the_day_after_expiry(stock: Stock) -> None:
    lot = stock.lot("receive 10, reserve 4", expires_on=in_days(1))
    at = {day: totals_by_unit(connection(), in_days(day))["pcs"].on_hold for day in (1, 2)}
    assert at == {1: 0, 2: 6 * ONE}
    db.session.rollback()
    catalog.update_lot(lot_id=lot, expires_on=None, user_id=stock.user_id, key=key())
    assert totals_by_unit(connection(), in_days(2))["pcs"] == expected_totals(10, 4, 0)


def test_stock_of_an_item_is_limited_so_that_sums_fit_into_64_bits(stock: Stock) -> None:
    stock.item(decimals=6, reorder_point=10**12)
    for _ in range(9):
        stock.lot(f"receive {10**12}")
    refusal = stock.refused("INVALID_QTY", "receive", item="BOLT", lot_code="L-X", qty="0.000001")
    assert refusal.figures["field"] == "qty"
    assert "9000000000000" in refusal.detail
    stock.refused("INVALID_QTY", "receive", item="BOLT", lot_code="L-X", qty=10**12)
    assert pcs_totals(stock).on_hand == 9 * 10**12 * ONE
    with snapshot() as reader:
        assert verify(reader).findings == []


def test_batch_far_above_the_limit_of_an_item_is_refused_as_a_whole(stock: Stock) -> None:
    stock.item()
    commands = [Receive(item="BOLT", lot_code=f"L-{n}", qty=10**12) for n in range(20)]
    with pytest.raises(InvalidQty):
        ledger.post(commands, user_id=stock.user_id, key=key())
    assert not stock.entries()


def test_totals_over_all_items_are_exact_beyond_64_bits(stock: Stock) -> None:
    for name in ("SAND", "SALT", "BOLT"):
        stock.item(name, decimals=6)
        for _ in range(8):
            stock.lot(f"receive {10**12}", item=name, expires_on=in_days(0))
        stock.lot("receive 0.000001, reserve 0.000001", item=name)
    totals = pcs_totals(stock)
    assert (totals.on_hand, totals.reserved) == (24 * 10**18 + 3, 3)
    assert sum(age.qty for age in analytics.ageing(connection(), in_days(0))) == 24 * 10**18 + 3
    assert totals_by_unit(connection(), in_days(1))["pcs"].on_hold == 24 * 10**18
    today = in_days(0)
    for _ in range(3):  # more in a day than an item can have at once
        lot = stock.lot(f"receive {5 * 10**11}", item="SAND")
        stock.post("issue", item="SAND", lots=[part(lot, 5 * 10**11)])
    sand = get_item(connection(), "SAND")
    [moved] = analytics.movement(connection(), today, today, item_id=sand.id)
    assert (moved.received, moved.issued) == (9_500_000 * 10**12 + 1, 1_500_000 * 10**12)


@pytest.mark.parametrize(
    ("script", "is_low"),
    [("receive 5.000001", False), ("receive 5", True), ("receive 6, reserve 1", True),
     ("receive 9.5, reserve 4.499999", False), ("receive 4.999999", True)],
)  # fmt: skip
def test_item_is_low_at_or_below_its_reorder_point(stock: Stock, script: str, is_low: bool) -> None:
    stock.item(decimals=6, reorder_point="5")
    stock.lot(script)
    assert bool(list_items(connection(), low_stock=True).rows) is is_low


def test_stock_on_hold_does_not_count_for_low_stock(stock: Stock) -> None:
    stock.item(reorder_point="5")
    stock.lot("receive 9, quarantine")
    stock.lot("receive 9", expires_on=in_days(-1))
    stock.lot("receive 5")
    assert list_items(connection(), low_stock=True).rows
    db.session.rollback()
    stock.lot("receive 1")
    assert not list_items(connection(), low_stock=True).rows


@pytest.mark.parametrize("table", ["lot_heads", "item_heads", "open_lines"])
def test_ledger_works_without_the_balance_tables(stock: Stock, table: str) -> None:
    lot = stock.lot("receive 10, reserve 4")
    with db.engine.connect().execution_options(write=True) as conn, conn.begin():
        conn.exec_driver_sql(f"DELETE FROM {table}")
    stock.refused("INSUFFICIENT_STOCK", "reserve", item="BOLT", qty=7, reference="J")
    stock.reserve(1)
    stock.post("issue", item="BOLT", lots=[part(lot, 2)])
    stock.post("decide_qc", lot_id=lot, status="QUARANTINE", reason="x")
    assert stock.figures(lot) == "8 on hand, 5 reserved, 3 available"
    with db.engine.connect().execution_options(write=True) as conn, conn.begin():
        balance_triggers.rebuild(conn)
    assert pcs_totals(stock) == expected_totals(8, 5, 3)


def test_verification_names_a_wrong_balance(stock: Stock) -> None:
    stock.lot("receive 10")
    with db.engine.connect().execution_options(write=True) as conn, conn.begin():
        conn.exec_driver_sql("UPDATE item_heads SET reserved = 1")
    with snapshot() as reader:
        assert [finding.table for finding in verify(reader).findings] == ["item_heads"]
    db.session.rollback()
    with db.engine.connect().execution_options(write=True) as conn, conn.begin():
        balance_triggers.rebuild(conn)


_SUMS = ", ".join(column.name for column in item_balances.c if column.name != "item_id")


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM item_heads",
        f"INSERT INTO item_heads (item_id, {_SUMS}) SELECT 1000, {_SUMS} FROM item_heads",
    ],
    ids=["missing", "extra"],
)
def test_missing_or_extra_balance_row_is_found(stock: Stock, damage: str) -> None:
    stock.lot("receive 10")
    with db.engine.connect().execution_options(write=True) as conn, conn.begin():
        conn.exec_driver_sql(damage)
    with snapshot() as reader:
        assert balance_triggers.differences(reader) == ["item_heads"]
    db.session.rollback()
    with db.engine.connect().execution_options(write=True) as conn, conn.begin():
        balance_triggers.rebuild(conn)


# --- query plans ----------------------------------------------------------------------------------


@pytest.fixture
def plans(stock: Stock, monkeypatch: pytest.MonkeyPatch):
    """Collects the query plan of each list instead of reading its rows."""
    stock.lot("receive 10, reserve 4")
    conn = connection()
    settings = ("enable_seqscan", "enable_sort") if conn.dialect.name == "postgresql" else ()
    for setting in settings:
        conn.exec_driver_sql(f"SET {setting} = off")
    found: list[str] = []

    def explain(conn: Any, chosen: Any, *rest: Any) -> Any:
        how = "EXPLAIN QUERY PLAN " if conn.dialect.name == "sqlite" else "EXPLAIN "
        sql = chosen.limit(51).compile(conn, compile_kwargs={"literal_binds": True})
        found.extend(str(tuple(row)) for row in conn.exec_driver_sql(how + str(sql)))

    for module in (entries, items, lots, listed_reservations):
        monkeypatch.setattr(module, "read_page", explain)
    yield found
    for setting in settings:
        conn.exec_driver_sql(f"RESET {setting}")


@pytest.mark.parametrize(
    ("read", "filters", "index"),
    [
        (list_lots, {"expiring_before": date(2030, 1, 1), "with_stock": True},
         "ix_lot_heads_expires_on"),
        (list_lots, {"qc_status": "QUARANTINE", "with_stock": True}, "ix_lot_heads_qc_status"),
        (list_reservations, {"at_risk": True}, "ix_open_lines_usable_until"),
        (list_items, {"low_stock": True}, "ix_lot_heads_item_id"),
        (list_entries, {"until": THEN}, "ix_inventory_ledger_timestamp"),
        (list_entries, {"user": "clerk"}, "ix_operations_user_id"),
        (list_entries, {"lot": 1, "until": THEN},
         "ix_inventory_ledger_lot_id_timestamp"),
    ],
)  # fmt: skip
def test_lists_use_their_index(
    plans: list[str], read: Any, filters: dict[str, Any], index: str
) -> None:
    read(connection(), **filters)
    assert any(index in line for line in plans), plans


@pytest.mark.only("sqlite")
@pytest.mark.parametrize(
    ("read", "filters"),
    [
        (list_lots, {"expiring_before": date(2030, 1, 1), "with_stock": True}),
        (list_lots, {"with_stock": True}),
        (list_reservations, {"open": True}),
        (list_entries, {}),
        (list_entries, {"since": THEN}),
        (list_entries, {"lot": 1, "since": THEN}),
    ],
)
def test_lists_are_ordered_without_sorting(
    plans: list[str], read: Any, filters: dict[str, Any]
) -> None:
    read(connection(), **filters)
    assert plans
    assert not [line for line in plans if "TEMP B-TREE" in line], plans
