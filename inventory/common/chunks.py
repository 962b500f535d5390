"""Split long lists, because a database limits the values bound in a statement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

#: Small enough for both databases, large enough that the cost per statement does not matter.
SIZE = 1000


def chunks(values: Sequence[T], size: int = SIZE) -> Iterator[Sequence[T]]:
    """Yield the values in order, `size` at a time."""
    for start in range(0, len(values), size):
        yield values[start : start + size]
