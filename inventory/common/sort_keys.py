"""Sort texts as people do: numbers by value, letters without case and accents.

The keys are compared byte by byte, so that both databases and Python sort alike.
"""

from __future__ import annotations

import re
import unicodedata

#: Longer keys are cut off; equal ones are sorted by id.
MAX_KEY = 200

_DIGITS = re.compile(r"[0-9]+")
#: Letters that Unicode does not decompose into a base letter.
BASE_LETTERS = str.maketrans(
    {"ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ı": "i"}
)


def natural_key(text: str) -> str:
    """Return the key of a text: A-2 before A-10, `ab` beside `AB`, Ä beside A."""
    folded = text.casefold()
    if not folded.isascii():
        parts = unicodedata.normalize("NFKD", folded).casefold().translate(BASE_LETTERS)
        folded = "".join(one for one in parts if not unicodedata.combining(one))
    return _DIGITS.sub(_by_value, folded)[:MAX_KEY]


def _by_value(digits: re.Match[str]) -> str:
    """Return a number after the count of its digits, so that longer numbers come later."""
    value = digits.group().lstrip("0") or "0"
    return f"{len(value):02d}{value}"
