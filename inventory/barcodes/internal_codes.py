"""The codes on our own labels: `INV1L4711X3F2A9C`.

They have a version, a kind (L lot, I item, P location), an id and a check over the item and lot
code, so that a label of another warehouse or of a rebuilt database is not mistaken for ours. They
have only capitals and digits: a wrong keyboard layout of the scanner does no harm, and QR codes and
DataMatrix encode them compactly. A location has its name in hex instead of an id.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["lot", "item", "location"]

_LETTERS: dict[str, Kind] = {"L": "lot", "I": "item", "P": "location"}
_INTERNAL = re.compile(
    r"INV1(?:([LI])([1-9][0-9]{0,18})|P((?:[0-9A-F]{2}){1,256}))X([0-9A-F]{6})", re.ASCII
)


@dataclass(frozen=True, slots=True)
class InternalCode:
    """The content of one of our labels."""

    kind: Kind
    check: str
    id: int | None = None
    location: str | None = None

    def is_of(self, *codes: str) -> bool:
        """Return whether the check is the one of these codes."""
        return self.check == _check(self.kind, *codes)

    def to_dict(self) -> dict[str, Any]:
        """Return the code, ready for JSON."""
        return {"kind": self.kind, "id": self.id, "location": self.location}


def lot_content(lot_id: int, item_code: str, lot_code: str) -> str:
    """Return the code for a lot's label."""
    return f"INV1L{lot_id}X{_check('lot', item_code, lot_code)}"


def item_content(item_id: int, item_code: str) -> str:
    """Return the code for an item's label."""
    return f"INV1I{item_id}X{_check('item', item_code)}"


def location_content(location: str) -> str:
    """Return the code for a location's label."""
    return f"INV1P{location.encode().hex().upper()}X{_check('location', location)}"


def read(code: str) -> InternalCode | None:
    """Return the label's content, or None if it is not one of our labels."""
    found = _INTERNAL.fullmatch(code.upper())
    if found is None:
        return None
    if found[1]:
        return InternalCode(_LETTERS[found[1]], found[4], id=int(found[2]))
    try:
        location = bytes.fromhex(found[3]).decode()
    except UnicodeDecodeError:
        return None
    label = InternalCode("location", found[4], location=location)
    return label if label.is_of(location) else None


def _check(kind: Kind, *codes: str) -> str:
    content = "\0".join(("INV1", kind, *codes)).encode()
    return hashlib.sha256(content).hexdigest()[:6].upper()
