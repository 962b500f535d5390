"""The record of something that verification finds wrong."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: the table, the row if any, and a description."""

    table: str
    row: int | str | None
    what: str
    expected: str = ""
    found: str = ""

    def __str__(self) -> str:
        row = f" row {self.row}" if self.row is not None else ""
        figures = f" (expected {self.expected}, found {self.found})" if self.expected else ""
        return f"{self.table}{row}: {self.what}{figures}"
