"""Changes of ledger rows with raw SQL are refused by the database or found by `verify`."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask

from inventory.db import balance_triggers, db, snapshot, triggers
from inventory.stock.statements import ledger, reservations
from inventory.verification import digests, parallel, raw_rows, verify
from tests.support.stock_builder import Stock


@pytest.fixture
def full_ledger(app: Flask):
    """A ledger with every kind of operation. Unlike `stock`, it is not verified afterwards."""
    with app.app_context():
        stock = Stock()
        stock.lot("receive 20, reserve 5 J-1, issue 3, scrap 1", lot_code="L-1")
        stock.lot("receive 20, quarantine, approve, reserve 5 J-2", lot_code="L-2")
        lot = stock.lot("receive 9", lot_code="L-3")
        stock.post("count", lot_id=lot, counted=8)
        stock.post("issue", reservation_id=1, qty=2)
        done = stock.post("scrap", lot_id=lot, qty=1, reason="x")
        stock.post("reverse", operation_id=done.operation.id)
        yield stock
        db.session.remove()


def run_sql(*statements: str, unguarded: bool = True) -> None:
    """Run SQL directly; `unguarded` drops triggers and checks first, as a database owner can."""
    with db.engine.connect().execution_options(write=True) as conn:
        if conn.dialect.name == "sqlite" and unguarded:
            conn.connection.dbapi_connection.execute("PRAGMA foreign_keys=OFF")
            conn.connection.dbapi_connection.execute("PRAGMA ignore_check_constraints=ON")
        with conn.begin():
            if unguarded:
                drop_guards(conn)
            for statement in statements:
                conn.exec_driver_sql(statement)
        conn.invalidate()


def drop_guards(conn: sa.Connection) -> None:
    if conn.dialect.name == "sqlite":
        names = conn.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name NOT LIKE '%_ledger_%s'"
        ).scalars()
        for name in names.all():
            conn.exec_driver_sql(f"DROP TRIGGER {name}")
        return
    # Disables triggers and foreign keys.
    conn.exec_driver_sql("SET LOCAL session_replication_role = replica")
    for table in ("inventory_ledger", "qc_decisions", "operations", "inventory_lots"):
        checks = conn.exec_driver_sql(
            "SELECT conname FROM pg_constraint WHERE contype = 'c'"
            f" AND conrelid = '{table}'::regclass"
        ).scalars()
        for check in checks.all():
            conn.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {check}")


def findings() -> list[str]:
    with snapshot() as reader:
        return [str(finding) for finding in verify(reader).findings]


LAST = "(SELECT max(id) FROM inventory_ledger WHERE lot_id = 1)"

#: Statement, and how one of the first findings must start.
TAMPERINGS = [
    ("UPDATE inventory_ledger SET qty = qty + 1 WHERE id = 1", "inventory_ledger row 1 "),
    ("UPDATE inventory_ledger SET on_hand_after = on_hand_after + 1 WHERE id = 2",
     "inventory_ledger row 2 "),
    ("UPDATE inventory_ledger SET reserved_after = 0, reserved_before = 0 WHERE id = 2",
     "inventory_ledger row 2 "),
    ("UPDATE inventory_ledger SET received_after = 0 WHERE id = 1", "inventory_ledger row 1 "),
    ("UPDATE inventory_ledger SET txn_type = 'RECEIVE' WHERE id = 3", "inventory_ledger row 3 "),
    ("UPDATE inventory_ledger SET timestamp = '2020-01-01 00:00:00.000000' WHERE id = 3",
     "inventory_ledger row 3 "),
    ("UPDATE inventory_ledger SET lot_seq = 99 WHERE id = 3", "inventory_ledger row 4 "),
    ("UPDATE inventory_ledger SET item_id = 2 WHERE id = 3", "inventory_ledger row 3 "),
    ("UPDATE inventory_ledger SET open_after = 1 WHERE id = 2", "inventory_ledger row 2 "),
    ("UPDATE inventory_ledger SET issued_after = 7 WHERE id = 2", "inventory_ledger row 2 "),
    ("UPDATE inventory_ledger SET reservation_id = 2 WHERE id = 2", "inventory_ledger row 2 "),
    ("UPDATE inventory_ledger SET operation_id = 1 WHERE id = 3", "inventory_ledger row 3 "),
    ("UPDATE inventory_ledger SET operation_id = 999 WHERE id = 3", "inventory_ledger row 3 "),
    ("UPDATE inventory_ledger SET hash = prev_hash WHERE id = 3", "inventory_ledger row 3 "),
    ("UPDATE inventory_ledger SET prev_hash = hash WHERE id = 3", "inventory_ledger row 3 "),
    ("DELETE FROM inventory_ledger WHERE id = 3", "inventory_ledger row 4 "),
    ("UPDATE operations SET reference = 'X' WHERE id = 2", "operations row 2:"),
    ("UPDATE operations SET note = 'X' WHERE id = 2", "operations row 2:"),
    ("UPDATE operations SET user_id = 999 WHERE id = 2", "operations row 2:"),
    ("UPDATE operations SET recorded_at = '2020-01-01 00:00:00.000000' WHERE id = 2",
     "operations row 2:"),
    ("UPDATE reservations SET qty = qty + 1 WHERE id = 1", "reservations row 1:"),
    ("UPDATE inventory_lots SET qc_status = 'REJECTED' WHERE id = 1", "inventory_lots row 1:"),
    ("UPDATE qc_decisions SET to_status = 'REJECTED' WHERE decision_seq = 2",
     "qc_decisions row 3:"),
    ("UPDATE qc_decisions SET reason = 'X' WHERE decision_seq = 2", "qc_decisions row 3:"),
    ("DELETE FROM qc_decisions WHERE lot_id = 1", "inventory_lots row 1:"),
    ("DELETE FROM qc_decisions WHERE decision_seq = 3", "inventory_lots row 2:"),
    ("UPDATE inventory_ledger SET qty = 0 WHERE id = 3", "inventory_ledger row 3 "),
    ("UPDATE lot_counts SET on_hand = 1", "lot_counts row 1:"),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "finding"), TAMPERINGS)
def test_verification_names_a_row_changed_without_the_triggers(
    full_ledger: Stock, statement: str, finding: str
) -> None:
    assert findings() == []
    run_sql(statement)
    found = [line for line in findings() if not line.startswith("schema")]
    assert any(line.startswith(finding) for line in found[:3]), found


def test_verification_names_a_flipped_byte_of_a_hash(full_ledger: Stock) -> None:
    flipped = {
        "sqlite": "UPDATE inventory_ledger SET hash = x'00' || substr(hash, 2) WHERE id = 2",
        "postgresql": "UPDATE inventory_ledger"
        " SET hash = set_byte(hash, 0, get_byte(hash, 0) # 1) WHERE id = 2",
    }
    run_sql(flipped[db.engine.dialect.name])
    found = [finding for finding in findings() if not finding.startswith("schema")]
    assert found[0].startswith("inventory_ledger row 2 (lot L-1, entry 2): hash")


def test_verification_in_processes_finds_the_same_as_in_one(
    full_ledger: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also for rows with ids that were never assigned."""
    with snapshot() as reader:
        single = verify(reader)
        monkeypatch.setattr(parallel, "LONG", 0)
        in_processes = verify(reader, processes=2)
    assert in_processes.ok
    assert in_processes.entries == single.entries > 0
    run_sql(
        "UPDATE inventory_ledger SET qty = qty + 1 WHERE id = 2",
        "UPDATE inventory_ledger SET lot_id = -5 WHERE id = 3",
        "UPDATE inventory_ledger SET lot_id = 99999 WHERE id = 4",
        "UPDATE operations SET note = 'other' WHERE id IN (1, 2)",
        "UPDATE operations SET id = -5 WHERE id = 3",
        "UPDATE qc_decisions SET reason = 'X' WHERE decision_seq = 2",
    )
    with snapshot() as reader:
        in_processes = verify(reader, processes=2)
        monkeypatch.undo()
        single = verify(reader)
    assert in_processes.findings == single.findings
    assert (in_processes.count, in_processes.entries) == (single.count, single.entries)
    tables = {finding.table for finding in in_processes.findings}
    assert {"inventory_ledger", "operations", "qc_decisions", "schema"} <= tables


def test_verification_keeps_a_limited_number_of_findings(
    full_ledger: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_sql("UPDATE operations SET note = 'other'", "UPDATE inventory_ledger SET qty = qty + 1")
    monkeypatch.setattr(parallel, "MAX_ENTRIES", 3)
    with snapshot() as reader:
        report = verify(reader)
    assert len(report.findings) == 3
    assert report.count > report.entries > 3


@pytest.mark.only("sqlite")
def test_verification_names_an_operation_with_a_value_of_another_type(full_ledger: Stock) -> None:
    run_sql("UPDATE operations SET note = x'FF' WHERE id = 1")
    run_sql("UPDATE operations SET recorded_at = 5 WHERE id = 2")
    found = [finding for finding in findings() if finding.startswith("operations")]
    assert found[0].startswith("operations row 1: hash")
    assert found[1].startswith("operations row 2: hash")


@pytest.mark.only("sqlite")
def test_verification_names_an_unreadable_row_and_continues(full_ledger: Stock) -> None:
    run_sql("UPDATE operations SET note = CAST(x'FF' AS TEXT) WHERE id = 1")
    run_sql("UPDATE lot_counts SET on_hand = 1")
    found = findings()
    assert found[0].startswith("operations: a row cannot be read: Could not decode to UTF-8")
    assert any(line.startswith("lot_counts row 1:") for line in found)


def test_verification_reads_every_row_across_fetches(
    full_ledger: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw_rows, "AT_ONCE", 2)
    with snapshot() as reader:
        report = verify(reader)
        count = reader.execute(sa.select(sa.func.count()).select_from(ledger)).scalar_one()
    assert report.ok
    assert report.entries == count > 4


@pytest.mark.parametrize("table", sorted(triggers.APPEND_ONLY))
@pytest.mark.parametrize("change", ["UPDATE", "DELETE", "REPLACE", "TRUNCATE"])
def test_no_append_only_row_can_be_changed_with_raw_sql(
    full_ledger: Stock, table: str, change: str
) -> None:
    sqlite = db.engine.dialect.name == "sqlite"
    statements = {
        "UPDATE": f"UPDATE {table} SET id = id",
        "DELETE": f"DELETE FROM {table}",
        "REPLACE": f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"
        if sqlite
        else f"DELETE FROM {table} WHERE id = 1",
        "TRUNCATE": f"DELETE FROM {table} WHERE 1 = 1" if sqlite else f"TRUNCATE {table} CASCADE",
    }
    if table == "audit":
        run_sql("INSERT INTO audit (at, action, subject, detail)"
            " VALUES ('2026-01-01 00:00:00.000000', 'a', 's', '{}')", unguarded=False)  # fmt: skip
    with pytest.raises(sa.exc.DBAPIError, match="append-only"):
        run_sql(statements[change], unguarded=False)


def test_only_the_search_key_of_a_reservation_can_be_changed_with_raw_sql(
    full_ledger: Stock,
) -> None:
    run_sql("UPDATE reservations SET search_key = NULL", unguarded=False)
    names = [column.name for column in reservations.c if column.name != "search_key"]
    for name in names:
        with pytest.raises(sa.exc.DBAPIError, match="append-only"):
            run_sql(f"UPDATE reservations SET search_key = 'x', {name} = {name}", unguarded=False)


@pytest.mark.parametrize(
    "values",
    [
        "on_hand_after = on_hand_after + 1, lot_seq = lot_seq + 1",
        "prev_seq = NULL, on_hand_before = 0, reserved_before = 0, received_before = 0",
    ],
)
def test_wrong_balance_cannot_be_inserted_with_raw_sql(full_ledger: Stock, values: str) -> None:
    """The foreign key of the chain and the CHECK constraints refuse it."""
    wrong = dict(part.split(" = ") for part in values.split(", "))
    names = [column.name for column in ledger.c if column.name != "id"]
    wrong.setdefault("lot_seq", "lot_seq + 1")
    chosen = [wrong.get(name, name) for name in names]
    columns = ", ".join(names)
    with pytest.raises(sa.exc.IntegrityError):
        run_sql(
            f"INSERT INTO inventory_ledger ({columns}) SELECT {', '.join(chosen)}"
            f" FROM inventory_ledger WHERE id = {LAST}",
            unguarded=False,
        )


def test_verification_names_a_missing_trigger(full_ledger: Stock) -> None:
    suffix = "" if db.engine.dialect.name == "sqlite" else " ON inventory_ledger"
    name = "inventory_ledger_no_update" if not suffix else "inventory_ledger_append_only"
    run_sql(f"DROP TRIGGER {name}{suffix}", unguarded=False)
    assert findings() == [f"schema: the trigger {name} is missing or altered"]


def test_deleted_latest_entries_are_found_with_an_earlier_digest(full_ledger: Stock) -> None:
    with snapshot() as reader:
        earlier_digest = digests.digest(reader, key=b"k")
    assert digests.is_genuine(earlier_digest, key=b"k")
    assert not digests.is_genuine(earlier_digest, key=b"other")
    run_sql(
        f"DELETE FROM inventory_ledger WHERE id = {LAST}",
        "DELETE FROM operations WHERE id NOT IN (SELECT operation_id FROM inventory_ledger)"
        " AND kind NOT IN ('QC', 'COUNT')",
        unguarded=True,
    )
    with snapshot() as reader:
        found = verify(reader, against=earlier_digest).findings
    assert any("is not what it was at" in finding.what for finding in found)


def test_verification_checks_the_balance_tables(full_ledger: Stock) -> None:
    for statement in (
        "UPDATE lot_heads SET on_hand = 1",
        "UPDATE lot_heads SET expires_on = '2020-01-01'",
        "UPDATE item_heads SET on_hand = on_hand + 1",
        "DELETE FROM open_lines",
    ):
        run_sql(statement, unguarded=False)
        assert any("rebuild-cache" in finding for finding in findings())
        rebuild_balances()
        assert findings() == []


def rebuild_balances() -> None:
    with db.engine.connect().execution_options(write=True) as conn, conn.begin():
        balance_triggers.rebuild(conn)
