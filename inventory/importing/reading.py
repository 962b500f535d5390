"""Files as tables of text: CSV, spreadsheets, and what was pasted from one."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from inventory.errors import InvalidInput
from inventory.table_files import FORMULA

MOST_BYTES = 8 * 1024 * 1024
MOST_ROWS = 50_000
MOST_COLUMNS = 100
_MOST_UNPACKED = 200 * 1024 * 1024
_DELIMITERS = ";,\t|"
#: A spreadsheet keeps this many digits of a number; of longer codes it has lost some.
_EXACT = 10**15


@dataclass(frozen=True, slots=True)
class Table:
    """The heads, and each row with the line that it stands on in the file."""

    heads: list[str]
    rows: list[tuple[int, list[str]]]
    sheets: list[str]
    sheet: str = ""

    def samples(self, column: int, most: int = 3) -> list[str]:
        """The first values of a column that are not empty."""
        found: dict[str, None] = {}
        for _, cells in self.rows[:200]:
            if column < len(cells) and cells[column]:
                found[cells[column]] = None
            if len(found) == most:
                break
        return list(found)


def read_table(content: bytes, *, sheet: str = "") -> Table:
    """The table in a file. `sheet`: which one of a spreadsheet; the first with anything else.

    Raises InvalidInput, with the line where there is one.
    """
    if not content.strip():
        raise _unreadable("The file is empty.")
    if len(content) > MOST_BYTES:
        raise _unreadable(f"The file is larger than {MOST_BYTES // 2**20} MB. Split it.")
    if content.startswith(b"PK"):
        return _from_spreadsheet(content, sheet)
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise _unreadable("This is an old XLS file. Save it as XLSX or CSV.")
    return _to_table(_csv_lines(_as_text(content)))


def _unreadable(detail: str, **figures: Any) -> InvalidInput:
    return InvalidInput(detail, field="file", **figures)


def _to_table(
    lines: Iterable[tuple[int, Sequence[str]]], sheets: Sequence[str] = (), sheet: str = ""
) -> Table:
    heads: list[str] | None = None
    rows: list[tuple[int, list[str]]] = []
    for number, cells in lines:
        trimmed = [_plain(cell) for cell in cells]
        while trimmed and not trimmed[-1]:
            trimmed.pop()
        if not trimmed:
            continue
        if heads is None:
            heads = _heads(trimmed)
            continue
        if len(trimmed) > len(heads):
            raise _unreadable(
                f"Line {number} has {len(trimmed)} cells, but there are only {len(heads)} column"
                " heads. Is a cell with a comma in it not quoted?",
                line=number,
            )
        rows.append((number, trimmed))
        if len(rows) > MOST_ROWS:
            raise _unreadable(f"The file has more than {MOST_ROWS:,} rows. Split it.")
    if heads is None or not rows:
        raise _unreadable("There are no rows below the column heads.")
    return Table(heads, rows, list(sheets), sheet)


def _plain(cell: str) -> str:
    """Without spaces around it, and without the mark by which our own files disarm formulas."""
    cell = cell.strip()
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(FORMULA) else cell


def _heads(cells: Sequence[str]) -> list[str]:
    """The heads, each once."""
    if len(cells) > MOST_COLUMNS:
        raise _unreadable(f"The file has more than {MOST_COLUMNS} columns.")
    heads: list[str] = []
    for number, cell in enumerate(cells):
        head = " ".join(cell.split())[:60] or f"Column {_letters(number)}"
        while head in heads:
            head += " again"
        heads.append(head)
    return heads


def _letters(number: int) -> str:
    """As spreadsheets name columns."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


# --- CSV ------------------------------------------------------------------------------------------


def _as_text(content: bytes) -> str:
    """UTF-8, UTF-16 with its mark, or what Windows wrote before."""
    wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ["utf-16"] if wide else ["utf-8-sig", "cp1252"]:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text
    raise _unreadable("This is neither a spreadsheet (XLSX) nor text (CSV).")


def _csv_lines(text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    number = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _unreadable(f"Line {number} cannot be read: {error}.", line=number) from None
        yield number, cells
        number = reader.line_num + 1


def _delimiter(text: str) -> str:
    """The one that the line of heads has most of."""
    head = next(line for line in text.splitlines() if line.strip())
    return max(_DELIMITERS, key=lambda one: (head.count(one), one == ","))


# --- spreadsheets ---------------------------------------------------------------------------------


def _from_spreadsheet(content: bytes, wanted: str) -> Table:
    from python_calamine import CalamineError, CalamineWorkbook

    _require_modest(content)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        names = list(book.sheet_names)
        if wanted and wanted not in names:
            raise InvalidInput(f"There is no sheet {wanted} in the file.", field="sheet")
        for name in [wanted] if wanted else names:
            sheet = book.get_sheet_by_name(name)
            if sheet.end is None or (not wanted and name.startswith("About ")):
                continue
            if sheet.end[0] > 2 * MOST_ROWS:
                raise _unreadable(f"The sheet {name} goes down to line {sheet.end[0]:,}.")
            return _to_table(_sheet_lines(sheet), names, name)
    except CalamineError as error:
        raise _unreadable(f"The spreadsheet cannot be read: {error}.") from None
    raise _unreadable("The spreadsheet is empty.")


def _require_modest(content: bytes) -> None:
    """A small file may unpack to a huge one."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            size = sum(member.file_size for member in packed.infolist())
    except zipfile.BadZipFile:
        raise _unreadable("The spreadsheet is damaged.") from None
    if size > _MOST_UNPACKED:
        raise _unreadable("The spreadsheet unpacks to more than 200 MB. Split it.")


def _sheet_lines(sheet: Any) -> Iterator[tuple[int, list[str]]]:
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        yield number, [_cell(cell) for cell in cells[: MOST_COLUMNS + 1]]


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        if value.is_integer() and abs(value) >= _EXACT:
            return f"{value:.0f} (a number of which the spreadsheet kept 15 digits only)"
        return f"{Decimal(repr(value)).normalize():f}"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == value.min.time() else value.isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)
