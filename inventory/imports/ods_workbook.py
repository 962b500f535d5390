"""ODS documents: sheet names, and the rows of each sheet."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.imports.limits import MemoryBudget
from inventory.imports.ods_sheet import SheetWalker
from inventory.imports.ods_tables import NamesWalker
from inventory.imports.packages import Package

CONTENT = "content.xml"


class OdsWorkbook:
    """An ODS document."""

    def __init__(self, package: Package) -> None:
        self._package = package
        names = NamesWalker()
        package.read(CONTENT, names)
        self.sheets = list(dict.fromkeys(names.found))
        self._filled = names.filled
        self._budget = MemoryBudget()

    def rows(self, sheet: str) -> Iterator[tuple[int, list[str]]]:
        """Yield the number and cells of each row that is not empty."""
        if sheet not in self._filled:
            return
        walker = SheetWalker(sheet, self._budget)
        for _ in self._package.walk(CONTENT, walker):
            for first, count, cells in walker.take_rows():
                for number in range(first, first + count):
                    yield number, cells
