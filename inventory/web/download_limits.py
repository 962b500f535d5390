"""How many files are sent at once: slow clients keep a download open for long."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from inventory.common.errors import Busy, InventoryError, TooManyDownloads

#: In one server process.
MOST = 8
MOST_OF_USER = 2
#: A download that sent nothing for so long is ended where another one waits.
STALLED_SECONDS = 60.0


class DownloadEnded(InventoryError):
    """A stalled download had to make room: its file stays incomplete."""


@dataclass(eq=False)
class Download:
    user_id: int
    moved_at: float = field(default_factory=time.monotonic)


class DownloadLimits:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[Download] = set()

    @property
    def running(self) -> int:
        return len(self._running)

    def begin(self, user_id: int) -> Download:
        """Take one of the few downloads; `end` gives it back.

        Raises: TooManyDownloads for those of this user, Busy for those of everybody.
        """
        with self._lock:
            if sum(one.user_id == user_id for one in self._moving(user_id)) >= MOST_OF_USER:
                raise TooManyDownloads(
                    f"You are downloading {MOST_OF_USER} files already. Wait until one of them is"
                    " complete, and try again.",
                    retry_after=10,
                )
            if len(self._moving(None)) >= MOST:
                raise Busy("Many files are being downloaded now. Try again in a minute.")
            download = Download(user_id)
            self._running.add(download)
            return download

    def keep(self, download: Download) -> None:
        """Note that the download moves. Raises: DownloadEnded where it had to make room."""
        if download not in self._running:
            raise DownloadEnded("The download was stalled and had to make room for another one.")
        download.moved_at = time.monotonic()

    def end(self, download: Download) -> None:
        """Without the lock: the garbage collector calls this at any time."""
        self._running.discard(download)

    def _moving(self, user_id: int | None) -> list[Download]:
        """Those that run, of a user or all; where they are too many, without the stalled ones."""
        found = [one for one in tuple(self._running) if user_id in (None, one.user_id)]
        if len(found) < (MOST if user_id is None else MOST_OF_USER):
            return found
        oldest = min(found, key=lambda one: one.moved_at)
        if time.monotonic() - oldest.moved_at > STALLED_SECONDS:
            self._running.discard(oldest)
            found.remove(oldest)
        return found
