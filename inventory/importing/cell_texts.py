"""Texts of cells, whatever the format of their file."""

from __future__ import annotations

from inventory.table_files import FORMULA


def plain(text: str) -> str:
    """Return a text without spaces around it, and without the mark that keeps it from being read
    as a formula in files of the product."""
    text = text.strip()
    return text[1:] if text[:1] == "'" and text[1:].startswith(FORMULA) else text


def column_letters(number: int) -> str:
    """Return the name of a column in spreadsheets; the first is 0."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
