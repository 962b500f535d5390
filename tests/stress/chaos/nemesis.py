"""Faults of processes, disk and clock, each repaired before the next."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.support.databases import Server as PostgreSQL
from tests.support.servers import LiveServer

FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
#: With FAKETIME_DONT_FAKE_MONOTONIC, libfaketime 0.9.10 lets the clock_nanosleep of time.sleep fail
#: with EINVAL, which would end the sleeping thread. Therefore sleep with select().
_SLEEP = """
import select, time
time.sleep = lambda seconds: select.select([], [], [], seconds) and None
"""


class Nemesis:
    """Causes faults; `strike()` causes one at random and returns when it is over."""

    def __init__(self, server: LiveServer, *, seed: int) -> None:
        self.server = server
        self.random = random.Random(seed)
        self.done: Counter[str] = Counter()
        self._strikes: list[Callable[[], None]] = [
            self.kill_server, self.kill_server, self.kill_worker, self.pause_worker,
        ]  # fmt: skip
        self._postgresql: PostgreSQL | None = None
        self._disk = self._clock = Path()

    def can_kill(self, postgresql: PostgreSQL) -> None:
        self._postgresql = postgresql
        self._strikes += [self.kill_database, self.kill_database, self.pause_backend]

    def can_fill(self, disk: Path) -> None:
        self._disk = disk
        self._strikes.append(self.fill_disk)

    def can_shift(self, clock: Path) -> None:
        self._clock = clock
        self._strikes.append(self.shift_clock)

    def strike(self) -> None:
        chosen = self.random.choice(self._strikes)
        chosen()
        self.done[chosen.__name__.replace("_", " ")] += 1

    def kill_server(self) -> None:
        self.server.kill()
        self.server.start()

    def kill_worker(self) -> None:
        for worker in self.server.workers():
            os.kill(worker, signal.SIGKILL)

    def pause_worker(self) -> None:
        with _paused(self.server.workers()):
            time.sleep(self.random.uniform(0.2, 3))

    def kill_database(self) -> None:
        assert self._postgresql is not None
        self._postgresql.kill()
        _start_again(self._postgresql)

    def pause_backend(self) -> None:
        """Stop two backend processes of PostgreSQL for a short time."""
        assert self._postgresql is not None
        assert self._postgresql.process is not None
        pid = self._postgresql.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        backends = [int(child) for child in children if b"postgres: postgres" in _title(child)]
        with _paused(self.random.sample(backends, min(2, len(backends)))):
            time.sleep(self.random.uniform(0.2, 3))

    def fill_disk(self) -> None:
        filler = self._disk / "filler"
        try:
            with filler.open("wb", buffering=0) as file:
                while file.write(b"\0" * 65536):
                    pass
        except OSError:
            time.sleep(self.random.uniform(0.5, 2))
        finally:
            filler.unlink(missing_ok=True)

    def shift_clock(self) -> None:
        set_clock(self._clock, self.random.choice(["+3600", "-3600", "+86400", "-86400"]))
        time.sleep(self.random.uniform(0.5, 2))
        set_clock(self._clock, "+0")


def set_clock(file: Path, shift: str) -> None:
    file.with_suffix(".new").write_text(f"{shift}\n")
    file.with_suffix(".new").replace(file)


def faked_clock(file: Path) -> dict[str, str]:
    """Return the environment of a process whose clock is shifted by the file."""
    set_clock(file, "+0")
    patched = file.with_name("patched")
    patched.mkdir()
    (patched / "sitecustomize.py").write_text(_SLEEP)
    return {
        "PYTHONPATH": str(patched),
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


@contextmanager
def small_disk(directory: Path, megabytes: int) -> Iterator[Path]:
    """Mount a file system of that size in memory. Needs root."""
    directory.mkdir()
    options = f"size={megabytes}m,mode=711"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", directory], check=True)
    try:
        yield directory
    finally:
        subprocess.run(["umount", "--lazy", directory], check=True)


@contextmanager
def _paused(pids: list[int]) -> Iterator[None]:
    with ExitStack() as stack:
        for pid in pids:
            try:
                os.kill(pid, signal.SIGSTOP)
            except ProcessLookupError:
                continue
            stack.callback(_continue_process, pid)
        yield


def _continue_process(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGCONT)
    except ProcessLookupError:
        return


def _title(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _start_again(postgresql: PostgreSQL) -> None:
    """Start PostgreSQL; retry until the children of the killed postmaster have ended."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return postgresql.start()
        except RuntimeError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
