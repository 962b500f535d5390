"""What happens, counted: the core tells it here, and knows nothing of who listens.

Nobody does unless metrics are switched on (http_metrics.py).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class MetricsListener(Protocol):
    def operation(self, kind: str, outcome: str) -> None:
        """An operation was posted, replayed, or refused."""

    def refusal(self, code: str) -> None:
        """Something was refused, for this reason."""

    def transaction_retried(self, why: str) -> None:
        """A transaction ran again: somebody else wrote first."""

    def waited(self, what: str, seconds: float) -> None:
        """Somebody waited for a lock."""


_listeners: list[MetricsListener] = []


def set_listener(listener: MetricsListener) -> None:
    """Have this process tell it: one alone, the last."""
    _listeners[:] = [listener]


def operation(kind: str, outcome: str) -> None:
    for listener in _listeners:
        listener.operation(kind, outcome)


def refusal(code: str) -> None:
    for listener in _listeners:
        listener.refusal(code)


def transaction_retried(why: str) -> None:
    for listener in _listeners:
        listener.transaction_retried(why)


@contextmanager
def measure_wait(what: str) -> Iterator[None]:
    """How long it takes to get a lock."""
    began = time.perf_counter()
    try:
        yield
    finally:
        for listener in _listeners:
            listener.waited(what, time.perf_counter() - began)
