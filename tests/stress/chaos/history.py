"""What the clients saw, by their own clock: the one thing the checker believes beside the rows."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Write:
    """One operation that somebody asked for, and what they were told at last."""

    key: str
    path: str
    began: float
    ended: float = 0.0
    #: GRANTED, or the code of the refusal; empty as long as nobody knows.
    told: str = ""
    tries: int = 0


@dataclass
class Look:
    """A lot as somebody saw it."""

    lot_id: int
    lot_seq: int
    began: float
    ended: float


GRANTED = "granted"


@dataclass
class History:
    writes: list[Write] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    #: Answers that no client should ever get.
    strange: list[str] = field(default_factory=list)
    #: Tries that ended without an answer, by what came instead.
    troubles: Counter[str] = field(default_factory=Counter)
    #: Nothing will ever answer again: who still waits may go home.
    abandoned: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, key: str, path: str) -> Write:
        write = Write(key, path, time.monotonic())
        with self._lock:
            self.writes.append(write)
        return write

    def trouble(self, kind: str) -> None:
        with self._lock:
            self.troubles[kind] += 1

    def answered(self) -> int:
        return sum(1 for write in self.writes if write.told)

    def told(self) -> Counter[str]:
        return Counter(write.told for write in self.writes)
