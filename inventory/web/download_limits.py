"""Limit the number of simultaneous downloads.

Slow clients keep a download open for a long time.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from inventory.common.errors import Busy, InventoryError, TooManyDownloads
from inventory.http.languages import gettext as _

#: Limits apply per server process.
MAX_DOWNLOADS = 8
MAX_PER_USER = 2
#: A download that sent nothing for this long is ended if another one needs its slot.
STALLED_SECONDS = 60.0


class DownloadEnded(InventoryError):
    """Raised inside a stalled download that lost its slot: its file stays incomplete."""


@dataclass(eq=False)
class Download:
    """A running download and the time of its last progress."""

    user_id: int
    moved_at: float = field(default_factory=time.monotonic)


class DownloadLimits:
    """The running downloads of a server process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[Download] = set()

    @property
    def running(self) -> int:
        """Return the number of running downloads."""
        return len(self._running)

    def begin(self, user_id: int) -> Download:
        """Reserve a download slot; `end` frees it.

        Raises:
            TooManyDownloads: this user has too many downloads.
            Busy: the server has too many downloads.
        """
        with self._lock:
            if sum(one.user_id == user_id for one in self._moving(user_id)) >= MAX_PER_USER:
                raise TooManyDownloads(
                    _(
                        "You are already downloading %(count)s files."
                        " Wait until one is complete, then try again.",
                        count=MAX_PER_USER,
                    ),
                    retry_after=10,
                )
            if len(self._moving(None)) >= MAX_DOWNLOADS:
                raise Busy(_("The server has too many downloads. Try again in a minute."))
            download = Download(user_id)
            self._running.add(download)
            return download

    def record_progress(self, download: Download) -> None:
        """Record progress of a download.

        Raises:
            DownloadEnded: the download was stalled and lost its slot.
        """
        if download not in self._running:
            raise DownloadEnded("The download was stalled and had to make room for another one.")
        download.moved_at = time.monotonic()

    def end(self, download: Download) -> None:
        """Free the slot of a download.

        Takes no lock, because the garbage collector can call this at any time.
        """
        self._running.discard(download)

    def _moving(self, user_id: int | None) -> list[Download]:
        """Return the running downloads of one user or of all users.

        At the limit, the download that is stalled longest is dropped first.
        """
        found = [one for one in tuple(self._running) if user_id in (None, one.user_id)]
        if len(found) < (MAX_DOWNLOADS if user_id is None else MAX_PER_USER):
            return found
        oldest = min(found, key=lambda one: one.moved_at)
        if time.monotonic() - oldest.moved_at > STALLED_SECONDS:
            self._running.discard(oldest)
            found.remove(oldest)
        return found
