"""Spreadsheets of different writers are read as python-calamine reads them."""

from __future__ import annotations

import io
import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from inventory import imports
from inventory.common.errors import InvalidInput
from inventory.imports import CellFormat, cell_parsers
from inventory.imports.number_cells import number_text
from tests.support.spreadsheet_files import (
    ods,
    ods_row,
    text_cell,
    xlsx,
    xlsx_parts,
    xlsx_row,
    zipped,
)

HEADERS = ["code", "name", "qty", "day", "flag"]


def as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{Decimal(format(value, '.15g')).normalize():f}"
    if isinstance(value, datetime) and value.time() == value.min.time():
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else str(value).strip()


def calamine_rows(content: bytes) -> list[list[str]]:
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
    return [[as_text(cell) for cell in row] for row in sheet.iter_rows()]


def our_rows(content: bytes) -> list[list[str]]:
    table = imports.read_table(content)
    rows = [table.headers, *(cells for _, cells in table.rows)]
    return [row + [""] * (len(table.headers) - len(row)) for row in rows]


def random_workbook(dice: random.Random) -> bytes:
    file = io.BytesIO()
    options = {"in_memory": True, "date_1904": dice.random() < 0.3}
    with xlsxwriter.Workbook(file, options) as workbook:
        sheet = workbook.add_worksheet()
        formats = ["yyyy-mm-dd", "dd/mm/yy", "[$-407]d. mmmm yyyy", "m/d/yy", '"day "d']
        days = [workbook.add_format({"num_format": code}) for code in formats]
        sheet.write_row(0, 0, HEADERS)
        for row in range(1, 30):
            sheet.write(row, 0, f"P-{row}")
            sheet.write(row, 1, dice.choice(["Bolt ä", " Nut ", "_x0041_", "a\nb", "<&>", "😀"]))
            number = dice.choice([0, 7, -1, 0.1, 12.5, 1e6, 0.000001, 4006381333931, 1 / 3])
            plain = workbook.add_format({"num_format": dice.choice(["0.00", '0 "days"', "[Red]0"])})
            sheet.write(row, 2, number, plain)
            day = date(2027, 1, 1) + timedelta(days=dice.randrange(20_000))
            sheet.write_datetime(row, 3, day, dice.choice(days))
            sheet.write_boolean(row, 4, dice.random() < 0.5)
    return file.getvalue()


@pytest.mark.parametrize("seed", range(10))
def test_cells_are_read_as_calamine_reads_them(seed: int) -> None:
    content = random_workbook(random.Random(seed))
    assert our_rows(content) == calamine_rows(content)


def test_rows_and_cells_without_addresses_are_consecutive() -> None:
    cells = '<c t="inlineStr"><is><t>{}</t></is></c>'
    rows = f"<row>{cells.format('code')}{cells.format('name')}</row>"
    rows += f"<row>{text_cell('B4', 'Bolt')}</row><row>{cells.format('A')}</row>"
    assert imports.read_table(xlsx(rows)).rows == [(4, ["", "Bolt"]), (5, ["A"])]


def test_xml_names_can_have_a_prefix() -> None:
    parts = xlsx_parts(xlsx_row(1, "code") + xlsx_row(2, "A"))
    for name in ("xl/workbook.xml", "xl/worksheets/sheet1.xml"):
        prefixed = str(parts[name]).replace("</", "</x:").replace("xmlns=", "xmlns:x=")
        parts[name] = prefixed.replace("<", "<x:").replace("<x:/x:", "</x:")
    assert imports.read_table(zipped(parts)).rows == [(2, ["A"])]


def test_text_runs_are_joined_without_phonetic_text() -> None:
    texts = "<si>\n<r>\n<t>Bo</t></r>\n<r><t>lt</t></r><rPh><t>reading</t></rPh></si>"
    row = '<row r="2"><c r="A2" t="s"><v>0</v></c><c r="B2" t="inlineStr"><is>\n<r><t>N</t></r>'
    row += "\n<r><t>ut</t></r></is></c></row>"
    content = xlsx(xlsx_row(1, "code", "name") + row, texts=texts)
    assert imports.read_table(content).rows == [(2, ["Bolt", "Nut"])]


def test_table_can_start_below_and_right_of_a1() -> None:
    rows = f"<row r='5'>{text_cell('C5', 'code')}{text_cell('D5', 'name')}</row>"
    rows += f"<row r='6'>{text_cell('C6', 'A')}</row>"
    table = imports.read_table(xlsx(rows))
    assert (table.headers, table.rows) == (["code", "name"], [(6, ["A"])])
    table = imports.read_table(xlsx(rows + f"<row r='7'>{text_cell('A7', 'note')}</row>"))
    assert table.headers == ["Column A", "Column B", "code", "name"]


def test_cell_without_a_header_is_named() -> None:
    rows = xlsx_row(1, "code", "name") + f"<row r='2'>{text_cell('D2', 'x')}</row>"
    message = "Cell D2 of the sheet Sheet1 is not empty, but the column headers end in column B"
    with pytest.raises(InvalidInput, match=message):
        imports.read_table(xlsx(rows))


def test_an_ods_file_is_read() -> None:
    rows = ods_row("code", "name", "qty", "day", "flag")
    cells = (
        '<table:table-cell office:value-type="{0}" office:{1}="{2}"><text:p>shown</text:p>'
        "<office:annotation><text:p>a note</text:p></office:annotation></table:table-cell>"
    )
    typed = [("float", "value", "12.50"), ("date", "date-value", "2031-02-28T00:00:00"),
             ("boolean", "boolean-value", "true")]  # fmt: skip
    bolt = "<table:table-cell><text:p>Bo<text:s/>lt</text:p><text:p>x</text:p></table:table-cell>"
    rows += '<table:table-row table:number-rows-repeated="2"><table:table-cell'
    rows += ' office:value-type="string"><text:p>A</text:p></table:table-cell>'
    rows += bolt + "".join(cells.format(*cell) for cell in typed) + "</table:table-row>"
    cells_read = ["A", "Bo lt\nx", "12.5", "2031-02-28", "yes"]
    table = imports.read_table(ods(rows))
    assert (table.sheet, table.rows) == ("Sheet1", [(2, cells_read), (3, cells_read)])


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ("0.30000000000000004", "0.3"), ("0.1", "0.1"), ("1.0", "1"), ("3", "3"),
        ("2.6749999999999998", "2.675"), ("1e-7", "0.0000001"), ("123456789.125", "123456789.125"),
    ],
)  # fmt: skip
def test_a_number_has_the_15_digits_that_a_spreadsheet_shows(stored: str, text: str) -> None:
    assert number_text(stored) == text


def padded_workbook(number: float, code: str) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ["Code", "Name"])
        sheet.write(1, 0, number, workbook.add_format({"num_format": code}))
        sheet.write(1, 1, "Bolt")
    return file.getvalue()


@pytest.mark.parametrize(
    ("number", "code", "text"),
    [
        (123, "00000", "00123"), (0, "000", "000"), (123456, "00000", "123456"),
        (123, "00000;-00000", "00123"), (123, "0", "123"), (1.5, "00000", "1.5"),
        (123, "0.00", "123"),
    ],
)  # fmt: skip
def test_a_number_shown_with_leading_zeros_keeps_them(number: float, code: str, text: str) -> None:
    assert our_rows(padded_workbook(number, code))[1] == [text, "Bolt"]


def test_an_ods_number_shown_with_leading_zeros_keeps_them() -> None:
    cell = (
        '<table:table-cell office:value-type="float" office:value="{0}">'
        "<text:p>{1}</text:p></table:table-cell>"
    )
    cells = "".join(cell.format(*pair) for pair in [(123, "00123"), (1000, "1,000"), (7, "7")])
    table = imports.read_table(
        ods(ods_row("A", "B", "C") + f"<table:table-row>{cells}</table:table-row>")
    )
    assert table.rows[0][1] == ["00123", "1000", "7"]


@pytest.mark.parametrize("value", ["4.00638E+12", "4,00638E+12", "4E+12", "1.2e+15"])
@pytest.mark.parametrize(
    ("kind", "column"),
    [("items", "Code"), ("stock", "Item"), ("stock", "Lot"), ("codes", "Code")],
)
def test_a_code_that_a_spreadsheet_shortened_is_refused(kind: str, column: str, value: str) -> None:
    headers = {
        "items": ["Code", "Name"],
        "stock": ["Item", "Lot", "Quantity"],
        "codes": ["Code", "Item"],
    }[kind]
    cells = {"Code": "A", "Name": "Bolt", "Item": "A", "Lot": "L", "Quantity": "1"} | {
        column: value
    }
    content = ";".join(headers) + "\n" + ";".join(cells[name] for name in headers) + "\n"
    table = imports.read_table(content.encode())
    file_type = imports.KINDS[kind]
    mapping = imports.validate_mapping(
        file_type, table.headers, imports.guess(file_type, table.headers)
    )
    [wrong] = imports.read_rows(file_type, table, mapping, CellFormat()).wrong
    assert wrong.column == column
    assert f"shortened a long number to {value}" in wrong.reason


@pytest.mark.parametrize("code", ["E+12", "4E12", "4E-3", "A4.5E+12", "12E+AB"])
def test_a_code_with_an_e_is_a_code(code: str) -> None:
    assert cell_parsers.new_code(code, "code", CellFormat()) == code
