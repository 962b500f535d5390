"""The code on our own labels: `INV1L4711X3F2A9C`.

Version, kind (L a lot, I an item, P a place), number, and a check over the codes that people know
it by, so that a label of another warehouse, or of a database that was made anew, is never taken
for one of ours. Nothing but capitals and digits: a scanner with the wrong keyboard cannot garble
it, and QR and DataMatrix pack it tightly. A place has no number: its name stands there in hex.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["lot", "item", "location"]

_LETTERS: dict[str, Kind] = {"L": "lot", "I": "item", "P": "location"}
_OWN = re.compile(
    r"INV1(?:([LI])([1-9][0-9]{0,18})|P((?:[0-9A-F]{2}){1,256}))X([0-9A-F]{6})", re.ASCII
)


@dataclass(frozen=True, slots=True)
class InternalCode:
    """What a label of ours says."""

    kind: Kind
    check: str
    id: int | None = None
    location: str | None = None

    def is_of(self, *codes: str) -> bool:
        """Whether the check is the one over these codes."""
        return self.check == _check(self.kind, *codes)

    def to_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "id": self.id, "location": self.location}


def lot_content(lot_id: int, item_code: str, lot_code: str) -> str:
    return f"INV1L{lot_id}X{_check('lot', item_code, lot_code)}"


def item_content(item_id: int, item_code: str) -> str:
    return f"INV1I{item_id}X{_check('item', item_code)}"


def location_content(location: str) -> str:
    return f"INV1P{location.encode().hex().upper()}X{_check('location', location)}"


def read(code: str) -> InternalCode | None:
    """What the label says; None when it is not one of ours."""
    found = _OWN.fullmatch(code.upper())
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
