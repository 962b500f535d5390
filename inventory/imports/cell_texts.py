"""Texts of cells, in all file formats."""

from __future__ import annotations

import re
from functools import lru_cache

from inventory.common.messages import join_sentences, message
from inventory.exports.formats import FORMULA

#: Errors as spreadsheets write them; most end in ! or ? in all languages: #REF!, #BEZUG!, #¿NOMBRE?
_ERROR = re.compile(r"#[¡¿]?[^\W\d_][\w/]{0,30}[!?]")
#: Errors without ! or ?.
_OTHER_ERRORS = {
    "#N/A", "#N/D", "#N/B", "#NV", "#I/T", "#Н/Д", "#YOK", "#HIÁNYZIK", "#NENÍ_K_DISPOZICI",
    "#GETTING_DATA",
}  # fmt: skip
#: LibreOffice numbers some of its errors.
_NUMBERED_ERROR = re.compile(r"(?:Err|Fehler|Erreur) ?: ?5\d\d", re.ASCII)
_HASHES = re.compile("#{3,}")
_SAVE_AGAIN = message(
    "Open the file in a spreadsheet program, let it calculate, and save it again."
)


class NumberCell(str):
    """A number of a spreadsheet, with a decimal point: it has one reading."""

    __slots__ = ()


class BadCell(str):
    """Cell without a readable value; the text is what the file shows."""

    reason: str

    def __new__(cls, shown: str, reason: str) -> BadCell:
        cell = super().__new__(cls, shown)
        cell.reason = reason
        return cell


NOT_CALCULATED = BadCell(
    "(formula without a value)",
    join_sentences(
        message(
            "The formula here has no stored value: the program that wrote the file did not"
            " calculate it."
        ),
        _SAVE_AGAIN,
    ),
)
OUTDATED = BadCell(
    "(formula to be calculated)",
    join_sentences(
        message(
            "The value of the formula here can be wrong: the file says that it is still to be"
            " calculated."
        ),
        _SAVE_AGAIN,
    ),
)


@lru_cache(256)
def error_cell(shown: str) -> BadCell:
    """Return the cell of a spreadsheet error."""
    shown = shown[:40] or "unknown error"
    return BadCell(
        shown,
        message(
            "The spreadsheet has an error here (%(shown)s). Fix the formula, or type the value, and"
            " save the file again.",
            shown=shown,
        ),
    )


def reason_unreadable(text: str) -> str | None:
    """Return why a cell has no readable value although it has a text, or None."""
    if isinstance(text, BadCell):
        return text.reason
    if is_error(text):
        return error_cell(text).reason
    if _HASHES.fullmatch(text):
        return message(
            "The spreadsheet shows only %(text)s here: the column is too narrow for its value."
            " Widen the column, and save or copy it again.",
            text=text[:40],
        )
    return None


def is_error(text: str) -> bool:
    """Return whether a text is an error of a spreadsheet program."""
    if text.startswith("#"):
        return text.upper() in _OTHER_ERRORS or (text.isupper() and bool(_ERROR.fullmatch(text)))
    return ":" in text[:8] and bool(_NUMBERED_ERROR.fullmatch(text))


def plain(text: str) -> str:
    """Return a text without outer spaces and without the escape of formulas.

    Files of this product put an apostrophe before texts that look like formulas.
    """
    text = text.strip()
    return text[1:] if text[:1] == "'" and text[1:].startswith(FORMULA) else text


def column_letters(number: int) -> str:
    """Return the letters of a spreadsheet column; the first has number 0."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
