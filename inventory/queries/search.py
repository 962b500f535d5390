"""Search for words in search keys and for a text in barcodes, the same on both databases."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.common import validation
from inventory.common.search_keys import search_words
from inventory.db import search_index
from inventory.stock import queries as stock

MAX_LENGTH = 100


def validate_search(value: object) -> str | None:
    """Return the search text, or None if it is empty."""
    return validation.validate_text(value, field="q", max_length=MAX_LENGTH)


def contains(conn: Connection, wanted: str, table: sa.Table) -> sa.ColumnElement[bool]:
    """Return the condition that the search key of the table contains each word, in any order.

    No row contains a text without letters and digits.
    """
    words = search_words(wanted)
    if not words:
        return sa.false()
    compared = sa.and_(*(_has(conn, table.c.search_key, word) for word in words))
    narrowed = search_index.prefilter(conn, words, table.name)
    return compared if narrowed is None else sa.and_(narrowed, compared)


def _has(conn: Connection, key: sa.Column[Any], word: str) -> sa.ColumnElement[bool]:
    """Return the condition for a folded word, in which LIKE has no signs to escape."""
    if conn.dialect.name == "sqlite":
        return sa.func.instr(key, word) > 0
    return key.like(f"%{word}%")


def contains_text(conn: Connection, wanted: str, column: sa.Column[Any]) -> sa.ColumnElement[bool]:
    """Return the condition that the column contains the text, in any case.

    LIKE and lower() differ between the databases beyond ASCII, so every letter becomes a class of
    its two cases, such as `[öÖ]`: in a GLOB on SQLite, in a regular expression on PostgreSQL.
    """
    if conn.dialect.name == "sqlite":
        return column.op("GLOB", is_comparison=True)(f"*{''.join(map(_glob, wanted))}*")
    return column.op("~", is_comparison=True)("".join(map(_regex, wanted)))


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
