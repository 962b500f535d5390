"""XLSX files that are sent while they are made, without temporary file.

They contain only what a table needs (ECMA-376, SpreadsheetML): cells with text, numbers and dates,
a frozen header row, and another sheet when one is full.
"""

from __future__ import annotations

import html
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import chain, count, islice

from inventory.common import clock

MAX_ROWS = 1_048_576 - 1
#: Rows that are compressed before a part is sent.
_AT_ONCE = 200
#: Compression level of zlib; 6 makes files a tenth smaller but takes twice as long.
_LEVEL = 2

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKED = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
#: Characters that XML cannot contain, and underscores that spreadsheets would read as an escape.
_UNSPEAKABLE = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")

_TYPES = (
    f'{_XML}<Types xmlns="{_PACKED}/content-types">'
    '<Default Extension="rels"'
    ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Default Extension="xml" ContentType="{_TYPE}.worksheet+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/></Types>'
)
_ROOT = (
    f'{_XML}<Relationships xmlns="{_PACKED}/relationships">'
    f'<Relationship Id="rId1" Type="{_LINKS}/officeDocument" Target="xl/workbook.xml"/>'
    "</Relationships>"
)
_STYLES = (
    f'{_XML}<styleSheet xmlns="{_MAIN}">'
    '<numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
    '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="4"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    "</cellXfs>"
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>"
)
_BEGIN = (
    f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
    "</sheetView></sheetViews><sheetData>"
)
_END = "</sheetData></worksheet>"


class NumberColumn(str):
    """The header of a column with numbers."""


class DateColumn(str):
    """The header of a column with dates like 2027-03-31."""


class TimeColumn(str):
    """The header of a column with times in UTC; a spreadsheet shows them in the site's zone."""


def columns(*headers: str) -> tuple[str, ...]:
    """Return headers; what is in a column can follow it: "expires:date", "qty:number"."""
    kinds = {"": str, "number": NumberColumn, "date": DateColumn, "time": TimeColumn}
    parts = (header.partition(":") for header in headers)
    return tuple(kinds[kind](name) for name, _, kind in parts)


class _ChunkBuffer:
    """Output of the zip writer; written bytes are taken once and cannot be rewritten."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, part: bytes) -> int:
        self._parts.append(bytes(part))
        return len(part)

    def flush(self) -> None:
        """Do nothing: no data is buffered elsewhere."""

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


def xlsx_parts(
    name: str, headers: Sequence[str], rows: Iterable[Sequence[str]], *, maximum: int = MAX_ROWS
) -> Iterator[bytes]:
    """Yield the parts of the file.

    Args:
        maximum: rows below the header row of one sheet.
    """
    wire, rows = _ChunkBuffer(), iter(rows)
    with zipfile.ZipFile(wire, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive:  # type: ignore[call-overload]
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _ROOT)
        archive.writestr("xl/styles.xml", _STYLES)
        for sheet in count(1):
            with archive.open(f"xl/worksheets/sheet{sheet}.xml", "w") as file:
                for text in _sheet(headers, islice(rows, maximum)):
                    file.write(text.encode())
                    yield wire.taken()
            following = list(islice(rows, 1))
            if not following:
                break
            rows = chain(following, rows)
        archive.writestr("xl/workbook.xml", _workbook(name, sheet))
        archive.writestr("xl/_rels/workbook.xml.rels", _sheets(sheet))
    yield wire.taken()


def _sheet(headers: Sequence[str], rows: Iterator[Sequence[str]]) -> Iterator[str]:
    letters = [_letters(number) for number in range(len(headers))]
    yield _BEGIN + _row(1, letters, [_header] * len(headers), headers)
    numbers = count(2)
    writers = [_WRITERS.get(type(header), _text) for header in headers]
    while some := [_row(next(numbers), letters, writers, row) for row in islice(rows, _AT_ONCE)]:
        yield "".join(some)
    yield _END


def _row(
    number: int, letters: Sequence[str], writers: Sequence[_Writer], cells: Sequence[str]
) -> str:
    written = "".join(
        write(f"{letter}{number}", cell)
        for letter, write, cell in zip(letters, writers, cells, strict=True)
        if cell
    )
    return f'<row r="{number}">{written}</row>'


def _text(place: str, cell: str, style: str = "") -> str:
    return (
        f'<c r="{place}"{style} t="inlineStr"><is>'
        f'<t xml:space="preserve">{_escape_cell(cell)}</t></is></c>'
    )


def _header(place: str, cell: str) -> str:
    return _text(place, cell, ' s="1"')


def _number(place: str, cell: str) -> str:
    """Write a number; one that a spreadsheet would round stays a text."""
    if _NUMBER.fullmatch(cell) and sum(map(str.isdigit, cell)) <= _EXACT_DIGITS:
        return f'<c r="{place}"><v>{cell}</v></c>'
    return _text(place, cell)


def _date(place: str, cell: str) -> str:
    try:
        day = date.fromisoformat(cell)
    except ValueError:
        return _text(place, cell)
    if day < _FIRST_DAY:
        return _text(place, cell)
    return f'<c r="{place}" s="2"><v>{(day - _DAY_ZERO.date()).days}</v></c>'


def _time(place: str, cell: str) -> str:
    try:
        when = datetime.fromisoformat(cell)
    except ValueError:
        return _text(place, cell)
    days = (when.astimezone(clock.zone()).replace(tzinfo=UTC) - _DAY_ZERO) / timedelta(days=1)
    return f'<c r="{place}" s="3"><v>{days:.10f}</v></c>'


_Writer = Callable[[str, str], str]
_WRITERS: dict[type, _Writer] = {NumberColumn: _number, DateColumn: _date, TimeColumn: _time}
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
#: Spreadsheets calculate with this many significant digits.
_EXACT_DIGITS = 15
#: Day 0 of spreadsheets. They take 1900 for a leap year: earlier dates than March would be wrong.
_DAY_ZERO, _FIRST_DAY = datetime(1899, 12, 30, tzinfo=UTC), date(1900, 3, 1)


def _escape_cell(cell: str) -> str:
    return html.escape(_UNSPEAKABLE.sub(lambda found: f"_x{ord(found[0]):04X}_", cell), quote=False)


def _letters(number: int) -> str:
    """Return the letters of a column; the first has number 0."""
    rest, last = divmod(number, 26)
    return (_letters(rest - 1) if rest else "") + chr(65 + last)


def _workbook(name: str, sheets: int) -> str:
    names = (
        name[:28] if number == 1 else f"{name[:22]} {number}" for number in range(1, sheets + 1)
    )
    written = "".join(
        f'<sheet name="{name}" sheetId="{number}" r:id="rId{number}"/>'
        for number, name in enumerate(names, start=1)
    )
    spaces = f'xmlns="{_MAIN}" xmlns:r="{_LINKS}"'
    return f"{_XML}<workbook {spaces}><sheets>{written}</sheets></workbook>"


def _sheets(sheets: int) -> str:
    parts = [("worksheet", f"worksheets/sheet{number}.xml") for number in range(1, sheets + 1)]
    written = "".join(
        f'<Relationship Id="rId{number}" Type="{_LINKS}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate([*parts, ("styles", "styles.xml")], start=1)
    )
    return f'{_XML}<Relationships xmlns="{_PACKED}/relationships">{written}</Relationships>'
