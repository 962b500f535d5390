"""Results of checking rows before an import, and spelling suggestions."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.common.errors import Refusal
from inventory.common.messages import join_sentences, message
from inventory.stock import queries as stock
from inventory.stock.statements import items, lots

#: Unknown names that are compared with known ones, because the comparison is slow.
_MAX_SUGGESTED = 40
_ALIKE = 0.75


@dataclass(slots=True)
class RowCheckResult:
    """Result of a check; rows are identified by their index."""

    #: (index, field, reason)
    refused: list[tuple[int, str, str]] = field(default_factory=list)
    #: (index, text) of rows that can be imported but need attention.
    notes: list[tuple[int, str]] = field(default_factory=list)
    new: int = 0
    changed: int = 0
    same: int = 0
    #: Input of `write` of the same kind.
    plan: Any = None

    def refuse(self, index: int, refusal: Refusal) -> None:
        """Add the refusal of a row."""
        field = str(refusal.figures.get("field", ""))
        self.refused.append((index, field, refusal.detail))


class SpellingSuggester:
    """Suggests known names that are similar to an unknown one."""

    def __init__(self, read: Callable[[], Sequence[str]]) -> None:
        self._read = read
        self._known: dict[str, str] | None = None
        self._said: dict[str, str] = {}

    def near(self, name: str) -> str:
        """Return the most similar known name, or ""."""
        if name not in self._said and len(self._said) < _MAX_SUGGESTED:
            if self._known is None:
                self._known = {known.casefold(): known for known in self._read()}
            near = difflib.get_close_matches(name.casefold(), self._known, 1, _ALIKE)
            self._said[name] = self._known[near[0]] if near else ""
        return self._said.get(name, "")


def item_suggester(conn: Connection) -> SpellingSuggester:
    """Return a suggester of item codes."""
    return SpellingSuggester(lambda: list(conn.execute(sa.select(items.c.code)).scalars()))


def lot_suggester(conn: Connection, item_code: str) -> SpellingSuggester:
    """Return a suggester of an item's lot codes."""
    found = stock.read_items(conn, codes=[item_code])
    chosen = sa.select(lots.c.lot_code).where(lots.c.item_id.in_([item.id for item in found]))
    return SpellingSuggester(lambda: list(conn.execute(chosen).scalars()))


def with_suggestion(reason: str, near: str) -> str:
    """Return the reason, with the suggestion if there is one."""
    if not near:
        return reason
    return join_sentences(reason, message("Did you mean %(near)s?", near=near))
