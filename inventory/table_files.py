"""Rows of text as files: CSV and XLSX that spreadsheets open unharmed, JSON Lines for programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

import xlsxwriter  # type: ignore[import-untyped]

from inventory.errors import InvalidInput

Row = Sequence[str]

KINDS = ("csv", "xlsx", "jsonl")
_MOST_XLSX_ROWS = 1_048_576 - 1
#: What a spreadsheet would take for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def csv_lines(heads: Row, rows: Iterable[Row]) -> Iterator[str]:
    """With a byte order mark, by which spreadsheets know UTF-8."""
    buffer = io.StringIO("")
    writer = csv.writer(buffer)
    writer.writerow(heads)
    yield "\ufeff" + buffer.getvalue()
    for row in rows:
        buffer.seek(0)
        buffer.truncate()
        writer.writerow([harmless(cell) for cell in row])
        yield buffer.getvalue()


def jsonl_lines(heads: Row, rows: Iterable[Row]) -> Iterator[str]:
    """Each row an object on a line of its own (jsonlines.org): quantities as text, so that they
    stay exact; what is empty is null."""
    names = [head.replace("'", "").replace(" ", "_") for head in heads]
    for row in rows:
        cells = {name: cell or None for name, cell in zip(names, row, strict=True)}
        yield json.dumps(cells, ensure_ascii=False) + "\n"


def write_xlsx(file: BinaryIO, name: str, heads: Row, rows: Iterable[Row]) -> None:
    """Cells of text, all of them: quantities stay exact, and nothing is a formula. Its rows wait
    on disk until it is packed."""
    with xlsxwriter.Workbook(file, {"constant_memory": True}) as book:
        sheet = book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        bold = book.add_format({"bold": True})
        for column, head in enumerate(heads):
            sheet.write_string(0, column, head, bold)
        for number, row in enumerate(rows, start=1):
            if number > _MOST_XLSX_ROWS:
                raise InvalidInput(
                    "That is more than an XLSX file can hold: narrow the filters, or take CSV.",
                    field="filters",
                )
            for column, cell in enumerate(row):
                sheet.write_string(number, column, cell)
