"""Exports of lists: the filters of the page apply, and no cell becomes a formula."""

import csv
import io
import json
import zipfile

import pytest

from inventory.exports.formats import escape_formula


def rows_of(answer):
    assert answer.mimetype == "text/csv"
    assert answer.data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))


def test_the_ledger_export_applies_the_filters_of_the_page(ada, stock):
    stock.lot("receive 12.5, reserve 4 JOB-1", item=stock.item("OIL", decimals=1), lot_code="L-1")
    stock.lot("receive 1", item="NUT")
    answer = ada.get("/ledger/export.csv?item=OIL&type=RESERVE")
    headers, row = rows_of(answer)
    assert dict(zip(headers, row, strict=True))["qty"] == "4"
    assert row[5:11] == ["OIL", "L-1", "4", "12.5", "4", "JOB-1"]
    assert 'filename="ledger.csv"' in answer.headers["Content-Disposition"]
    assert len(rows_of(ada.get("/ledger/export.csv"))) == 4


def test_an_export_contains_every_page_of_the_list(ada, stock):
    for number in range(203):
        stock.item(f"B-{number:03d}")
    assert len(rows_of(ada.get("/items/export.csv"))) == 204
    assert len(rows_of(ada.get("/items/export.csv?q=b-20"))) == 4


def test_the_reservations_export_shows_open_quantities(ada, stock):
    stock.lot("receive 10, reserve 4 JOB-1")
    stock.post("issue", reservation_id=1, qty="1")
    assert rows_of(ada.get("/reservations/export.csv"))[1][:6] == [
        "JOB-1", "BOLT", "pcs", "4", "3", "1",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_text_that_starts_like_a_formula_is_quoted(text):
    assert escape_formula(text) == f"'{text}"


def test_a_formula_in_a_name_stays_text(ada, stock):
    stock.item("BOLT", name="=HYPERLINK(1)")
    assert rows_of(ada.get("/items/export.csv"))[1][1] == "'=HYPERLINK(1)"
    answer = ada.get("/items/export.xlsx")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as workbook:
        sheet = workbook.read("xl/worksheets/sheet1.xml").decode()
    assert "=HYPERLINK(1)" in sheet
    assert "<f>" not in sheet


def test_the_page_links_to_exports_with_its_filters(ada, stock):
    stock.lot("receive 10")
    page = ada.get("/ledger/?item=BOLT&type=RECEIVE").text
    assert "/ledger/export.csv?item=BOLT&amp;type=RECEIVE" in page


def test_an_export_requires_a_login(client):
    assert client.get("/ledger/export.csv").status_code == 303


def test_the_lots_export_applies_the_filters_of_the_page(ada, stock):
    stock.lot("receive 10, reserve 4 JOB-1", lot_code="L-1")
    lot = stock.lot("receive 7", lot_code="L-2")
    stock.post("decide_qc", lot_id=lot, status="QUARANTINE", reason="Recall")
    stock.lot("receive 1", item="NUT", lot_code="N-1")
    page = ada.get("/lots/?item=BOLT&state=quarantine").text
    assert "/lots/export.csv?item=BOLT&amp;state=quarantine" in page
    assert rows_of(ada.get("/lots/export.csv?item=BOLT&state=quarantine"))[1][:10] == [
        "BOLT", "L-2", "pcs", "QUARANTINE", "", "7", "0", "7", "7", "0",
    ]  # fmt: skip
    assert [row[1] for row in rows_of(ada.get("/lots/export.csv?item=BOLT"))] == [
        "lot",
        "L-2",
        "L-1",
    ]


def test_lots_are_exported_as_json_lines(ada, stock):
    stock.lot("receive 10", lot_code="L-1")
    answer = ada.get("/lots/export.jsonl")
    assert answer.mimetype == "application/jsonl"
    (lot,) = [json.loads(line) for line in answer.text.splitlines()]
    assert (lot["item"], lot["lot"], lot["on_hand"], lot["expires"]) == ("BOLT", "L-1", "10", None)
    assert lot["suppliers_lot"] is None


def test_an_unknown_file_extension_is_not_found(ada):
    for path in ("/items/export.exe", "/ledger/export.", "/lots/export.csv.exe"):
        assert ada.get(path).status_code == 404
