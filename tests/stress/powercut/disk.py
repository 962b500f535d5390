"""Control of the simulated disk: mount it, order a power cut, mount what survived."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.stress.powercut.mounted import COUNTS, ORDER
from tests.support.databases import _die_with_parent
from tests.support.servers import ROOT, wait_until


def unsupported_reason() -> str:
    """Return why the disk cannot be mounted here, or an empty string."""
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        return "/dev/fuse does not exist or is not accessible"
    if shutil.which("fusermount3") is None:
        return "fusermount3 is missing (Debian: apt-get install fuse3)"
    if os.geteuid() != 0:
        return "root is required: other users work on the disk"
    return ""


class PowerCutDisk:
    def __init__(self, directory: Path) -> None:
        self.path, self._state = directory / "mnt", directory / "state"
        self._log = directory / "disk.log"
        self.path.mkdir()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.stress.powercut.mounted", self.path, self._state],
                cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                preexec_fn=_die_with_parent(),
            )  # fmt: skip
        wait_until(self._is_mounted, "the disk was not mounted", 30)

    def _is_mounted(self) -> bool:
        if self.is_dead:
            raise RuntimeError(f"the disk did not start: {self._log.read_text()}")
        return self.path.is_mount()

    def sync(self) -> None:
        """Sync everything that was written so far."""
        self._send_order("sync")

    def cut_after(self, number: int, kind: str, loss: str, seed: int) -> None:
        """Cut the power after `number` more changes or syncs, as `kind` says."""
        self._send_order({"after": number, "kind": kind, "loss": loss, "seed": seed})

    def _send_order(self, order: Any) -> None:
        os.setxattr(self.path, ORDER, json.dumps(order).encode())

    def figures(self) -> dict[str, int]:
        """Return the number of changes and syncs since the disk was mounted."""
        return dict(json.loads(os.getxattr(self.path, COUNTS)))

    @property
    def is_power_off(self) -> bool:
        """Whether the power was cut; set before any request fails."""
        return self._state.exists()

    @property
    def is_dead(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def wait_for_cut(self, seconds: float) -> dict[str, Any]:
        """Return the counts of the disk and of what was lost."""
        assert self._process is not None
        self._process.wait(seconds)
        return dict(pickle.loads(self._state.read_bytes())[1])

    def unmount(self) -> None:
        with suppress(OSError):
            subprocess.run(["fusermount3", "-u", "-z", self.path], check=False, capture_output=True)
        if self._process is not None and not self.is_dead:
            self._process.terminate()
            self._process.wait(10)


@contextmanager
def powercut_disk(directory: Path) -> Iterator[PowerCutDisk]:
    disk = PowerCutDisk(directory)
    disk.start()
    try:
        _require_truncation(disk)
        yield disk
    finally:
        disk.unmount()


def _require_truncation(disk: PowerCutDisk) -> None:
    """Check that files can be truncated; otherwise databases would seem to lose data."""
    path = disk.path / "truncated"
    with path.open("w+b") as file:
        file.write(b"12345678")
        file.flush()
        for length in (5, 3):
            file.truncate(length)
            if os.fstat(file.fileno()).st_size != length:
                raise RuntimeError("files of this disk cannot be truncated")
    os.truncate(path, 2)
    if path.read_bytes() != b"12":
        raise RuntimeError(f"the disk returns {path.read_bytes()!r} instead of 12")
    path.unlink()
