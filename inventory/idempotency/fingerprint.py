"""Fingerprint of a write: equal content has an equal digest.

Digests are stored for ever: a tablet may send a key again after the program was updated. So a field
that a command got later counts only if it is used (`added_field`).
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from typing import Any

_MISSING = object()


def added_field(*, is_content: bool = True) -> Any:
    """Return an optional field that a command got after its first release.

    Args:
        is_content: whether it belongs to what was requested, rather than to who requested it.
    """
    return dataclasses.field(default=None, metadata={"added": True, "is_content": is_content})


def digest(content: Any) -> bytes:
    """Return SHA-256 of the content as canonical JSON.

    Dataclasses are serialized by their fields.
    """
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), default=_canonical)
    return hashlib.sha256(canonical.encode()).digest()


def _canonical(value: Any) -> Any:
    if not dataclasses.is_dataclass(value):
        return str(value)
    return {
        name: found
        for name, left_out in _content_fields(value.__class__)
        if (found := getattr(value, name)) is not left_out
    }


@functools.cache
def _content_fields(kind: type) -> tuple[tuple[str, Any], ...]:
    """Return the names of the fields, each with the value with which it is left out."""
    return tuple(
        (field.name, None if field.metadata.get("added") else _MISSING)
        for field in dataclasses.fields(kind)
        if field.metadata.get("is_content", True)
    )
