"""Hooks for metrics: the core reports events without knowing the listener.

Without metrics there is no listener (http/metrics.py).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class MetricsListener(Protocol):
    """Receives the events of this process."""

    def operation(self, kind: str, outcome: str) -> None:
        """Count an operation that was posted, replayed or refused."""

    def refusal(self, code: str) -> None:
        """Count a refusal by its code."""

    def transaction_retried(self, why: str) -> None:
        """Count a transaction that ran again because another writer came first."""

    def waited(self, what: str, seconds: float) -> None:
        """Record a wait for a lock."""


_listeners: list[MetricsListener] = []


def set_listener(listener: MetricsListener) -> None:
    """Set the one listener of this process."""
    _listeners[:] = [listener]


def operation(kind: str, outcome: str) -> None:
    """Report an operation that was posted, replayed or refused."""
    for listener in _listeners:
        listener.operation(kind, outcome)


def refusal(code: str) -> None:
    """Report a refusal by its code."""
    for listener in _listeners:
        listener.refusal(code)


def transaction_retried(why: str) -> None:
    """Report that a transaction runs again."""
    for listener in _listeners:
        listener.transaction_retried(why)


@contextmanager
def measure_wait(what: str) -> Iterator[None]:
    """Report the duration of the block as a wait for a lock."""
    began = time.perf_counter()
    try:
        yield
    finally:
        for listener in _listeners:
            listener.waited(what, time.perf_counter() - began)
