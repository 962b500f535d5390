"""Progress of long operations."""

from __future__ import annotations

from collections.abc import Callable


class Progress:
    """Calls `show` with the current step's name, the amount done and the total."""

    def __init__(self, show: Callable[[str, int, int], None]) -> None:
        self._show = show
        self._word, self._done, self._total = "", 0, 0

    def start(self, word: str, total: int) -> None:
        """Start a step with this total."""
        self._word, self._done, self._total = word, 0, total
        self._show(word, 0, total)

    def step(self, count: int = 1) -> None:
        """Add to the amount done."""
        self._done += count
        self._show(self._word, min(self._done, self._total), self._total)


SILENT = Progress(lambda word, done, total: None)
