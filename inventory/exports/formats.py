"""Rows of text as files: CSV and XLSX that spreadsheets open unharmed, JSON Lines for programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from inventory.exports.xlsx import xlsx_parts

Row = Sequence[str]

#: Each piece costs the server a round of its own.
_LINES_AT_ONCE = 100

KINDS = ("csv", "xlsx", "jsonl")
#: What a spreadsheet would take for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def escape_formula(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def csv_lines(headers: Row, rows: Iterable[Row]) -> Iterator[str]:
    """With a byte order mark, by which spreadsheets know UTF-8."""
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
    """Each row an object on a line of its own (jsonlines.org): quantities as text, so that they
    stay exact; what is empty is null."""
    names = [head.replace("'", "").replace(" ", "_") for head in headers]
    for row in rows:
        cells = {name: cell or None for name, cell in zip(names, row, strict=True)}
        yield json.dumps(cells, ensure_ascii=False) + "\n"


def file_parts(kind: str, name: str, headers: Row, rows: Iterable[Row]) -> Iterator[bytes]:
    """The file of one of KINDS, piece by piece. Cells of XLSX are text, all of them: quantities
    stay exact, and nothing is a formula."""
    if kind == "xlsx":
        yield from xlsx_parts(name, headers, rows)
        return
    lines = csv_lines(headers, rows) if kind == "csv" else jsonl_lines(headers, rows)
    while piece := "".join(islice(lines, _LINES_AT_ONCE)):
        yield piece.encode()
