"""Records of the clients, with the times of their own clock."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Write:
    """A requested operation and its final result."""

    key: str
    path: str
    began: float
    ended: float = 0.0
    #: GRANTED or the code of the refusal; empty until there is an answer.
    result: str = ""
    attempts: int = 0


@dataclass
class LotRead:
    """A lot as a client has read it."""

    lot_id: int
    lot_seq: int
    began: float
    ended: float


GRANTED = "granted"


@dataclass
class History:
    writes: list[Write] = field(default_factory=list)
    reads: list[LotRead] = field(default_factory=list)
    #: Responses that clients must never get.
    unexpected: list[str] = field(default_factory=list)
    #: Attempts without an answer, by error.
    errors: Counter[str] = field(default_factory=Counter)
    #: There will be no more answers; waiting clients end.
    abandoned: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, key: str, path: str) -> Write:
        write = Write(key, path, time.monotonic())
        with self._lock:
            self.writes.append(write)
        return write

    def record_error(self, kind: str) -> None:
        with self._lock:
            self.errors[kind] += 1

    def answered(self) -> int:
        return sum(1 for write in self.writes if write.result)

    def results(self) -> Counter[str]:
        return Counter(write.result for write in self.writes)
