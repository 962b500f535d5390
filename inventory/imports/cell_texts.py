"""Texts of cells, whatever the format of their file."""

from __future__ import annotations

import re
from functools import lru_cache

from inventory.exports.formats import FORMULA

#: Errors as spreadsheets write them; most end in ! or ?, in any language: #REF! #BEZUG! #¿NOMBRE?
_ERROR = re.compile(r"#[¡¿]?[^\W\d_][\w/]{0,30}[!?]")
#: Those that do not.
_OTHER_ERRORS = {
    "#N/A", "#N/D", "#N/B", "#NV", "#I/T", "#Н/Д", "#YOK", "#HIÁNYZIK", "#NENÍ_K_DISPOZICI",
    "#GETTING_DATA",
}  # fmt: skip
#: LibreOffice numbers some of its errors.
_NUMBERED_ERROR = re.compile(r"(?:Err|Fehler|Erreur) ?: ?5\d\d", re.ASCII)
_HASHES = re.compile("#{3,}")
_SAVE_AGAIN = "Open the file in a spreadsheet program, let it calculate, and save it again."


class BadCell(str):
    """A cell without a value to read. The text is what the file shows, `reason` what is wrong."""

    reason: str

    def __new__(cls, shown: str, reason: str) -> BadCell:
        cell = super().__new__(cls, shown)
        cell.reason = reason
        return cell


NOT_CALCULATED = BadCell(
    "(formula without a value)",
    "The formula here has no stored value: the program that wrote the file did not calculate it."
    f" {_SAVE_AGAIN}",
)
OUTDATED = BadCell(
    "(formula to be calculated)",
    "The value of the formula here may be wrong: the file says that it is still to be calculated."
    f" {_SAVE_AGAIN}",
)


@lru_cache(256)
def error_cell(shown: str) -> BadCell:
    shown = shown[:40] or "unknown error"
    return BadCell(
        shown,
        f"The spreadsheet has an error here ({shown}). Fix the formula, or type the value, and"
        " save the file again.",
    )


def reason_unreadable(text: str) -> str | None:
    """Return what is wrong with a cell that has no value to read, though it has a text."""
    if isinstance(text, BadCell):
        return text.reason
    if is_error(text):
        return error_cell(text).reason
    if _HASHES.fullmatch(text):
        return (
            f"The spreadsheet shows only {text[:40]} here: the column is too narrow for its value."
            " Widen the column, and save or copy it again."
        )
    return None


def is_error(text: str) -> bool:
    if text.startswith("#"):
        return text.upper() in _OTHER_ERRORS or (text.isupper() and bool(_ERROR.fullmatch(text)))
    return ":" in text[:8] and bool(_NUMBERED_ERROR.fullmatch(text))


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
