"""Rows of text as CSV: what spreadsheets open without harm."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

Row = Sequence[str]

#: What a spreadsheet would take for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


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
