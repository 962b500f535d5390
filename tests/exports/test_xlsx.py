"""XLSX export, which is streamed while it is created."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import date
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from python_calamine import CalamineWorkbook

from inventory.common import clock
from inventory.exports.xlsx import columns, xlsx_parts


def xlsx_bytes(
    rows: list[list[str]], headers: tuple[str, ...] = ("item", "qty"), **more: int
) -> bytes:
    return b"".join(xlsx_parts("ledger", headers, rows, **more))


def sheets(content: bytes) -> dict[str, list[list[str]]]:
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return {name: workbook.get_sheet_by_name(name).to_python() for name in workbook.sheet_names}


def test_every_cell_has_the_given_text() -> None:
    rows = [["=1+1", "0012.50"], ["<ü & \"'>", " x "], ["-", ""], ["a\tb\nc", "_x0041_"]]
    assert sheets(xlsx_bytes(rows)) == {"ledger": [["item", "qty"], *rows]}


def test_characters_not_allowed_in_xml_are_escaped() -> None:
    content = xlsx_bytes([["a\x01b\ufffe", "1"]])
    with zipfile.ZipFile(io.BytesIO(content)) as workbook:
        assert "a_x0001_b_xFFFE_" in workbook.read("xl/worksheets/sheet1.xml").decode()


def test_table_without_rows_has_its_headers() -> None:
    assert sheets(xlsx_bytes([])) == {"ledger": [["item", "qty"]]}


@pytest.mark.parametrize(("count", "lengths"), [(10, [10]), (11, [10, 1]), (25, [10, 10, 5])])
def test_a_full_sheet_is_followed_by_another(count: int, lengths: list[int]) -> None:
    found = sheets(xlsx_bytes([[f"I-{number}", "1"] for number in range(count)], maximum=10))
    assert list(found) == ["ledger", "ledger 2", "ledger 3"][: len(lengths)]
    assert [len(rows) - 1 for rows in found.values()] == lengths
    assert all(rows[0] == ["item", "qty"] for rows in found.values())
    assert [row[0] for rows in found.values() for row in rows[1:]][-1] == f"I-{count - 1}"


def test_columns_after_z_are_written() -> None:
    headers = tuple(f"h{number}" for number in range(30))
    [rows] = sheets(xlsx_bytes([list(headers)], headers=headers)).values()
    assert rows == [list(headers), list(headers)]


def test_each_part_is_valid_xml_and_referenced() -> None:
    with zipfile.ZipFile(io.BytesIO(xlsx_bytes([["a", "b"]] * 3, maximum=2))) as workbook:
        assert workbook.testzip() is None
        names = workbook.namelist()
        for name in names:
            ElementTree.fromstring(workbook.read(name))
        links = workbook.read("xl/_rels/workbook.xml.rels").decode()
    assert names[0] == "[Content_Types].xml"
    assert all(f'"{name.removeprefix("xl/")}"' in links for name in names if "sheets/" in name)


def test_file_is_sent_while_the_rows_are_read() -> None:
    read = 0

    def rows() -> Iterator[list[str]]:
        nonlocal read
        for number in range(100_000):
            read += 1
            yield [f"I-{number * 7919 % 100_003}", str(number)]

    sent = 0
    for part in xlsx_parts("ledger", ("item", "qty"), rows()):
        sent += len(part)
        if read < 50_000:
            assert len(part) < 100_000
            half = sent
    assert half > 100_000


def test_numbers_and_dates_are_no_texts() -> None:
    headers = columns("code", "qty:number", "day:date", "at:time")
    rows = [
        ["0012", "12.5", "2027-03-31", "2027-03-31T10:42:30Z"],
        ["1E5", "-3", "", ""],
        ["7", "1234567890.1234567", "0027-01-01", "soon"],
    ]
    [[head, *found]] = sheets(xlsx_bytes(rows, headers)).values()
    assert head == ["code", "qty", "day", "at"]
    assert found[0][:3] == ["0012", 12.5, date(2027, 3, 31)]
    assert str(found[0][3]) == "2027-03-31 10:42:30"
    assert found[1] == ["1E5", -3, "", ""]
    assert found[2] == ["7", "1234567890.1234567", "0027-01-01", "soon"]


def test_times_are_in_the_zone_of_the_site() -> None:
    clock.set_timezone(ZoneInfo("Europe/Berlin"))
    try:
        content = xlsx_bytes([["2027-07-01T22:30:00Z"]], columns("at:time"))
    finally:
        clock.set_timezone(ZoneInfo("UTC"))
    [[_, row]] = sheets(content).values()
    assert str(row[0]) == "2027-07-02 00:30:00"
