"""The write lock of an SQLite file: one writer at a time."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from inventory.common import deadline, instrumentation
from inventory.common.errors import Busy

WAIT_SECONDS = 8.0


class SqliteWriteLock:
    """Serialize writers of one SQLite file across threads and processes.

    Threads use a Lock, processes flock. Without them busy writers get "database is locked" after
    waiting for seconds.

    Raises:
        Busy: the lock was not free within `WAIT_SECONDS`, or the lock file cannot be opened.
    """

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._threads = threading.Lock()

    @contextmanager
    def __call__(self) -> Iterator[None]:
        most = deadline.remaining(WAIT_SECONDS)
        ends_at = time.monotonic() + most
        with instrumentation.measure_wait("gate"):
            is_open = self._threads.acquire(timeout=most)
        if not is_open:
            raise Busy()
        try:
            if self._path is None:
                yield
                return
            try:
                descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except OSError as error:
                raise Busy() from error
            try:
                _wait_for_flock(descriptor, ends_at)
                yield
            finally:
                os.close(descriptor)
        finally:
            self._threads.release()


def _wait_for_flock(descriptor: int, ends_at: float) -> None:
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > ends_at:
                raise Busy() from None
            time.sleep(0.001)


_locks: dict[str, SqliteWriteLock] = {}


def write_lock_for(path: str) -> SqliteWriteLock:
    """Return the process's one lock for this path; in-memory databases use no flock."""
    return _locks.setdefault(
        path, SqliteWriteLock(f"{path}-gate" if path not in ("", ":memory:") else None)
    )
