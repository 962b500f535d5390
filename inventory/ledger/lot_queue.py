"""Keep writers that wait for one lot from taking the threads that other requests need.

On PostgreSQL a writer waits in the database, and holds its thread and its connection meanwhile. In
each process a few writers per lot wait there; others wait here, and are refused as soon as it is
clear that the lot does not get free.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from inventory.common import deadline
from inventory.common.errors import Busy

#: A lot is stuck if a writer waits for it longer than this.
STUCK_SECONDS = 2.0
_CHECK_SECONDS = 0.1

_changed = threading.Condition()
#: Lot id to the times since which its writers wait, the earliest first.
_waiting: dict[int, list[float]] = {}


@contextmanager
def place(lot_ids: Collection[int], *, places: int) -> Iterator[None]:
    """Take a place among the writers that wait for these lots, for the block.

    Args:
        places: writers per lot that can wait in the block at once.

    Raises:
        Busy: all places of a lot are taken, and it is stuck.
    """
    with _changed:
        while full := [id for id in lot_ids if len(_waiting.get(id, ())) >= places]:
            longest = time.monotonic() - min(_waiting[id][0] for id in full)
            if longest > min(STUCK_SECONDS, deadline.remaining(STUCK_SECONDS)):
                raise Busy()
            _changed.wait(_CHECK_SECONDS)
        since = time.monotonic()
        for id in lot_ids:
            _waiting.setdefault(id, []).append(since)
    try:
        yield
    finally:
        with _changed:
            for id in lot_ids:
                _waiting[id].remove(since)
                if not _waiting[id]:
                    del _waiting[id]
            _changed.notify_all()
