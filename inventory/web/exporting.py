"""Lists as files: exactly the rows that the page's filters find, as CSV or XLSX."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]
from flask import Response, send_file, stream_with_context

from inventory.csv_files import Row, csv_lines
from inventory.db import connection
from inventory.errors import InvalidInput
from inventory.listing import MOST_ROWS, Page

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_MOST_XLSX_ROWS = 1_048_576 - 1


def all_pages(read: Callable[..., Page[Any]], **filters: Any) -> Iterator[Any]:
    """Every row of a list, page by page; read while the file is sent, so on a connection that is
    the sending's own."""
    cursor = None
    while True:
        page = read(connection(), **filters, limit=MOST_ROWS, cursor=cursor)
        yield from page.rows
        if page.next_cursor is None:
            return
        cursor = page.next_cursor


def download(kind: str, name: str, heads: Row, rows: Iterable[Row]) -> Response:
    """The rows as a file that a browser saves."""
    if kind == "xlsx":
        return _xlsx(name, heads, rows)
    rows = iter(rows)
    # A filter that is refused must be so before the answer has begun.
    rows = chain(list(islice(rows, 1)), rows)
    response = Response(stream_with_context(csv_lines(heads, rows)), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def _xlsx(name: str, heads: Row, rows: Iterable[Row]) -> Response:
    """Cells of text, all of them: quantities stay exact, and nothing is a formula."""
    file = io.BytesIO()  # the packed file alone: its rows wait on disk
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
    file.seek(0)
    return send_file(file, mimetype=XLSX, as_attachment=True, download_name=f"{name}.xlsx")
