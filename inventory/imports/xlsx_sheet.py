"""Cells of one XLSX worksheet, row by row as they are parsed.

The declared dimension is ignored, and absent cells take no memory.

Source: ECMA-376 Part 1, 18.3.1 (worksheets).
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import NoReturn

from inventory.imports.cell_texts import (
    NOT_CALCULATED,
    OUTDATED,
    BadCell,
    column_letters,
    error_cell,
    plain,
)
from inventory.imports.limits import MAX_COLUMNS, MemoryBudget, UnreadableFile
from inventory.imports.number_cells import date_text, number_text, without_midnight
from inventory.imports.packages import Attributes
from inventory.imports.xlsx_texts import RichTextWalker, unescaped

#: Limits of the format (XFD1048576).
_LAST_COLUMN = 16_384
_LAST_ROW = 1_048_576
_COLUMNS = {column_letters(number): number for number in range(MAX_COLUMNS)}
_DIGITS = "0123456789"
_MAX_ERROR = 40
_BOOLEANS = {"1": "yes", "true": "yes", "0": "no", "false": "no"}
#: Shorter texts are covered by the budget of their row.
_SHORT = 16


class SheetWalker(RichTextWalker):
    """Reads cells as texts.

    Args:
        texts: the shared texts.
        dates: the formats that show dates.
        padded: the formats that show leading zeros, with the number of digits.
    """

    def __init__(
        self,
        sheet: str,
        *,
        texts: Sequence[str],
        dates: Container[str],
        padded: Mapping[str, int],
        since_1904: bool,
        is_outdated: bool,
        budget: MemoryBudget,
    ) -> None:
        super().__init__()
        self._sheet, self._texts, self._dates = sheet, texts, dates
        self._padded = padded
        self._since_1904, self._budget = since_1904, budget
        self._is_outdated = is_outdated
        self._has_formula = self._has_value = False
        self._rows: list[tuple[int, list[str]]] = []
        self._row, self._column = 0, -1
        self._row_text = ""
        self._row_is_numbered = False
        self._cells: list[str] = []
        self._cell: Attributes = {}
        self.handle("sheetData", self._begin_cells, self._end_cells)
        self.handle("row", self._begin_row, self._end_row)
        self.handle("c", self._begin_cell, self._end_cell)
        self.handle("f", end=self._end_formula)
        self.handle("v", self._begin_value)
        self.handle("is", self._begin_runs, self.collect_text)

    def _begin_cells(self, _: Attributes) -> None:
        self.collect_text()

    def _end_cells(self) -> None:
        self.ignore_text()
        self._require_no_cells()

    def _require_no_cells(self) -> None:
        if self._cells:
            self._raise_damaged(f"cell {self._address()} is in no row")

    def _end_formula(self) -> None:
        self._has_formula = True
        self._pieces.clear()

    def _begin_value(self, _: Attributes) -> None:
        self._has_value = True

    def _begin_runs(self, _: Attributes) -> None:
        """Drop the text between runs."""
        self._pieces.clear()
        self.ignore_text()

    def take_rows(self) -> Iterator[tuple[int, list[str]]]:
        """Return the rows finished since the last call."""
        rows, self._rows = self._rows, []
        return iter(rows)

    def where(self) -> str:
        """Return the address of the current cell for an error message."""
        return f"Cell {self._address()} of the sheet {self._sheet}"

    def _address(self) -> str:
        return f"{column_letters(self._column)}{self._row}"

    def _raise_damaged(self, what: str) -> NoReturn:
        raise UnreadableFile(
            f"The sheet {self._sheet} is damaged: {what[:200]}. Open the file in a spreadsheet"
            " program and save it again."
        )

    def _begin_row(self, attributes: Attributes) -> None:
        self._require_no_cells()
        number = attributes.get("r")
        self._row_is_numbered = number is not None
        self._move_to_row(self._row + 1 if number is None else self._row_number(number))
        self._column = -1

    def _row_number(self, text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,7}", text) or not 1 <= int(text) <= _LAST_ROW:
            self._raise_damaged(f"there is no row {text}, the last is {_LAST_ROW:,}")
        return int(text)

    def _move_to_row(self, number: int) -> None:
        if number <= self._row:
            self._raise_damaged(f"row {number} comes after row {self._row}")
        if number > _LAST_ROW:
            self._raise_damaged(f"it has more than {_LAST_ROW:,} rows")
        self._row, self._row_text = number, str(number)

    def _begin_cell(self, attributes: Attributes) -> None:
        self._cell = attributes
        self._has_formula = self._has_value = False
        self._pieces.clear()
        address = attributes.get("r")
        if address is None:
            self._column += 1
            if self._column >= _LAST_COLUMN:
                self._raise_damaged(f"row {self._row} has more than {_LAST_COLUMN:,} cells")
            return
        column = _COLUMNS.get(address.removesuffix(self._row_text))
        self._column = self._other_column(address) if column is None else column

    def _other_column(self, address: str) -> int:
        letters = address.rstrip(_DIGITS)
        number = address[len(letters) :]
        if number != self._row_text:
            self._move_to_cell(address, number)
        column = 0
        for letter in letters if re.fullmatch("[A-Z]{1,3}", letters) else "":
            column = 26 * column + ord(letter) - 64
        if not 1 <= column <= _LAST_COLUMN:
            self._raise_damaged(f"there is no cell {address}, the last is XFD{_LAST_ROW}")
        return column - 1

    def _move_to_cell(self, address: str, number: str) -> None:
        """Take the row's number from its first cell if the row has none."""
        if self._row_is_numbered or self._cells:
            self._raise_damaged(f"cell {address} is in row {self._row}")
        self._row -= 1
        self._move_to_row(self._row_number(number))
        self._row_is_numbered = True

    def _end_cell(self) -> None:
        kind = self._cell.get("t", "n")
        written = self._pieces[0] if len(self._pieces) == 1 else self.take_text()
        if kind == "s":
            text = self._shared(written)
        elif self._has_formula:
            text = self._calculated(kind, written)
        else:
            text = self._value(kind, written)
        if text:
            self._keep(text)

    def _keep(self, text: str) -> None:
        cells, column = self._cells, self._column
        if column >= MAX_COLUMNS:
            if isinstance(text, BadCell):
                return
            raise UnreadableFile(
                f"{self.where()} is not empty, but only {MAX_COLUMNS} columns (A to"
                f" {column_letters(MAX_COLUMNS - 1)}) can be imported. Clear the cells beyond."
            )
        if column > len(cells):
            cells.extend([""] * (column - len(cells)))
        if column == len(cells):
            cells.append(text)
        elif cells[column]:
            self._raise_damaged(f"cell {self._address()} is there twice")
        else:
            cells[column] = text

    def _end_row(self) -> None:
        if self._cells:
            self._budget.spend_row(self._cells)
            self._rows.append((self._row, self._cells))
            self._cells = []

    def _shared(self, text: str) -> str:
        try:
            index = int(text or "-1")
        except ValueError:
            index = -1
        if 0 <= index < len(self._texts):
            return self._texts[index]
        if not text.strip():
            return ""
        self._raise_damaged(f"cell {self._address()} has a text that is not in the file")

    def _calculated(self, kind: str, text: str) -> str:
        """Return the stored value of a formula.

        An empty text is valid only if a value element exists.
        """
        if not text.strip() and not (kind == "str" and self._has_value):
            return NOT_CALCULATED
        return OUTDATED if self._is_outdated else self._value(kind, text)

    def _value(self, kind: str, text: str) -> str:
        if kind == "n":
            return self._number(text.strip())
        if kind in ("str", "inlineStr"):
            return self._budget.spend(plain(unescaped(text)))
        if kind == "e":
            return error_cell(text.strip()[:_MAX_ERROR])
        if not text.strip():
            return ""
        if kind == "d":
            return self._budget.spend(without_midnight(text.strip()))
        if kind == "b" and (word := _BOOLEANS.get(text.strip())):
            return word
        self._raise_damaged(f"cell {self._address()} has a value of an unknown type")

    def _number(self, text: str) -> str:
        if not text:
            return ""
        found = None
        if self._cell.get("s", "0") in self._dates:
            found = date_text(text, since_1904=self._since_1904)
        if found is None:
            found = number_text(text)
        if found is None:
            self._raise_damaged(f"cell {self._address()} has {text[:40]}, which is no number")
        if found.isdigit() and (digits := self._padded.get(self._cell.get("s", "0"))):
            found = found.zfill(digits)
        return found if len(found) < _SHORT else self._budget.spend(found)
