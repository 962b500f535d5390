"""Compare codes as people see them: without case, width, blanks and look-alike letters.

The keys follow the skeletons of Unicode Technical Standard #39 §4, made from upper-case letters
because codes are compared without case.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import cache
from importlib import resources

#: Longer keys are replaced by their digest, so that each fits into an index.
MAX_KEY = 200

_LEFT_OUT = {chr(code): "" for code in (*range(33), 127)}
#: The prototypes of upper-case ASCII characters; `1`, `I` and `|` look like a lower-case L.
_ASCII = str.maketrans(
    {letter: letter.upper() for letter in "abcdefghijklmnopqrstuvwxyz"}
    | {"I": "l", "i": "l", "1": "l", "|": "l", "0": "O", "`": "'", '"': "''"}
    | _LEFT_OUT
)
_SMALL_CAPITAL = "LATIN LETTER SMALL CAPITAL "
#: Characters without a visible shape, as the inside of a character class: controls, the Unicode
#: property Default_Ignorable_Code_Point, line separators, blanks that are no spaces, private use.
INVISIBLE = (
    r"\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    r"\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ud800-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0f"
    r"\ufeff\uffa0\ufff0-\uffff"
    "\U00013430-\U00013442\U00016fe4\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a"
    "\U000e0000-\U0010ffff"
)
_INVISIBLE = re.compile(f"[{INVISIBLE}]")


def find_invisible(text: str) -> str | None:
    """Return the first character that cannot be seen, or None."""
    found = _INVISIBLE.search(text)
    return found and found.group()


def single_blanks(text: str) -> str:
    """Return the text with each run of blanks of any kind as one space."""
    return " ".join(text.split())


def case_key(code: str) -> str:
    """Return the key under which codes are equal that differ in case, width or kind of blank."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", code).casefold())
    return single_blanks(folded)


def look_key(code: str) -> str:
    """Return the key under which codes are equal that look alike."""
    if code.isascii():
        key = code.translate(_ASCII)
    else:
        key = "".join(map(_prototype, unicodedata.normalize("NFKD", code)))
    return key if len(key) <= MAX_KEY else hashlib.sha256(key.encode()).hexdigest()


@cache
def _prototypes() -> dict[str, str]:
    lines = resources.files("inventory.common").joinpath("confusables.txt").read_text("utf-8")
    rows = (line.split() for line in lines.splitlines() if not line.startswith("#"))
    return {
        chr(int(source, 16)): "".join(chr(int(code, 16)) for code in target)
        for source, *target in rows
    }


@cache
def _prototype(character: str) -> str:
    """Return what the character looks like: upper-case ASCII if either of its cases does."""
    if find_invisible(character) or character.isspace():
        return ""
    if unicodedata.category(character) == "Pd":
        return "-"
    upper = character.upper()
    shapes = [_replaced(one) for one in (upper, upper.lower(), character)]
    for shape in (*shapes, _small_capital(character)):
        if shape and shape.isascii():
            # A prototype `l` is the shape of a vertical line, not the letter.
            return "".join("l" if one == "l" else one.translate(_ASCII) for one in shape)
    return shapes[0]


def _replaced(text: str) -> str:
    if text.isascii():
        return text.translate(_ASCII)
    return "".join(_prototypes().get(one, one) for one in text)


def _small_capital(character: str) -> str:
    name = unicodedata.name(character, "")
    return name.removeprefix(_SMALL_CAPITAL) if len(name) == len(_SMALL_CAPITAL) + 1 else ""
