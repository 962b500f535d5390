"""Read a sheet of a spreadsheet (XLSX or ODS)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from inventory.common.errors import InvalidInput
from inventory.common.messages import message
from inventory.imports.limits import UnreadableFile
from inventory.imports.ods_workbook import CONTENT, OdsWorkbook
from inventory.imports.packages import Package
from inventory.imports.xlsx_workbook import XlsxWorkbook

Lines = Iterator[tuple[int, list[str]]]


def read_sheet(content: bytes, wanted: str) -> tuple[list[str], str, Lines]:
    """Return the sheet names, the name of the sheet read, and its non-empty rows.

    Without `wanted`, the first sheet that is not empty is read.

    Raises:
        InvalidInput: the file or the sheet cannot be read; also while the rows are read.
    """
    workbook = _open(content)
    if wanted and wanted not in workbook.sheets:
        raise InvalidInput(
            message("There is no sheet %(wanted)s in the file.", wanted=wanted), field="sheet"
        )
    for name in [wanted] if wanted else workbook.sheets:
        lines = iter(()) if not wanted and name.startswith("About ") else workbook.rows(name)
        for first in lines:
            return workbook.sheets, name, itertools.chain([first], lines)
    raise UnreadableFile("The spreadsheet is empty.")


def _open(content: bytes) -> XlsxWorkbook | OdsWorkbook:
    package = Package(content)
    if "xl/workbook.bin" in package:
        raise UnreadableFile("This is an XLSB file. Save it as XLSX or CSV.")
    return OdsWorkbook(package) if CONTENT in package else XlsxWorkbook(package)
