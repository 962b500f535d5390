"""Limits of import files, and the refusal of unreadable files."""

from __future__ import annotations

import sys
from typing import Any

from inventory.common.errors import InvalidInput

MAX_BYTES = 8 * 1024 * 1024
MAX_ROWS = 50_000
MAX_COLUMNS = 100
#: Bytes of all unpacked parts of a zipped spreadsheet.
MAX_UNPACKED = 200 * 1024 * 1024
#: Characters in a cell, in CSV as in spreadsheets (Excel writes up to 32,767).
MAX_TEXT = 131_072
MAX_SHEETS = 1000
_MAX_MEMORY = 256 * 1024 * 1024
_REFERENCE = 8
_ROW = 200
#: Bytes of a reference and of a number of up to 15 digits.
_CELL = 72


class UnreadableFile(InvalidInput):
    """A file that cannot be read."""

    def __init__(self, detail: str, **figures: Any) -> None:
        super().__init__(detail, field="file", **figures)


class MemoryBudget:
    """Counts the memory of the cells of one file."""

    def __init__(self) -> None:
        self._left = _MAX_MEMORY

    def spend(self, text: str) -> str:
        """Count a text and return it.

        Raises:
            UnreadableFile: the texts take too much memory.
        """
        self.spend_bytes(sys.getsizeof(text) + _REFERENCE)
        return text

    def spend_row(self, cells: list[str]) -> None:
        """Count a row and its cells."""
        self.spend_bytes(_ROW + _CELL * len(cells))

    def spend_bytes(self, size: int) -> None:
        """Count a number of bytes."""
        self._left -= size
        if self._left < 0:
            most = _MAX_MEMORY // 2**20
            raise UnreadableFile(f"The texts in the file take more than {most} MB. Split the file.")
