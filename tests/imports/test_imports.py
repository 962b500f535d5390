"""Imports: all errors at once, all rows or none, repeats, and undo."""

from __future__ import annotations

import io
import threading
import zipfile
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import xlsxwriter
from flask import Flask
from PIL import Image

from inventory import catalog, imports, ledger, pictures, verification
from inventory.common import clock
from inventory.common.errors import IdempotencyKeyReused, InvalidInput, NotReversible
from inventory.common.quantity import TypedQty, format_qty
from inventory.db import connection, db, snapshot
from inventory.exports.lists import LISTS, list_rows
from inventory.imports import KINDS, CellFormat, ImportJob, Report
from inventory.imports.cell_texts import reason_unreadable
from inventory.imports.row_checks import SpellingSuggester
from inventory.queries.page_reads import reads_on
from inventory.stock import queries as stock_queries
from inventory.stock import statements
from inventory.verification.findings import Finding
from tests.support.stock_builder import Stock, key

ITEMS = "code,name,unit,decimals,qc required,reorder point\n"
STOCK = "item,lot,qty,qc status,expires on,location,supplier's lot\n"


def import_job(kind: str, text: str, **options: Any) -> ImportJob:
    chosen = KINDS[kind]
    table = imports.read_table(text.encode())
    cell_format = CellFormat(options.pop("dates", ""), options.pop("decimal_comma", False))
    mapping = imports.validate_mapping(chosen, table.headers, imports.guess(chosen, table.headers))
    reading = imports.read_rows(chosen, table, mapping, cell_format)
    return ImportJob(kind=chosen, reading=reading, mapping=mapping, **options)


def check(kind: str, text: str, **options: Any) -> Report:
    db.session.rollback()
    return imports.check(connection(), import_job(kind, text, **options))


def run_import(stock: Stock, kind: str, text: str, **options: Any) -> Report:
    write_fields = {
        "user_id": options.pop("user_id", stock.user_id),
        "key": options.pop("key", key()),
    }
    db.session.rollback()
    return imports.commit(import_job(kind, text, **options), file_name="a file.csv", **write_fields)


def undo(stock: Stock, import_id: int | None, **options: Any) -> None:
    db.session.rollback()
    found = imports.get_import(connection(), import_id or 0)
    db.session.rollback()
    imports.undo(found, user_id=stock.user_id, key=key(), **options)


def reasons(report: Report) -> list[str]:
    return [f"{problem.line} {problem.column}: {problem.reason}" for problem in report.wrong]


def counts(report: Report) -> tuple[int, int, int]:
    return report.new, report.changed, report.same


def lots_on_hand() -> list[str]:
    """Return every lot with status, on hand, reserved and expiry."""
    db.session.rollback()
    rows = (
        connection()
        .execute(sa.select(statements.lots.c.id).order_by(statements.lots.c.id))
        .scalars()
    )
    return [
        f"{lot.item.code} {lot.lot_code} {lot.qc_status}"
        f" {format_qty(lot.on_hand)}/{format_qty(lot.reserved)} {lot.expires_on or ''}".strip()
        for lot in stock_queries.read_lots(connection(), rows)
    ]


def differences() -> list[Finding]:
    with snapshot() as reader:
        return list(verification.verify(reader).findings)


def catalog_rows() -> list[str]:
    db.session.rollback()
    rows = connection().execute(sa.select(statements.items).order_by(statements.items.c.code))
    return [
        f"{row.code} {row.name} {row.unit} {row.decimals} {bool(row.qc_required)}"
        f" {row.reorder_point if row.reorder_point is None else format_qty(row.reorder_point)}"
        for row in rows
    ]


# --- opening stock --------------------------------------------------------------------------------


def test_opening_stock_is_one_operation(stock: Stock) -> None:
    stock.item("BOLT"), stock.item("MILK", qc_required=True, decimals=1, unit="l")
    report = run_import(
        stock,
        "stock",
        STOCK + "BOLT,L-1,12,,,A-1,\nMILK,M-1,2.5,,2031-02-28,,S-9\nMILK,M-2,1,ok,28.02.2031,,\n",
    )
    assert counts(report) == (3, 0, 0)
    assert lots_on_hand() == [
        "BOLT L-1 APPROVED 12/0",
        "MILK M-1 QUARANTINE 2.5/0 2031-02-28",
        "MILK M-2 APPROVED 1/0 2031-02-28",
    ]
    operation = stock_queries.get_operation(connection(), report.operation_id or 0)
    assert (operation.kind, len(operation.entries)) == ("IMPORT", 3)


def test_import_of_10000_rows_reports_errors_repeats_and_is_undone(stock: Stock) -> None:
    """Seven wrong rows are reported and nothing is written.

    The corrected file is imported whole, a repeat changes nothing, and undo restores the figures.
    """
    items = "".join(f"P-{n:04},Part {n}\n" for n in range(1000))
    assert counts(run_import(stock, "items", "code,name\n" + items)) == (1000, 0, 0)
    stock.lot("receive 7", item="P-0000", lot_code="OLD")
    good = [f"P-{n % 1000:04},B-{n},{n % 90 + 1},,,," for n in range(10_000)]
    bad = {
        10: "P-0010,B-10,-5,,,,",
        999: "P-O999,B-999,3,,,,",
        2000: "P-0000,OLD,3,,,,",
        3000: "P-0000,B-2999x,three,,,,",
        4000: "P-0000,B-0,3,,,,",
        5000: "P-0000,B-5000,3,fine,,,",
        6000: "P-0000,B-6000,3,,2031-02-30,,",
    }
    rows = [bad.get(n, row) for n, row in enumerate(good)]
    before, entries = lots_on_hand(), stock.entries()
    report = run_import(stock, "stock", STOCK + "\n".join(rows))
    assert [(problem.line, problem.column, problem.value) for problem in report.wrong] == [
        (12, "qty", "-5"),
        (1001, "item", "P-O999"),
        (2002, "lot", "OLD"),
        (3002, "qty", "three"),
        (4002, "lot", "B-0"),
        (5002, "qc status", "fine"),
        (6002, "expires on", "2031-02-30"),
    ]
    assert report.wrong[1].reason == "There is no item P-O999. Did you mean P-0999?"
    assert report.wrong[4].reason == "Line 2 is for the same record."
    assert (report.import_id, report.rows) == (None, 10_000)
    assert (lots_on_hand(), stock.entries()) == (before, entries)

    corrected = STOCK + "\n".join(good)
    assert counts(check("stock", corrected)) == (10_000, 0, 0)
    assert stock.entries() == entries
    done = run_import(stock, "stock", corrected)
    assert counts(done) == (10_000, 0, 0)
    assert len(lots_on_hand()) == 10_001

    again = run_import(stock, "stock", corrected)
    assert (again.import_id, counts(again)) == (None, (0, 0, 10_000))
    assert stock.entries() == entries + 10_000

    undo(stock, done.import_id)
    assert [line for line in lots_on_hand() if " 0/0" not in line] == before
    with pytest.raises(NotReversible):
        undo(stock, done.import_id)


def test_longer_file_imports_only_the_new_rows(stock: Stock) -> None:
    stock.item("BOLT")
    run_import(stock, "stock", STOCK + "BOLT,L-1,12,,,,")
    stock.post("issue", item="BOLT", qty="5")
    report = run_import(stock, "stock", STOCK + "BOLT,L-1,12,,,,\nBOLT,L-2,3,,,,")
    assert counts(report) == (1, 0, 1)
    assert lots_on_hand() == ["BOLT L-1 APPROVED 7/0", "BOLT L-2 APPROVED 3/0"]


def test_undone_import_can_be_repeated(stock: Stock) -> None:
    stock.item("BOLT")
    undo(stock, run_import(stock, "stock", STOCK + "BOLT,L-1,12,,,,").import_id)
    assert lots_on_hand() == ["BOLT L-1 APPROVED 0/0"]
    assert reasons(check("stock", STOCK + "BOLT,L-1,12,rejected,,,")) == [
        "2 qc status: Lot L-1 is already approved."
    ]
    assert counts(run_import(stock, "stock", STOCK + "BOLT,L-1,13,,,,")) == (0, 1, 0)
    assert lots_on_hand() == ["BOLT L-1 APPROVED 13/0"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("BOLT,OLD,7,,,,", "lot: Lot OLD of BOLT already exists, with 7 pcs on hand."),
        (
            "BOLT,L-1,13,,,,",
            "lot: Lot L-1 of BOLT was imported before with 12 pcs, and has 12 pcs on hand now.",
        ),
        (
            "BOLT,L-1,12,,2031-01-01,,",
            "expires on: Lot L-1 is stored without an expiry date, not with 2031-01-01. Edit the"
            " lot on its page.",
        ),
        ("BOLT,N,1.5,,,,", "qty: 1.5 has too many decimal places. This item has whole pcs only."),
        ("GONE,N,1,,,,", "item: GONE is archived. It cannot be imported."),
        ("BOLD,N,1,,,,", "item: There is no item BOLD. Did you mean BOLT?"),
        ("BOLT,N,,,,,", "qty: “Quantity” is missing."),
        ("BOLT,,1,,,,", "lot: “Lot” is missing."),
        ("BOLT,N,1,,03/04/2031,,",
         "expires on: 03/04/2031 can be read in two ways. Choose whether the day or the month"
         " comes first, or write dates like 2027-03-31."),
        ('BOLT,N,"1,23,567",,,,', "qty: Enter the quantity without thousands separators, such as"
         " 1250.5."),
        ("BOLT,N,1.000,,,,", "qty: 1.000 can be read in two ways. Enter 1 or 1000."),
        ('BOLT,N,"1,000",,,,', "qty: 1,000 can be read in two ways. Enter 1 or 1000."),
    ],
)  # fmt: skip
def test_wrong_stock_row_is_refused_with_its_reason(stock: Stock, row: str, reason: str) -> None:
    stock.lot("receive 7", lot_code="OLD")
    stock.item("GONE")
    catalog.update_item(user_id=stock.user_id, key=key(), item="GONE", archived=True)
    run_import(stock, "stock", STOCK + "BOLT,L-1,12,,,,")
    before = stock.entries()
    for report in (
        check("stock", STOCK + row),
        run_import(stock, "stock", STOCK + "BOLT,FINE,1,,,,\n" + row),
    ):
        assert [line.partition(" ")[2] for line in reasons(report)] == [reason]
    assert stock.entries() == before


def test_all_errors_of_a_row_are_reported(stock: Stock) -> None:
    stock.lot("receive 7", lot_code="OLD")
    assert reasons(check("stock", STOCK + "BOLT,OLD,1.5,,,,\nBOLD,N,x,,tomorrow,,")) == [
        "2 qty: 1.5 has too many decimal places. This item has whole pcs only.",
        "2 lot: Lot OLD of BOLT already exists, with 7 pcs on hand.",
        "3 qty: This is not a quantity. Enter a plain number, such as 12 or 12.5.",
        "3 expires on: tomorrow is not a date. Write dates like 2027-03-31.",
        "3 item: There is no item BOLD. Did you mean BOLT?",
    ]
    text = "item,lot,counted,expected\nBOLT,OLD,1.5,7.5\n"
    assert [line.partition(":")[0] for line in reasons(check("counts", text))] == [
        "2 counted", "2 expected",
    ]  # fmt: skip


def test_dates_and_decimal_commas_are_read_as_configured(stock: Stock) -> None:
    stock.item("OIL", decimals=2)
    text = "item;lot;qty;expires\nOIL;A;1250,5;03/04/2031\n"
    run_import(stock, "stock", text, dates="dmy", decimal_comma=True)
    run_import(stock, "stock", text.replace("A", "B"), dates="mdy", decimal_comma=True)
    assert lots_on_hand() == [
        "OIL A APPROVED 1250.5/0 2031-04-03", "OIL B APPROVED 1250.5/0 2031-03-04",
    ]  # fmt: skip
    grouped = text.replace("1250,5", "1.250").replace("A", "C")
    run_import(stock, "stock", grouped, dates="dmy", decimal_comma=True)
    assert lots_on_hand()[-1] == "OIL C APPROVED 1250/0 2031-04-03"
    wrong = check("stock", text.replace("1250,5", "12.5"), dates="dmy", decimal_comma=True)
    assert reasons(wrong) == ["2 qty: 12.5 is not a number with a decimal comma, like 1250,5."]


def test_a_file_with_both_decimal_signs_is_refused_where_it_has_two_readings(stock: Stock) -> None:
    stock.item("OIL", unit="l", decimals=3)
    mixed = check("stock", "item;lot;qty\nOIL;A;12,5\nOIL;B;1.250\n")
    assert reasons(mixed) == ["3 qty: 1.250 can be read in two ways. Enter 1.25 or 1250."]


def test_import_with_the_same_key_is_replayed(stock: Stock) -> None:
    stock.item("BOLT")
    one_key = key()
    first = run_import(stock, "stock", STOCK + "BOLT,L-1,12,,,,", key=one_key)
    assert run_import(stock, "stock", STOCK + "BOLT,L-1,12,,,,", key=one_key) == first
    with pytest.raises(IdempotencyKeyReused):
        run_import(stock, "stock", STOCK + "BOLT,L-1,13,,,,", key=one_key)


def test_concurrent_imports_of_one_file_import_it_once(stock: Stock, app: Flask) -> None:
    stock.item("BOLT")
    text = STOCK + "".join(f"BOLT,L-{n},2,,,,\n" for n in range(200))
    reports: list[Report] = []
    barrier = threading.Barrier(4)

    def import_file() -> None:
        with app.app_context():
            barrier.wait()
            reports.append(run_import(stock, "stock", text))

    threads = [threading.Thread(target=import_file) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(counts(report) for report in reports) == [(0, 0, 200)] * 3 + [(200, 0, 0)]
    assert lots_on_hand() == [f"BOLT L-{n} APPROVED 2/0" for n in range(200)]


def test_import_with_issued_stock_cannot_be_undone(stock: Stock) -> None:
    stock.item("BOLT")
    report = run_import(stock, "stock", STOCK + "BOLT,L-1,12,,,,\nBOLT,L-2,3,,,,")
    stock.post("issue", lots=[ledger.LotQuantity(lot_id=stock.find_lot("L-1").id or 0, qty=1)],
             item="BOLT")  # fmt: skip
    before = lots_on_hand()
    with pytest.raises(NotReversible, match="11 pcs are available now"):
        undo(stock, report.import_id)
    assert lots_on_hand() == before


# --- counts ---------------------------------------------------------------------------------------


def test_counts_are_posted_as_one_operation(stock: Stock) -> None:
    stock.lot("receive 10", lot_code="A"), stock.lot("receive 10", lot_code="B")
    stock.lot("receive 10, reserve 8 JOB-1", lot_code="C")
    text = "item,lot,counted,expected\nBOLT,A,12,10\nBOLT,B,0,\nBOLT,C,10,10\n"
    report = run_import(stock, "counts", text, reference="November")
    assert counts(report) == (0, 2, 1)
    assert [line.split()[3] for line in lots_on_hand()] == ["12/0", "0/0", "10/8"]
    rows = connection().exec_driver_sql(
        "SELECT l.lot_code, c.counted / 1000000 FROM lot_counts c JOIN inventory_lots l"
        " ON l.id = c.lot_id ORDER BY l.lot_code"
    )
    assert [tuple(row) for row in rows] == [("A", 12), ("B", 0), ("C", 10)]
    stock.post("issue", item="BOLT", qty="5")
    again = run_import(stock, "counts", text, reference="November")
    assert (again.done_before, counts(again)) == (report.import_id, (0, 0, 3))
    assert reasons(run_import(stock, "counts", text, reference="December")) == [
        "2 expected: Lot A changed since it was counted: 10 pcs were expected, 7 pcs are on hand"
        " now. Count it again.",
    ]


def test_counts_can_be_undone(stock: Stock) -> None:
    stock.lot("receive 10", lot_code="A"), stock.lot("receive 10", lot_code="B")
    before = lots_on_hand()
    text = "item,lot,counted\nBOLT,A,12\nBOLT,B,3\n"
    report = run_import(stock, "counts", text)
    assert lots_on_hand() != before
    undo(stock, report.import_id, reason="counted the wrong location")
    assert lots_on_hand() == before
    assert counts(run_import(stock, "counts", text)) == (0, 2, 0)


def test_count_without_difference_and_its_undo_pass_verification(
    stock: Stock,
) -> None:
    stock.lot("receive 10", lot_code="A")
    report = run_import(stock, "counts", "item,lot,counted\nBOLT,A,10\n", reference="November")
    assert counts(report) == (0, 0, 1)
    assert differences() == []
    undo(stock, report.import_id, reason="counted the wrong location")
    assert differences() == []
    assert lots_on_hand() == ["BOLT A APPROVED 10/0"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("BOLT,LA,1,", "lot: There is no lot LA of BOLT."),
        ("BOLT,LOT-AA,1,", "lot: There is no lot LOT-AA of BOLT. Did you mean LOT-A?"),
        ("BOLT,LOT-A,3,",
         "lot: 3 pcs counted in LOT-A, but 4 pcs are reserved. Choose the reservations to reduce."),
        ("BOLT,LOT-A,9,8", "expected: Lot LOT-A changed since it was counted: 8 pcs were"
         " expected, 10 pcs are on hand now. Count it again."),
        ("BOLT,LOT-A,9.5,", "counted: 9.5 has too many decimal places. This item has whole pcs"
                            " only."),
    ],
)  # fmt: skip
def test_wrong_count_row_is_refused_with_its_reason(stock: Stock, row: str, reason: str) -> None:
    stock.lot("receive 10, reserve 4 JOB-1", lot_code="LOT-A")
    report = run_import(stock, "counts", "item,lot,counted,expected\n" + row)
    assert [line.partition(" ")[2] for line in reasons(report)] == [reason]
    assert lots_on_hand() == ["BOLT LOT-A APPROVED 10/4"]


def test_count_unreserves_expired_reservations(stock: Stock) -> None:
    lot_id = stock.lot("receive 10", lot_code="A")
    stock.reserve("8", lot=lot_id, expires_at=clock.now() + timedelta(hours=1))
    with clock.frozen_at(clock.now() + timedelta(hours=2)):
        report = run_import(stock, "counts", "item,lot,counted\nBOLT,A,3\n")
    assert counts(report) == (0, 1, 0)
    assert lots_on_hand() == ["BOLT A APPROVED 3/0"]


# --- items and reorder points ---------------------------------------------------------------------


def test_items_are_created_and_updated(stock: Stock) -> None:
    stock.item("BOLT", name="Old name", reorder_point="5")
    text = ITEMS + "BOLT,New name,,,,\nOIL,Oil,l,2,yes,1.5\n"
    report = run_import(stock, "items", text)
    assert counts(report) == (1, 1, 0)
    assert catalog_rows() == ["BOLT New name pcs 0 False 5", "OIL Oil l 2 True 1.5"]
    assert counts(run_import(stock, "items", text)) == (0, 0, 2)
    audit_rows = connection().exec_driver_sql(
        "SELECT action, subject FROM audit WHERE subject <> 'item BOLT' OR action <> 'item created'"
        " ORDER BY id"
    )
    assert [tuple(row) for row in audit_rows] == [
        ("item created", "item OIL"), ("item changed", "item BOLT"), ("imported", "import 1"),
    ]  # fmt: skip
    undo(stock, report.import_id)
    assert catalog_rows() == ["BOLT Old name pcs 0 False 5"]
    with pytest.raises(NotReversible, match="already"):
        undo(stock, report.import_id)
    assert counts(run_import(stock, "items", text)) == (1, 1, 0)


def test_import_of_items_in_use_cannot_be_undone(stock: Stock) -> None:
    report = run_import(stock, "items", ITEMS + "OIL,Oil,l,2,,1.5\nFAT,Fat,,,,3\nWAX,Wax,,,,\n")
    stock.lot("receive 1", item="OIL")
    stock.link("4006381333931", item="WAX")
    before = catalog_rows()
    with pytest.raises(NotReversible, match=r"2 of its items have been used .*: OIL, WAX"):
        undo(stock, report.import_id)
    assert catalog_rows() == before


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("BOLT,Bolt,kg,,,", "unit: The unit of BOLT is pcs and can no longer change."
         " The item has entries in the ledger."),
        ("NEW,,,,,", "name: “Name” is missing."),
        ("NEW,New,pcs,7,,", "decimals: The decimal places must be 0 to 6."),
        ("NEW,New,pcs,,perhaps,", "qc required: Write yes or no."),
        ("NEW,New,pcs,,,1.5", "reorder point: 1.5 has too many decimal places. This item has whole"
                              " pcs only."),
        ("/NEW,New,,,,", "code: An item code must not begin or end with a slash, or end in"
         " /stock."),
    ],
)  # fmt: skip
def test_wrong_item_row_is_refused_with_its_reason(stock: Stock, row: str, reason: str) -> None:
    stock.lot("receive 1")
    before = catalog_rows()
    report = run_import(stock, "items", ITEMS + "FINE,Fine,,,,\n" + row)
    assert [line.partition(" ")[2] for line in reasons(report)] == [reason]
    assert catalog_rows() == before


def test_item_that_differs_only_in_case_gets_a_note(stock: Stock) -> None:
    stock.item("BOLT")
    report = check("items", ITEMS + "Bolt,Bolt,,,,\n")
    assert [note.text for note in report.notes] == [
        "Bolt is a new item code, but it looks like item BOLT. If this is the same item, fix the"
        " code in the file."
    ]
    assert not report.wrong


def test_codes_in_a_file_that_look_alike_get_notes_and_are_imported(stock: Stock) -> None:
    text = ITEMS + "NUT,Nut,,,,\nNUT 1,One,,,,\nNUT I,Two,,,,\n"
    report = run_import(stock, "items", text)
    assert [(note.line, note.text) for note in report.notes] == [
        (
            4,
            "NUT I is a new item code, but it looks like item NUT 1. If this is the same item, fix"
            " the code in the file.",
        )
    ]
    stock.lot("receive 1", lot_code="L-1")
    text = STOCK + "BOLT,l-1,5,,,,\nnut,X,2,,,,\nNUT,x,3,,,,\n"
    report = run_import(stock, "stock", text)
    assert [(note.line, note.text) for note in report.notes] == [
        (
            2,
            "Lot l-1 is new, but it looks like lot L-1. If this is the same lot, fix the lot number"
            " in the file.",
        ),
        (
            4,
            "Lot x is new, but it looks like lot X. If this is the same lot, fix the lot number in"
            " the file.",
        ),
    ]
    assert lots_on_hand() == [
        "BOLT L-1 APPROVED 1/0", "BOLT l-1 APPROVED 5/0", "NUT X APPROVED 2/0",
        "NUT x APPROVED 3/0",
    ]  # fmt: skip


@pytest.mark.parametrize("column", ["item", "lot"])
def test_a_code_in_a_file_has_visible_characters_only(stock: Stock, column: str) -> None:
    stock.item()
    row = "BO\u200bLT,A,5,,,,\n" if column == "item" else "BOLT,A\u200b,5,,,,\n"
    report = run_import(stock, "stock", STOCK + row)
    [line] = reasons(report)
    assert ("There is no item" if column == "item" else "zero width space") in line


def test_reorder_points_are_set_and_undone(stock: Stock) -> None:
    stock.item("A", reorder_point="5"), stock.item("B"), stock.item("C", reorder_point="1")
    text = "item,reorder point\nA,none\nB,7\nC,1\n"
    report = run_import(stock, "reorder-points", text)
    assert counts(report) == (0, 2, 1)
    assert [line.split()[-1] for line in catalog_rows()] == ["None", "7", "1"]
    undo(stock, report.import_id)
    assert [line.split()[-1] for line in catalog_rows()] == ["5", "None", "1"]
    assert reasons(check("reorder-points", "item,reorder point\nX,1\nA,\n")) == [
        "2 item: There is no item X.", "3 reorder point: “Reorder point” is missing.",
    ]  # fmt: skip


# --- codes ----------------------------------------------------------------------------------------

CODES = "code,item,lot,one scan is\n"


def test_codes_are_linked_and_unlinked(stock: Stock) -> None:
    lot_id = stock.lot("receive 1", lot_code="L-1")
    text = CODES + "4006381333931,BOLT,,12\nPALLET-7,BOLT,L-1,\n"
    report = run_import(stock, "codes", text)
    assert counts(report) == (2, 0, 0)
    rows = connection().exec_driver_sql(
        "SELECT code, kind, lot_id, qty / 1000000 FROM codes ORDER BY code"
    )
    assert [tuple(row) for row in rows] == [
        ("04006381333931", "GTIN", None, 12), ("PALLET-7", "TEXT", lot_id, 1),
    ]  # fmt: skip
    assert counts(run_import(stock, "codes", text)) == (0, 0, 2)
    undo(stock, report.import_id)
    assert not list(connection().exec_driver_sql("SELECT 1 FROM codes"))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("4006381333932,BOLT,,", "code: 4006381333932 looks like a GTIN, but its last digit should"
         " be 1: check it."),
        ("BOLT,BOLT,,", "code: BOLT is the code of an item."),
        ("L-1,BOLT,,", "code: L-1 is a lot number."),
        ("TAKEN,BOLT,,2", "code: TAKEN is already linked to item BOLT. Unlink it there first."),
        ("X,NUT,,", "item: There is no item NUT."),
        ("X,BOLT,L-9,", "lot: There is no lot L-9 of BOLT."),
        ("4006381333931,BOLT,L-1,",
         "lot: A GTIN identifies an item, not a lot. Leave the lot empty."),
        ("04006381333931,BOLT,,\n4006381333931,BOLT,,", "code: Line 2 has the same barcode."),
        ("X,BOLT,,0", "one scan is: The quantity must be more than zero."),
    ],
)  # fmt: skip
def test_wrong_code_row_is_refused_with_its_reason(stock: Stock, row: str, reason: str) -> None:
    stock.lot("receive 1", lot_code="L-1")
    stock.link("TAKEN")
    report = run_import(stock, "codes", CODES + row)
    assert [line.partition(" ")[2] for line in reasons(report)] == [reason]
    codes = connection().exec_driver_sql("SELECT code FROM codes").scalars()
    assert list(codes) == ["TAKEN"]


# --- files ----------------------------------------------------------------------------------------


def test_columns_are_guessed_from_their_headers() -> None:
    headers = ["SKU", "Batch No.", "Qty on hand", "Expiry-Date", "Remarks", "Locaton", "STATUS"]
    assert imports.guess(KINDS["stock"], headers) == {
        "item": "SKU", "lot_code": "Batch No.", "qty": "Qty on hand", "expires_on": "Expiry-Date",
        "location": "Locaton", "qc_status": "STATUS",
    }  # fmt: skip


def test_own_templates_and_exports_are_recognized() -> None:
    for kind in KINDS.values():
        headers = imports.template_csv(kind).strip("\ufeff\r\n").split(",")
        assert set(imports.guess(kind, headers)) == {field.name for field in kind.fields}
    assert imports.guess(KINDS["stock"], LISTS["lots"].headers) == {
        "item": "item", "lot_code": "lot", "qty": "on hand", "qc_status": "state",
        "expires_on": "expires", "location": "location", "supplier_lot": "supplier's lot",
    }  # fmt: skip


def test_exported_item_list_can_be_changed_and_imported(stock: Stock) -> None:
    (
        stock.item("BOLT", reorder_point="20"),
        stock.item("MILK", decimals=2, unit="l", qc_required=True),
    )
    db.session.rollback()
    rows = [LISTS["items"].headers, *list_rows(reads_on(connection()), "items")]
    text = "\n".join(",".join(row) for row in rows)
    before = catalog_rows()
    assert counts(run_import(stock, "items", text)) == (0, 0, 2)
    assert catalog_rows() == before
    assert counts(run_import(stock, "items", text.replace(",no,20", ",no,25"))) == (0, 1, 1)
    assert catalog_rows() == ["BOLT Bolt pcs 0 False 25", "MILK Milk l 2 True None"]


@pytest.mark.parametrize(
    ("kind", "header", "field"),
    [
        ("items", "Decimals", "decimals"),
        ("stock", "Supplier's lot", "supplier_lot"),
        ("codes", "Code", "code"),
        ("codes", "One scan is", "qty"),
    ],
)
def test_headers_of_earlier_templates_are_recognized(kind: str, header: str, field: str) -> None:
    assert imports.guess(KINDS[kind], [header]) == {field: header}


def test_missing_column_is_requested() -> None:
    with pytest.raises(InvalidInput, match="Choose the column of “Quantity”") as caught:
        imports.validate_mapping(KINDS["stock"], ["a", "b"], {"item": "a", "lot_code": "b"})
    assert caught.value.field == "qty"
    with pytest.raises(InvalidInput, match="chosen twice"):
        imports.validate_mapping(KINDS["items"], ["a"], {"code": "a", "name": "a"})
    with pytest.raises(InvalidInput, match="no column x"):
        imports.validate_mapping(KINDS["items"], ["a"], {"code": "x"})


@pytest.mark.parametrize(
    "content",
    [
        "code,name\nA,Größe\n".encode(),
        "\ufeffcode;name\r\nA;Größe\r\n".encode(),
        "code\tname\nA\tGröße\n".encode("utf-16"),
        "code|name\n\nA|Größe\n".encode("cp1252"),
        "\n\ncode,name\n\u00a0,\nA,Größe,\n".encode(),
    ],
)
def test_text_files_of_every_kind_are_read(content: bytes) -> None:
    table = imports.read_table(content)
    assert (table.headers, [cells for _, cells in table.rows]) == (
        ["code", "name"],
        [["A", "Größe"]],
    )


def test_line_numbers_are_those_of_the_file() -> None:
    table = imports.read_table(b'\ncode,name\n\nA,"two\nlines"\nB,b\n')
    assert [line for line, _ in table.rows] == [4, 6]


def test_formula_escapes_of_exports_are_removed() -> None:
    table = imports.read_table(b"code,name\n'-1,'=A\nx,'tis\n")
    assert [cells for _, cells in table.rows] == [["-1", "=A"], ["x", "'tis"]]


def workbook_of(*sheets: tuple[str, list[list[Any]]]) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as workbook:
        day = workbook.add_format({"num_format": "yyyy-mm-dd"})
        for name, rows in sheets:
            sheet = workbook.add_worksheet(name)
            for number, row in enumerate(rows):
                for column, cell in enumerate(row):
                    args = [day] if hasattr(cell, "year") else []
                    sheet.write(number, column, cell, *args)
    return file.getvalue()


@pytest.mark.parametrize("decimal_comma", [False, True])
def test_a_number_cell_has_one_reading(decimal_comma: bool) -> None:
    """1.25 and 1.234 as numbers are no texts with a decimal sign of some language."""
    chosen = KINDS["stock"]
    table = imports.read_table(
        workbook_of(("S", [["Item", "Lot", "Qty"], ["OIL", "A", 1.234], ["OIL", "B", 1.25]]))
    )
    mapping = imports.validate_mapping(chosen, table.headers, imports.guess(chosen, table.headers))
    reading = imports.read_rows(chosen, table, mapping, CellFormat("", decimal_comma))
    assert reading.wrong == []
    assert [row.values["qty"] for row in reading.rows] == ["1.234", "1.25"]
    assert not any(isinstance(row.values["qty"], TypedQty) for row in reading.rows)


def test_spreadsheets_are_read() -> None:
    rows: list[list[Any]] = [
        [], ["Item", "Lot", "Qty", "Expires", "Code"],
        [], ["A", 4711, 12.5, date(2031, 2, 28), 4006381333931],
        ["B", True, 0.1, "", 1234567890123456789],
    ]  # fmt: skip
    content = workbook_of(("Empty", []), ("Stock", rows), ("Other", [["x"], ["y"]]))
    table = imports.read_table(content)
    assert (table.sheet, table.sheets) == ("Stock", ["Empty", "Stock", "Other"])
    assert table.rows[0] == (4, ["A", "4711", "12.5", "2031-02-28", "4006381333931"])
    assert table.rows[1][1][:3] == ["B", "yes", "0.1"]
    assert "15 digits" in (reason_unreadable(table.rows[1][1][4]) or "")
    assert imports.read_table(content, sheet="Other").rows == [(2, ["y"])]
    with pytest.raises(InvalidInput, match="no sheet"):
        imports.read_table(content, sheet="None")


def test_xlsx_template_can_be_read() -> None:
    file = io.BytesIO()
    imports.template_xlsx(file, KINDS["stock"])
    with pytest.raises(InvalidInput, match="no rows below"):
        imports.read_table(file.getvalue())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"   \n", "empty"),
        (b"code,name\n", "no rows below"),
        (b"\0\1\2\3", "neither"),
        (b"PK\3\4 broken", "damaged"),
        (b"\xd0\xcf\x11\xe0 old", "old XLS"),
        (b"a,b\n1,2,3\n", "Line 2 has 3 cells"),
        (b'a,b\n1,"2\n', "Line 2 cannot be read"),
        (b"a\n" + b"1\n" * 50_001, "more than 50,000 rows"),
        (b"a\n" + b"1" * (8 * 2**20), "larger than 8 MB"),
        (b",".join(b"%d" % n for n in range(101)) + b"\n1\n", "more than 100 columns"),
    ],
)
def test_unreadable_file_is_refused_with_its_reason(content: bytes, message: str) -> None:
    with pytest.raises(InvalidInput, match=message) as caught:
        imports.read_table(content)
    assert caught.value.field == "file"


def test_spreadsheet_that_unpacks_to_over_200_mb_is_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for n in range(3):
            packed.writestr(f"xl/{n}", bytes(80 * 2**20))
    assert len(file.getvalue()) < 2**20
    with pytest.raises(InvalidInput, match="200 MB"):
        imports.read_table(file.getvalue())


def test_number_of_spelling_suggestions_is_limited() -> None:
    suggester = SpellingSuggester(lambda: ["BOLT-M8"])
    assert suggester.near("bolt-m9") == "BOLT-M8"
    found = [suggester.near(f"BOLT-M{n}") for n in range(100)]
    assert found.count("BOLT-M8") <= 40


def test_rows_without_stock_are_left_out_of_an_opening_file(stock: Stock) -> None:
    stock.item()
    rows = "BOLT,A,5,,,,\nBOLT,B,0,,,,\nBOLT,C,3,,,,\nNIX,D,1,,,,\n"
    report = check("stock", STOCK + rows)
    assert [line.split()[0] for line in reasons(report)] == ["5"]
    assert [(note.line, note.text) for note in report.notes] == [
        (3, "The lot is empty: the row is skipped.")
    ]
    run_import(stock, "stock", STOCK + rows.replace("NIX,D,1,,,,\n", ""))
    assert lots_on_hand() == ["BOLT A APPROVED 5/0", "BOLT C APPROVED 3/0"]


@pytest.mark.parametrize("first", ["sep=;", "SEP=;", '"sep=;"'])
def test_the_line_that_tells_excel_the_delimiter_is_read(stock: Stock, first: str) -> None:
    stock.item()
    report = check("stock", f"{first}\r\nitem;lot;qty\r\nBOLT;A,1;5\r\nNIX;B;1\r\n")
    assert [line.partition(":")[0] for line in reasons(report)] == ["4 item"]


def test_quotes_of_pasted_cells_are_read_as_they_are(stock: Stock) -> None:
    run_import(stock, "items", 'code\tname\nRING\t"O"-Ring\nPIN\t3" pin\n')
    pin, ring = catalog_rows()
    assert 'PIN 3" pin' in pin
    assert 'RING "O"-Ring' in ring


def test_expired_goods_in_a_file_get_a_note(stock: Stock) -> None:
    stock.item()
    report = run_import(stock, "stock", STOCK + "BOLT,A,5,,2020-01-01,,\nBOLT,B,5,,2150-01-01,,\n")
    assert [(note.line, note.text) for note in report.notes] == [
        (2, "Lot A expired on 2020-01-01: it is on hold.")
    ]


def test_undo_of_imported_items_deletes_their_pictures(stock: Stock) -> None:
    report = run_import(stock, "items", ITEMS + "BOLT,Bolt,pcs,0,no,")
    db.session.rollback()
    out = io.BytesIO()
    Image.new("RGB", (40, 40), "red").save(out, "PNG")
    pictures.set_picture(item="BOLT", content=out.getvalue(), user_id=stock.user_id)
    undo(stock, report.import_id)
    db.session.rollback()
    assert not connection().execute(sa.select(pictures._pictures.c.item_id)).all()
