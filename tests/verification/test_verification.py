"""Whoever changes a row behind the ledger's back is refused by the database, or named by verify."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask

from inventory.db import balance_triggers, db, snapshot, triggers
from inventory.stock.queries import ledger
from inventory.verification import digests, parallel, raw_rows, verify
from tests.support.stock_builder import Stock


@pytest.fixture
def busy(app: Flask):
    """A ledger with something of everything. (Not the `stock` fixture: it must not verify.)"""
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


def raw(*statements: str, unguarded: bool = True) -> None:
    """Write past the service; `unguarded`: as somebody who owns the database would."""
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
    conn.exec_driver_sql("SET LOCAL session_replication_role = replica")  # no trigger, no key
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

#: What is changed, and what the finding about it must say.
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
def test_what_is_changed_past_the_guards_is_named(
    busy: Stock, statement: str, finding: str
) -> None:
    assert findings() == []
    raw(statement)
    found = [one for one in findings() if not one.startswith("schema")]
    assert any(one.startswith(finding) for one in found[:3]), found


def test_one_flipped_byte_of_a_hash_is_named(busy: Stock) -> None:
    flipped = {
        "sqlite": "UPDATE inventory_ledger SET hash = x'00' || substr(hash, 2) WHERE id = 2",
        "postgresql": "UPDATE inventory_ledger"
        " SET hash = set_byte(hash, 0, get_byte(hash, 0) # 1) WHERE id = 2",
    }
    raw(flipped[db.engine.dialect.name])
    found = [finding for finding in findings() if not finding.startswith("schema")]
    assert found[0].startswith("inventory_ledger row 2 (lot L-1, entry 2): hash")


def test_several_processes_find_what_one_finds(
    busy: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even of lots and operations with numbers that nobody gave."""
    with snapshot() as reader:
        alone = verify(reader)
        monkeypatch.setattr(parallel, "LONG", 0)
        together = verify(reader, processes=2)
    assert together.ok
    assert together.entries == alone.entries > 0
    raw(
        "UPDATE inventory_ledger SET qty = qty + 1 WHERE id = 2",
        "UPDATE inventory_ledger SET lot_id = -5 WHERE id = 3",
        "UPDATE inventory_ledger SET lot_id = 99999 WHERE id = 4",
        "UPDATE operations SET note = 'other' WHERE id IN (1, 2)",
        "UPDATE operations SET id = -5 WHERE id = 3",
        "UPDATE qc_decisions SET reason = 'X' WHERE decision_seq = 2",
    )
    with snapshot() as reader:
        together = verify(reader, processes=2)
        monkeypatch.undo()
        alone = verify(reader)
    assert together.findings == alone.findings
    assert (together.count, together.entries) == (alone.count, alone.entries)
    tables = {finding.table for finding in together.findings}
    assert {"inventory_ledger", "operations", "qc_decisions", "schema"} <= tables


def test_no_more_findings_are_kept_than_anybody_reads(
    busy: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw("UPDATE operations SET note = 'other'", "UPDATE inventory_ledger SET qty = qty + 1")
    monkeypatch.setattr(parallel, "MAX_ENTRIES", 3)
    with snapshot() as reader:
        report = verify(reader)
    assert len(report.findings) == 3
    assert report.count > report.entries > 3


@pytest.mark.only("sqlite")
def test_an_operation_that_holds_no_text_is_named(busy: Stock) -> None:
    raw("UPDATE operations SET note = x'FF' WHERE id = 1")
    raw("UPDATE operations SET recorded_at = 5 WHERE id = 2")
    found = [finding for finding in findings() if finding.startswith("operations")]
    assert found[0].startswith("operations row 1: hash")
    assert found[1].startswith("operations row 2: hash")


@pytest.mark.only("sqlite")
def test_a_row_that_cannot_be_read_is_named_and_not_the_end(busy: Stock) -> None:
    raw("UPDATE operations SET note = CAST(x'FF' AS TEXT) WHERE id = 1")
    raw("UPDATE lot_counts SET on_hand = 1")
    found = findings()
    assert found[0].startswith("operations: a row cannot be read: Could not decode to UTF-8")
    assert any(one.startswith("lot_counts row 1:") for one in found)


def test_no_row_is_lost_between_one_fetch_and_the_next(
    busy: Stock, monkeypatch: pytest.MonkeyPatch
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
    busy: Stock, table: str, change: str
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
        raw("INSERT INTO audit (at, action, subject, detail)"
            " VALUES ('2026-01-01 00:00:00.000000', 'a', 's', '{}')", unguarded=False)  # fmt: skip
    with pytest.raises(sa.exc.DBAPIError, match="append-only"):
        raw(statements[change], unguarded=False)


@pytest.mark.parametrize(
    "values",
    [
        "on_hand_after = on_hand_after + 1, lot_seq = lot_seq + 1",
        "prev_seq = NULL, on_hand_before = 0, reserved_before = 0, received_before = 0",
    ],
)
def test_a_wrong_balance_cannot_be_inserted_whoever_writes(busy: Stock, values: str) -> None:
    """The chain's foreign key and the CHECKs refuse it, with the service out of the way."""
    wrong = dict(part.split(" = ") for part in values.split(", "))
    names = [column.name for column in ledger.c if column.name != "id"]
    wrong.setdefault("lot_seq", "lot_seq + 1")
    chosen = [wrong.get(name, name) for name in names]
    columns = ", ".join(names)
    with pytest.raises(sa.exc.IntegrityError):
        raw(
            f"INSERT INTO inventory_ledger ({columns}) SELECT {', '.join(chosen)}"
            f" FROM inventory_ledger WHERE id = {LAST}",
            unguarded=False,
        )


def test_a_missing_trigger_is_named(busy: Stock) -> None:
    suffix = "" if db.engine.dialect.name == "sqlite" else " ON inventory_ledger"
    name = "inventory_ledger_no_update" if not suffix else "inventory_ledger_append_only"
    raw(f"DROP TRIGGER {name}{suffix}", unguarded=False)
    assert findings() == [f"schema: the trigger {name} is missing or altered"]


def test_a_tail_that_was_cut_off_is_found_by_an_earlier_digest(busy: Stock) -> None:
    with snapshot() as reader:
        kept = digests.digest(reader, key=b"k")
    assert digests.is_genuine(kept, key=b"k")
    assert not digests.is_genuine(kept, key=b"other")
    raw(
        f"DELETE FROM inventory_ledger WHERE id = {LAST}",
        "DELETE FROM operations WHERE id NOT IN (SELECT operation_id FROM inventory_ledger)"
        " AND kind NOT IN ('QC', 'COUNT')",
        unguarded=True,
    )
    with snapshot() as reader:
        found = verify(reader, against=kept).findings
    assert any("is not what it was at" in finding.what for finding in found)


def test_the_read_cache_is_checked(busy: Stock) -> None:
    for statement in (
        "UPDATE lot_heads SET on_hand = 1",
        "UPDATE lot_heads SET expires_on = '2020-01-01'",
        "UPDATE item_heads SET on_hand = on_hand + 1",
        "DELETE FROM open_lines",
    ):
        raw(statement, unguarded=False)
        assert any("rebuild-cache" in finding for finding in findings())
        rebuild()
        assert findings() == []


def rebuild() -> None:
    with db.engine.connect().execution_options(write=True) as conn, conn.begin():
        balance_triggers.rebuild(conn)
