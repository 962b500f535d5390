"""Rows of text as CSV, XLSX or JSON Lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from inventory.exports.xlsx import xlsx_parts

Row = Sequence[str]

#: Each part is a separate step of the server, so a part has many lines.
_LINES_AT_ONCE = 100

KINDS = ("csv", "xlsx", "jsonl")
#: First characters that a spreadsheet takes for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def escape_formula(cell: str) -> str:
    """Return the cell with an apostrophe if it would be taken for a formula."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def csv_lines(headers: Row, rows: Iterable[Row]) -> Iterator[str]:
    """Yield the lines of a CSV file.

    A byte order mark comes first: spreadsheets detect UTF-8 by it.
    """
    buffer = io.StringIO("")
    writer = csv.writer(buffer)
    writer.writerow(headers)
    yield "\ufeff" + buffer.getvalue()
    for row in rows:
        buffer.seek(0)
        buffer.truncate()
        writer.writerow([escape_formula(cell) for cell in row])
        yield buffer.getvalue()


def jsonl_lines(headers: Row, rows: Iterable[Row]) -> Iterator[str]:
    """Yield each row as a JSON object on a line of its own (jsonlines.org).

    Quantities are texts, so that they stay exact; empty cells are null.
    """
    names = [head.replace("'", "").replace(" ", "_") for head in headers]
    for row in rows:
        cells = {name: cell or None for name, cell in zip(names, row, strict=True)}
        yield json.dumps(cells, ensure_ascii=False) + "\n"


def file_parts(kind: str, name: str, headers: Row, rows: Iterable[Row]) -> Iterator[bytes]:
    """Yield the parts of a file of one of KINDS.

    All cells of an XLSX file are texts: quantities stay exact, and none is a formula.
    """
    if kind == "xlsx":
        yield from xlsx_parts(name, headers, rows)
        return
    lines = csv_lines(headers, rows) if kind == "csv" else jsonl_lines(headers, rows)
    while piece := "".join(islice(lines, _LINES_AT_ONCE)):
        yield piece.encode()
