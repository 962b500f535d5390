"""Texts in XLSX parts: shared texts, and escapes.

Source: ECMA-376 Part 1, 18.4 (shared strings), 22.4.2.4 (escapes).
"""

from __future__ import annotations

import re

from inventory.imports.cell_texts import plain
from inventory.imports.limits import MemoryBudget
from inventory.imports.packages import Attributes, Walker

_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")


class RichTextWalker(Walker):
    """Collects texts and their runs, without phonetic readings of Japanese texts."""

    def __init__(self) -> None:
        super().__init__()
        self._in_reading = False
        self.handle("t", self._begin_text, self.ignore_text)
        self.handle("rPh", self._begin_reading, self._end_reading)

    def _begin_text(self, _: Attributes) -> None:
        if not self._in_reading:
            self.collect_text()

    def _begin_reading(self, _: Attributes) -> None:
        self._in_reading = True

    def _end_reading(self) -> None:
        self._in_reading = False


class SharedTextsWalker(RichTextWalker):
    """Collects the shared texts in their order (`found`)."""

    def __init__(self, budget: MemoryBudget) -> None:
        super().__init__()
        self.found: list[str] = []
        self._budget = budget
        self.handle("si", end=self._text)

    def _text(self) -> None:
        self.found.append(self._budget.spend(plain(unescaped(self.take_text()))))


def unescaped(text: str) -> str:
    """Return a text with escapes like `_x000D_` as characters."""
    return _ESCAPE.sub(_character, text) if "_x" in text else text


def _character(found: re.Match[str]) -> str:
    character = chr(int(found[1], 16))
    return character if character.isprintable() or character in "\t\r\n" else found[0]
