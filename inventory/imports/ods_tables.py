"""Tables of ODS documents.

Source: OpenDocument 1.3 Part 3, 9.1 (tables).
"""

from __future__ import annotations

from inventory.imports.limits import MAX_SHEETS, UnreadableFile
from inventory.imports.packages import Attributes, Walker

OFFICE, TABLE, TEXT = "office:", "table:", "text:"
_MAX_NAME = 255
#: Elements in cells or sheets that are not part of their values.
_ASIDE = (f"{OFFICE}annotation", f"{TABLE}shapes", f"{TABLE}tracked-changes")


class TableWalker(Walker):
    """Reports the start of each table; skips annotations and tables within cells."""

    def __init__(self) -> None:
        super().__init__()
        self._aside = self._tables = 0
        self.handle(f"{TABLE}table", self._begin_table, self._end_table)
        for name in _ASIDE:
            self.handle(name, self._begin_aside, self._end_aside)

    def _begin_aside(self, _: Attributes) -> None:
        self._aside += 1

    def _end_aside(self) -> None:
        self._aside -= 1

    def _begin_table(self, attributes: Attributes) -> None:
        self._tables += 1
        if self._tables > 1:
            self._aside += 1
        elif not self._aside:
            self.begin_table(attributes.get(f"{TABLE}name", "")[:_MAX_NAME])

    def _end_table(self) -> None:
        self._tables -= 1
        if self._tables:
            self._aside -= 1

    def begin_table(self, name: str) -> None:
        """Handle the start of a table."""
        raise NotImplementedError


class NamesWalker(TableWalker):
    """Collects the names of all sheets (`found`) and of those not empty (`filled`)."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.filled: set[str] = set()
        self.handle(f"{TEXT}p", self._fill)
        self.handle(f"{TABLE}table-cell", self._cell)

    def begin_table(self, name: str) -> None:
        """Add the name of a sheet."""
        if len(self.found) == MAX_SHEETS:
            raise UnreadableFile(f"The spreadsheet has more than {MAX_SHEETS:,} sheets. Split it.")
        self.found.append(name)

    def _fill(self, _: Attributes) -> None:
        if self.found and not self._aside:
            self.filled.add(self.found[-1])

    def _cell(self, attributes: Attributes) -> None:
        if f"{OFFICE}value-type" in attributes or f"{TABLE}formula" in attributes:
            self._fill(attributes)
