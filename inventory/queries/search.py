"""Case-insensitive search for a text in columns, the same on both databases.

LIKE and lower() differ between the databases beyond ASCII, so every letter becomes a class of its
two cases, such as `[öÖ]`: in a GLOB on SQLite, in a regular expression on PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.common import validation
from inventory.db import search_index
from inventory.stock import queries as stock

MAX_LENGTH = 100


def validate_search(value: object) -> str | None:
    """Return the search text, or None if it is empty."""
    return validation.validate_text(value, field="q", max_length=MAX_LENGTH)


def contains(conn: Connection, wanted: str, *columns: sa.Column[Any]) -> sa.ColumnElement[bool]:
    """Return the condition that one of the columns contains the text."""
    compared = _compared(conn.dialect.name, wanted, columns)
    narrowed = search_index.prefilter(conn, wanted, columns[0].table.name)
    return compared if narrowed is None else sa.and_(narrowed, compared)


def _compared(
    dialect: str, wanted: str, columns: Sequence[sa.Column[Any]]
) -> sa.ColumnElement[bool]:
    if dialect == "sqlite":
        pattern = f"*{''.join(map(_glob, wanted))}*"
        return sa.or_(*(column.op("GLOB", is_comparison=True)(pattern) for column in columns))
    pattern = "".join(map(_regex, wanted))
    return sa.or_(*(column.op("~", is_comparison=True)(pattern) for column in columns))


def _cases(character: str) -> list[str]:
    found = {character, character.lower(), character.upper(), character.upper().lower()}
    return sorted(case for case in found if len(case) == 1)


def _glob(character: str) -> str:
    cases = _cases(character)
    return f"[{''.join(cases)}]" if len(cases) > 1 or character in "*?[" else character


def _regex(character: str) -> str:
    cases = _cases(character)
    if len(cases) > 1:
        return f"[{''.join(cases)}]"
    return f"\\{character}" if character.isascii() and not character.isalnum() else character


def id_of_item(conn: Connection, code: object) -> int:
    """Return the id of the item with this code, in any case if only one is meant, or 0."""
    cleaned = validation.validate_code(code, field="item")
    found = stock.find_items(conn, [cleaned])
    return found[cleaned].id if found else 0
