"""Import templates, and the list of errors as a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from inventory.exports.formats import Row, csv_lines
from inventory.imports.file_types import FileType
from inventory.imports.runner import Report

ERROR_HEADERS = ("line", "column", "value", "error")


def template_csv(kind: FileType) -> str:
    """Return a CSV file with the column headers alone; all other rows are imported."""
    return "".join(csv_lines([field.label for field in kind.fields], ()))


def template_xlsx(file: BinaryIO, kind: FileType) -> None:
    """Write a spreadsheet with the column headers, and a sheet that explains them."""
    import xlsxwriter  # type: ignore[import-untyped]

    with xlsxwriter.Workbook(file) as workbook:
        bold, wrap = workbook.add_format({"bold": True}), workbook.add_format({"text_wrap": True})
        text = workbook.add_format({"num_format": "@"})
        sheet, about = (
            workbook.add_worksheet(kind.title),
            workbook.add_worksheet("About the columns"),
        )
        sheet.freeze_panes(1, 0)
        # Cells have the format text, so that a spreadsheet does not turn codes into numbers or lots
        # into dates.
        sheet.set_column(0, len(kind.fields) - 1, 18, text)
        about.set_column(0, 1, 18)
        about.set_column(2, 2, 80, wrap)
        for number, field in enumerate(kind.fields):
            sheet.write_string(0, number, field.label, bold)
            need = "needed" if field.required else "may be empty"
            for column, words in enumerate((field.label, need, field.hint)):
                about.write_string(number, column, words)


def wrong_rows(report: Report) -> Iterator[Row]:
    """Yield the errors of a report as rows."""
    for one in report.wrong:
        yield [str(one.line), one.column, one.value, one.reason]
