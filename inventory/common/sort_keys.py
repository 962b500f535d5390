"""Sort keys of codes and locations."""

from __future__ import annotations

import re

_DIGITS = re.compile(r"\d+")
#: Longer than any number in a code.
_WIDTH = 64


def natural_key(text: str) -> str:
    """Return a key that sorts A-2 before A-10, and ignores case."""
    return _DIGITS.sub(lambda found: found[0].zfill(_WIDTH), text.casefold())
