"""Numeric cells of spreadsheets as texts: plain decimals, or dates by format.

Source: ECMA-376 Part 1, 18.8.30 (number formats) and 18.17.4 (dates and times).
"""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from inventory.common.messages import message
from inventory.imports.cell_texts import BadCell, NumberCell

#: A spreadsheet stores this many digits; of longer codes it has lost some.
_EXACT_DIGITS = 15
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)
#: Built-in formats of dates and times; 27 to 36 and 50 to 58 depend on the language.
_DATE_FORMATS = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
_NO_DATE = re.compile(r'"[^"]*"?|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]|General', re.IGNORECASE)
_DATE_LETTERS = re.compile(r"[ymdhs]", re.IGNORECASE)
#: Formats that show a number with leading zeros, as codes and not as quantities are.
_PADDED = re.compile(r"(0{2,30})(?:;.*)?")
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001  # a spreadsheet's dates have no time zone
_EPOCH_1904 = datetime(1904, 1, 1)  # noqa: DTZ001
#: Excel counts February 29, 1900, which does not exist.
_NO_DAY = 60
_DAYS = 2_958_466
_MIDNIGHT = re.compile(r"T00:00(:00(\.0+)?)?Z?$")


def is_date_format(number: int, code: str | None) -> bool:
    """Return whether a number format shows a date or a time."""
    if code is None:
        return number in _DATE_FORMATS
    return _DATE_LETTERS.search(_NO_DATE.sub("", code)) is not None


def zero_padding(code: str | None) -> int:
    """Return how many digits a number format shows at least (00000: 5), or 0."""
    found = _PADDED.fullmatch(code or "")
    return len(found[1]) if found else 0


def number_text(text: str) -> str | None:
    """Return a number as a plain decimal, or None if the text is not a number."""
    if text.isdigit() and text.isascii() and len(text) <= _EXACT_DIGITS:
        return text.lstrip("0") or "0"
    if len(text) > 400 or not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    if not math.isfinite(value):
        return None
    if value.is_integer() and abs(value) >= 10**_EXACT_DIGITS:
        return BadCell(
            f"{value:.0f}",
            message(
                "The spreadsheet kept only %(digits)s digits of this number. Format the column as"
                " text, and type or paste its values again.",
                digits=_EXACT_DIGITS,
            ),
        )
    # A sum in a spreadsheet can be 0.30000000000000004; what it shows and means is 0.3.
    digits = f"{value + 0.0:.{_EXACT_DIGITS}g}"
    return NumberCell(f"{Decimal(digits):f}" if "e" in digits else digits)


@lru_cache(2048)
def date_text(text: str, *, since_1904: bool) -> str | None:
    """Return a serial number as an ISO date, with its time if not midnight.

    None if the text is not a valid serial number.
    """
    if len(text) > 400 or not _NUMBER.fullmatch(text):
        return None
    days = float(text)
    if not 0 <= days < _DAYS:
        return None
    when = timedelta(milliseconds=round(days * 86_400_000))
    epoch = _EPOCH_1904 if since_1904 else _EPOCH + timedelta(days=days < _NO_DAY)
    found = epoch + when
    if days < 1 and not since_1904:
        return found.time().isoformat()
    midnight = found.time() == found.min.time()
    return found.date().isoformat() if midnight else found.isoformat()


def without_midnight(text: str) -> str:
    """Return an ISO date without a time of midnight."""
    return _MIDNIGHT.sub("", text)
