"""Spreadsheets (XLSX, ODS): which kind a file is, and the rows of one of its sheets."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from inventory.common.errors import InvalidInput
from inventory.imports.limits import unreadable
from inventory.imports.ods_workbook import CONTENT, OdsWorkbook
from inventory.imports.packages import Package
from inventory.imports.xlsx_workbook import XlsxWorkbook

Lines = Iterator[tuple[int, list[str]]]


def read_sheet(content: bytes, wanted: str) -> tuple[list[str], str, Lines]:
    """Return the names of the sheets, the one that is read, and its rows that are not empty.

    The first sheet with anything in it is read, unless one is wanted.
    Raises InvalidInput, also while the rows are read.
    """
    book = _open(content)
    if wanted and wanted not in book.sheets:
        raise InvalidInput(f"There is no sheet {wanted} in the file.", field="sheet")
    for name in [wanted] if wanted else book.sheets:
        lines = iter(()) if not wanted and name.startswith("About ") else book.rows(name)
        for first in lines:
            return book.sheets, name, itertools.chain([first], lines)
    raise unreadable("The spreadsheet is empty.")


def _open(content: bytes) -> XlsxWorkbook | OdsWorkbook:
    package = Package(content)
    if "xl/workbook.bin" in package:
        raise unreadable("This is an XLSB file. Save it as XLSX or CSV.")
    return OdsWorkbook(package) if CONTENT in package else XlsxWorkbook(package)
