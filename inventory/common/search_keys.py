"""Fold texts for the search: words without case, accents, dashes and other signs.

A record is found if its key contains each word of the folded query. The signs are left out, so
`AB-1` is `ab1`, and a query of signs alone has no words.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from inventory.common.lookalikes import find_invisible
from inventory.common.sort_keys import BASE_LETTERS

#: Signs that are read as letters: in sizes (10 × 25) and for diameters.
_SIGNS = str.maketrans({"×": "x", "✕": "x", "✖": "x", "⨯": "x", "⌀": "o"})
#: Emoji are no signs, because a code can be one. Newer ones have no Unicode category yet.
_PICTURES = ("\U0001f000", "\U0001ffff")
#: `10 × 25` is one word, as `10x25` is.
_SIZE = re.compile(r"(?<=[0-9]) *x *(?=[0-9])")


def fold_for_search(text: str) -> str:
    """Return the words of a text, folded, with single spaces between them."""
    folded = "".join(map(_fold, text.translate(_SIGNS)))
    return " ".join(_SIZE.sub("x", folded).split())


def search_words(query: str) -> list[str]:
    """Return the different words of a query."""
    return list(dict.fromkeys(fold_for_search(query).split()))


def item_key(code: str, name: str) -> str:
    """Return the search key of an item."""
    return f"{_fold_code(code)} {fold_for_search(name)}".strip()


def lot_key(lot_code: str, supplier_lot: str | None) -> str:
    """Return the search key of a lot."""
    return f"{_fold_code(lot_code)} {_fold_code(supplier_lot or '')}".strip()


def reservation_key(reference: str) -> str:
    """Return the search key of a reservation."""
    return _fold_code(reference)


def _fold_code(code: str) -> str:
    """Return a code as one word: `AB 1` is found by `ab1` and by `ab 1`."""
    return fold_for_search(code).replace(" ", "")


@lru_cache(maxsize=4096)
def _fold(character: str) -> str:
    """Return the letters and digits of a character, an emoji as it is, or a space for a blank.

    Characters are folded one by one, so that each part of a text has a part of its key.
    """
    if character.isspace():
        return " "
    if find_invisible(character):
        return ""
    parts = unicodedata.normalize("NFKD", character.casefold()).casefold()
    parts = unicodedata.normalize("NFKD", parts).translate(BASE_LETTERS)
    letters = "".join(filter(str.isalnum, parts))
    return letters or (character if _PICTURES[0] <= character <= _PICTURES[1] else "")
