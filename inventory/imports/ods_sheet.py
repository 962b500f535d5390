"""Cells of one ODS sheet, row by row as they are parsed.

Repeated rows and cells take no memory of their own.

Source: OpenDocument 1.3 Part 3, 9.1 (tables), 19.385 (value types).
"""

from __future__ import annotations

import re
from typing import NoReturn

from inventory.imports.cell_texts import (
    NOT_CALCULATED,
    BadCell,
    column_letters,
    error_cell,
    is_error,
    plain,
)
from inventory.imports.limits import MAX_COLUMNS, MemoryBudget, UnreadableFile
from inventory.imports.number_cells import number_text, without_midnight
from inventory.imports.ods_tables import OFFICE, TABLE, TEXT, TableWalker
from inventory.imports.packages import Attributes

#: Limits of the format (XFD1048576).
_LAST_COLUMN = 16_384
_LAST_ROW = 1_048_576
_NUMBERS = ("float", "percentage", "currency")
_OWN_TYPE = "calcext:value-type"
_MAX_ERROR = 40
_REPEAT = re.compile(r"[1-9][0-9]{0,6}")


class SheetWalker(TableWalker):
    """Reads the cells of the first table with this name as texts."""

    def __init__(self, sheet: str, budget: MemoryBudget) -> None:
        super().__init__()
        self._sheet, self._budget = sheet, budget
        self._is_here = self._was_here = False
        self._rows: list[tuple[int, int, list[str]]] = []
        self._row = 1
        self._column = self._paragraphs = 0
        self._cells: dict[int, str] = {}
        self._cell: Attributes = {}
        self._row_attributes: Attributes = {}
        self.handle(f"{TABLE}table-row", self._begin_row, self._end_row)
        self.handle(f"{TABLE}table-cell", self._begin_cell, self._end_cell)
        self.handle(f"{TABLE}covered-table-cell", self._begin_cell, self._end_cell)
        self.handle(f"{TEXT}p", self._begin_paragraph, self._end_paragraph)
        self.handle(f"{TEXT}s", self._spaces)
        self.handle(f"{TEXT}tab", self._space)
        self.handle(f"{TEXT}line-break", self._space)

    def take_rows(self) -> list[tuple[int, int, list[str]]]:
        """Return the rows finished since the last call as (first number, count, cells)."""
        rows, self._rows = self._rows, []
        return rows

    def begin_table(self, name: str) -> None:
        """Start reading if this is the table."""
        self._is_here = name == self._sheet and not self._was_here
        self._was_here = self._was_here or self._is_here

    def where(self) -> str:
        """Return the address of the current cell for an error message."""
        return f"Cell {column_letters(self._column)}{self._row} of the sheet {self._sheet}"

    def _raise_damaged(self, what: str) -> NoReturn:
        raise UnreadableFile(
            f"The sheet {self._sheet} is damaged: {what}. Open the file in a spreadsheet program"
            " and save it again."
        )

    def _begin_row(self, attributes: Attributes) -> None:
        if self._reads():
            self._row_attributes = attributes
            self._column = 0
            self._cells = {}

    def _reads(self) -> bool:
        return self._is_here and not self._aside

    def _end_row(self) -> None:
        if not self._reads():
            return
        count = self._repeated(self._row_attributes, "number-rows-repeated")
        if self._cells:
            cells = [self._cells.get(column, "") for column in range(max(self._cells) + 1)]
            self._budget.spend_row(cells)
            self._rows.append((self._row, count, cells))
        self._row += count
        if self._row > _LAST_ROW + 1:
            self._raise_damaged(f"it has more than {_LAST_ROW:,} rows")

    def _repeated(self, attributes: Attributes, name: str) -> int:
        written = attributes.get(f"{TABLE}{name}", "1")
        if not _REPEAT.fullmatch(written):
            self._raise_damaged(f"row {self._row} is repeated {written[:40]} times")
        return int(written)

    def _begin_cell(self, attributes: Attributes) -> None:
        if self._reads():
            self._cell = attributes
            self._paragraphs = 0

    def _begin_paragraph(self, _: Attributes) -> None:
        if not self._reads():
            return
        if self._paragraphs:
            self._pieces.append("\n")
        self._paragraphs += 1
        self.collect_text()

    def _end_paragraph(self) -> None:
        if not self._aside:
            self.ignore_text()

    def _spaces(self, attributes: Attributes) -> None:
        count = attributes.get(f"{TEXT}c", "1")
        if self._reads():
            self._pieces.append(" " * int(count) if re.fullmatch("[0-9]{1,3}", count) else " ")

    def _space(self, _: Attributes) -> None:
        if self._reads():
            self._pieces.append(" ")

    def _end_cell(self) -> None:
        if not self._reads():
            return
        first, count = self._column, self._repeated(self._cell, "number-columns-repeated")
        if first + count > _LAST_COLUMN:
            self._raise_damaged(f"row {self._row} has more than {_LAST_COLUMN:,} cells")
        text = self._readable(self.take_text())
        self._column = first + count
        if not text:
            return
        if self._column > MAX_COLUMNS:
            if isinstance(text, BadCell):
                return
            self._column = max(first, MAX_COLUMNS)
            raise UnreadableFile(
                f"{self.where()} is not empty, but only {MAX_COLUMNS} columns (A to"
                f" {column_letters(MAX_COLUMNS - 1)}) can be imported. Clear the cells beyond."
            )
        self._budget.spend(text)
        self._cells.update(dict.fromkeys(range(first, self._column), text))

    def _readable(self, shown: str) -> str:
        """Return the value of the cell, an error, or that it was never calculated.

        LibreOffice marks errors with a type of its own; before 4.1 it wrote them as numbers shown
        as errors.
        """
        shown = shown.strip()
        has_formula = f"{TABLE}formula" in self._cell
        if self._cell.get(_OWN_TYPE) == "error" or (has_formula and is_error(shown)):
            return error_cell(shown[:_MAX_ERROR])
        value = self._value(shown)
        kind = self._cell.get(f"{OFFICE}value-type")
        if has_formula and not value and kind != "string":
            return NOT_CALCULATED
        return value

    def _value(self, text: str) -> str:
        kind = self._cell.get(f"{OFFICE}value-type", "string")
        if kind in _NUMBERS:
            found = self._number(self._cell.get(f"{OFFICE}value", ""))
            is_padded = text.isascii() and text.isdigit() and text.lstrip("0") == found
            return text if is_padded else found
        if kind == "boolean":
            return {"true": "yes", "false": "no"}.get(self._attribute("boolean-value"), "")
        if kind in ("date", "time"):
            return without_midnight(self._attribute(f"{kind}-value"))
        return plain(self._attribute("string-value") or text)

    def _attribute(self, name: str) -> str:
        """Return an attribute of the cell, limited to the length of a text."""
        written = self._cell.get(f"{OFFICE}{name}", "")
        self._pieces.append(written)
        self.check_text()
        self._pieces.clear()
        return written.strip()

    def _number(self, text: str) -> str:
        found = number_text(text) if text else ""
        if found is None:
            self._raise_damaged(f"{self.where()} has {text[:40]}, which is not a number")
        return found
