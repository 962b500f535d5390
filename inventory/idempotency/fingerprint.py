"""Fingerprint of a write: equal content has an equal digest."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from typing import Any


def digest(content: Any) -> bytes:
    """Return SHA-256 of the content as canonical JSON.

    Dataclasses are serialized by their fields.
    """
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), default=_canonical)
    return hashlib.sha256(canonical.encode()).digest()


def _canonical(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return {name: getattr(value, name) for name in _field_names(value.__class__)}
    return str(value)


@functools.cache
def _field_names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))
