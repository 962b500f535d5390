"""Signals that the core sends for metrics.

The receivers are in http/metrics.py; without metrics there are none. Flask brings blinker along.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from blinker import Namespace

_signals = Namespace()

#: An operation was posted, replayed or refused; with `kind` and `outcome`.
operation_finished = _signals.signal("operation-finished")
#: A request was refused; with `code`.
request_refused = _signals.signal("request-refused")
#: A transaction runs again because another writer came first; with `reason`, an SQLSTATE.
transaction_retried = _signals.signal("transaction-retried")
#: A lock was waited for; with `lock` and `seconds`.
lock_waited = _signals.signal("lock-waited")


@contextmanager
def measure_wait(lock: str) -> Iterator[None]:
    """Send the duration of the block as a wait for the lock."""
    began = time.perf_counter()
    try:
        yield
    finally:
        lock_waited.send(lock=lock, seconds=time.perf_counter() - began)
