"""Read CSV, spreadsheets and pasted text as tables of text."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NoReturn

from inventory.imports.cell_texts import column_letters, plain, reason_unreadable
from inventory.imports.limits import MAX_BYTES, MAX_COLUMNS, MAX_ROWS, UnreadableFile
from inventory.imports.spreadsheets import read_sheet

_DELIMITERS = ";,\t|"
#: The first line that sets the delimiter for Excel.
_SAYS_DELIMITER = re.compile(r"\s*\"?sep=([;,\t|])\"?\r?\n", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Table:
    """Column headers, and each row with its line in the file."""

    headers: list[str]
    rows: list[tuple[int, list[str]]]
    sheets: list[str]
    sheet: str = ""

    def samples(self, column: int, limit: int = 3) -> list[str]:
        """Return the first distinct values of a column that are not empty."""
        found: dict[str, None] = {}
        for _, cells in self.rows[:200]:
            if column < len(cells) and cells[column]:
                found[cells[column]] = None
            if len(found) == limit:
                break
        return list(found)


def read_table(content: bytes, *, sheet: str = "") -> Table:
    """Return the table in a file.

    `sheet` names a sheet of a spreadsheet; the default is the first that is not empty.

    Raises:
        InvalidInput: the file cannot be read; with the line if there is one.
    """
    if not content.strip():
        raise UnreadableFile("The file is empty.")
    if len(content) > MAX_BYTES:
        raise UnreadableFile(f"The file is larger than {MAX_BYTES // 2**20} MB. Split it.")
    if content.startswith(b"PK"):
        sheets, name, lines = read_sheet(content, sheet)
        return _to_table(lines, sheets, name)
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableFile(
            "This is an old XLS file, or one with a password. Save it as XLSX or CSV, without a"
            " password."
        )
    return _to_table(_csv_lines(_as_text(content)))


def _to_table(
    lines: Iterable[tuple[int, list[str]]], sheets: Sequence[str] = (), sheet: str = ""
) -> Table:
    headers: list[str] | None = None
    rows: list[tuple[int, list[str]]] = []
    margin = 0
    for number, cells in lines:
        if headers is None:
            headers, margin = _headers(cells, number), _empty_at_first(cells)
            continue
        if len(cells) > len(headers) and not (cells := _without_bad_cells(cells, len(headers))):
            continue
        if len(cells) > len(headers):
            _raise_too_many_cells(number, len(cells), len(headers), sheet)
        margin = min(margin, _empty_at_first(cells)) if margin else 0
        rows.append((number, cells))
        if len(rows) > MAX_ROWS:
            raise UnreadableFile(f"The file has more than {MAX_ROWS:,} rows. Split it.")
    if headers is None or not rows:
        raise UnreadableFile("There are no rows below the column headers.")
    if margin:
        headers, rows = headers[margin:], [(number, cells[margin:]) for number, cells in rows]
    return Table(headers, rows, list(sheets), sheet)


def _empty_at_first(cells: list[str]) -> int:
    """Return the number of empty cells before the first value."""
    return next(number for number, cell in enumerate(cells) if cell)


def _without_bad_cells(cells: list[str], headers: int) -> list[str]:
    """Remove trailing cells that have neither a header nor a readable value."""
    cells = list(cells)
    while cells and (not cells[-1] or (len(cells) > headers and reason_unreadable(cells[-1]))):
        cells.pop()
    return cells


def _raise_too_many_cells(line: int, cells: int, headers: int, sheet: str) -> NoReturn:
    if sheet:
        raise UnreadableFile(
            f"Cell {column_letters(cells - 1)}{line} of the sheet {sheet} is not empty, but the"
            f" column headers end in column {column_letters(headers - 1)}. Write a header above"
            " the cell, or clear the cell.",
            line=line,
        )
    raise UnreadableFile(
        f"Line {line} has {cells} cells, but there are only {headers} column headers. Is a cell"
        " with"
        " a comma in it not quoted?",
        line=line,
    )


def _headers(cells: Sequence[str], line: int) -> list[str]:
    """Return the column headers; a repeated one gets " again" appended."""
    if len(cells) > MAX_COLUMNS:
        raise UnreadableFile(f"The file has more than {MAX_COLUMNS} columns.")
    headers: list[str] = []
    for number, cell in enumerate(cells):
        if reason := reason_unreadable(cell):
            place = f"{column_letters(number)}{line}"
            raise UnreadableFile(
                f"The column header in {place} cannot be read. {reason}", line=line
            )
        head = " ".join(cell.split())[:60] or f"Column {column_letters(number)}"
        while head in headers:
            head += " again"
        headers.append(head)
    return headers


def _as_text(content: bytes) -> str:
    """Decode UTF-8, UTF-16 with a byte order mark, or Windows-1252."""
    wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ["utf-16"] if wide else ["utf-8-sig", "cp1252"]:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text
    raise UnreadableFile("This is neither a spreadsheet (XLSX) nor text (CSV).")


def _csv_lines(text: str) -> Iterator[tuple[int, list[str]]]:
    said = _SAYS_DELIMITER.match(text)
    delimiter = said[1] if said else _delimiter(text)
    before = 1 if said else 0
    text = text[said.end() :] if said else text
    quoting = _quoting(text, delimiter)
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=delimiter, strict=True, quoting=quoting)
    number = 1 + before
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise UnreadableFile(f"Line {number} cannot be read: {error}.", line=number) from None
        if trimmed := _trimmed(cells):
            yield number, trimmed
        number = reader.line_num + 1 + before


def _quoting(text: str, delimiter: str) -> Literal[0, 3]:
    """Return how quotes are read: as they are, in text that was pasted from a spreadsheet.

    A spreadsheet copies a cell like "O"-Ring without more quotes.
    """
    if delimiter == "\t":
        try:
            for _ in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
                pass
        except csv.Error:
            return csv.QUOTE_NONE
    return csv.QUOTE_MINIMAL


def _trimmed(cells: list[str]) -> list[str]:
    """Return the cells as plain texts, up to the last that is not empty."""
    trimmed = [plain(cell) for cell in cells]
    while trimmed and not trimmed[-1]:
        trimmed.pop()
    return trimmed


def _delimiter(text: str) -> str:
    """Return the delimiter that is most frequent in the header line."""
    head = next((line for line in text.splitlines() if line.strip()), "")
    return max(_DELIMITERS, key=lambda one: (head.count(one), one == ","))
