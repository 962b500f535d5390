"""How long a request can still wait for locks, however many it waits for."""

from __future__ import annotations

import time
from contextvars import ContextVar

#: From the arrival of a request.
SECONDS = 10.0
#: A request that waited for its turn until the deadline still tries once.
_LEAST = 0.1

_ends_at: ContextVar[float | None] = ContextVar("ends_at", default=None)


def start(seconds: float = SECONDS) -> None:
    """Set the deadline of the current context."""
    _ends_at.set(time.monotonic() + seconds)


def remaining(most: float) -> float:
    """Return the seconds that are left, at most `most`; outside of a request, `most`."""
    ends_at = _ends_at.get()
    if ends_at is None:
        return most
    return min(most, max(_LEAST, ends_at - time.monotonic()))
