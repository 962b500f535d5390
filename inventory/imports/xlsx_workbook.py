"""XLSX workbooks: worksheets, cell formats and shared texts.

Source: ECMA-376 Part 1, 18.2 (workbook), 18.8 (styles).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from inventory.imports.limits import MAX_SHEETS, MemoryBudget, UnreadableFile
from inventory.imports.number_cells import is_date_format, zero_padding
from inventory.imports.packages import Attributes, Package, Walker
from inventory.imports.xlsx_sheet import SheetWalker
from inventory.imports.xlsx_texts import SharedTextsWalker

_MAX_FORMATS = 100_000
_MAX_CODES = 10_000
_MAX_NAME = 255
_TRUE = ("1", "true")


class XlsxWorkbook:
    """The worksheets of a workbook by name, and the rows of each."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self._budget = MemoryBudget()
        path = self._target("", "officeDocument") or "xl/workbook.xml"
        self._book = _WorkbookWalker()
        package.read(path, self._book)
        links = self._links(path)
        worksheets = {id: target for id, (kind, target) in links.items() if kind == "worksheet"}
        self._parts = {name: worksheets[id] for name, id in self._book.sheets if id in worksheets}
        self.sheets = list(self._parts)
        self._styles = _StylesWalker()
        package.read(self._target(path, "styles") or "xl/styles.xml", self._styles)
        self._texts = SharedTextsWalker(self._budget)
        package.read(self._target(path, "sharedStrings") or "xl/sharedStrings.xml", self._texts)

    def _target(self, path: str, purpose: str) -> str:
        """Return the part that another part links for a purpose, or ""."""
        links = self._links(path).values()
        return next((target for kind, target in links if kind == purpose), "")

    def _links(self, path: str) -> dict[str, tuple[str, str]]:
        folder, name = posixpath.split(path)
        links = _LinksWalker()
        self._package.read(posixpath.join(folder, "_rels", f"{name}.rels"), links)
        return {
            id: (kind, posixpath.normpath(posixpath.join(folder, target)))
            for id, (kind, target) in links.found.items()
        }

    def rows(self, sheet: str) -> Iterator[tuple[int, list[str]]]:
        """Yield the number and cells of each row that is not empty."""
        walker = SheetWalker(
            sheet,
            texts=self._texts.found,
            dates=self._styles.dates,
            padded=self._styles.padded,
            since_1904=self._book.since_1904,
            is_outdated=self._book.is_outdated,
            budget=self._budget,
        )
        for _ in self._package.walk(self._parts[sheet], walker):
            yield from walker.take_rows()


class _LinksWalker(Walker):
    """Collects purpose and part of each link (`found`)."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, tuple[str, str]] = {}
        self.handle("Relationship", self._link)

    def _link(self, attributes: Attributes) -> None:
        if attributes.get("TargetMode") == "External" or len(self.found) >= 2 * MAX_SHEETS:
            return
        kind = attributes.get("Type", "").rpartition("/")[2]
        target = attributes.get("Target", "")
        self.found[attributes.get("Id", "")[:_MAX_NAME]] = kind[:_MAX_NAME], target[:_MAX_NAME]


class _WorkbookWalker(Walker):
    """Collects the name and the link's id of each sheet (`sheets`)."""

    def __init__(self) -> None:
        super().__init__()
        self.sheets: list[tuple[str, str]] = []
        self.since_1904 = self.is_outdated = False
        self.handle("sheet", self._sheet)
        self.handle("workbookPr", self._properties)
        self.handle("calcPr", self._calculation)

    def _sheet(self, attributes: Attributes) -> None:
        if len(self.sheets) == MAX_SHEETS:
            raise UnreadableFile(f"The spreadsheet has more than {MAX_SHEETS:,} sheets. Split it.")
        id = next((value for key, value in attributes.items() if key.endswith(":id")), "")
        self.sheets.append((attributes.get("name", "")[:_MAX_NAME], id[:_MAX_NAME]))

    def _properties(self, attributes: Attributes) -> None:
        self.since_1904 = attributes.get("date1904") in _TRUE

    def _calculation(self, attributes: Attributes) -> None:
        """Note whether the program that opens the file must calculate its formulas.

        Programs that do not calculate set this flag.
        """
        self.is_outdated = attributes.get("fullCalcOnLoad") in _TRUE


class _StylesWalker(Walker):
    """Collects the cell formats that show dates (`dates`) or leading zeros (`padded`)."""

    def __init__(self) -> None:
        super().__init__()
        self.dates: set[str] = set()
        #: Index to the number of digits that are shown at least.
        self.padded: dict[str, int] = {}
        self._count = 0
        self._codes: dict[str, str] = {}
        self._in_cell_formats = False
        self.handle("numFmt", self._code)
        self.handle("cellXfs", self._begin, self._stop)
        self.handle("xf", self._format)

    def _begin(self, _: Attributes) -> None:
        self._in_cell_formats = True

    def _stop(self) -> None:
        self._in_cell_formats = False

    def _code(self, attributes: Attributes) -> None:
        if len(self._codes) < _MAX_CODES:
            id = attributes.get("numFmtId", "")[:_MAX_NAME]
            self._codes[id] = attributes.get("formatCode", "")[:_MAX_NAME]

    def _format(self, attributes: Attributes) -> None:
        if not self._in_cell_formats:
            return
        if self._count == _MAX_FORMATS:
            raise UnreadableFile(f"The spreadsheet has more than {_MAX_FORMATS:,} cell formats.")
        id = attributes.get("numFmtId", "0")
        number = int(id) if re.fullmatch(r"[0-9]{1,6}", id) else 0
        if is_date_format(number, self._codes.get(id)):
            self.dates.add(str(self._count))
        elif digits := zero_padding(self._codes.get(id)):
            self.padded[str(self._count)] = digits
        self._count += 1
