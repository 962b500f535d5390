"""A disk whose power can be cut: mount it, order the cut, wait for it, mount what survived."""

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

from tests.stress.powercut.mounted import ORDER, TOLD
from tests.support.databases import _die_with_parent
from tests.support.servers import ROOT, wait_until


def why_not() -> str:
    """Why no such disk can be mounted here; empty when one can."""
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        return "/dev/fuse is not there, or not for us"
    if shutil.which("fusermount3") is None:
        return "fusermount3 is missing (Debian: apt-get install fuse3)"
    if os.geteuid() != 0:
        return "it takes root: other users are to work on the disk"
    return ""


class PowerCutDisk:
    def __init__(self, place: Path) -> None:
        self.path, self._state, self._log = place / "mnt", place / "state", place / "disk.log"
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
        """Everything that was written until now is safe, as on a site set up long ago."""
        self._order("sync")

    def cut_after(self, number: int, kind: str, loss: str, seed: int) -> None:
        """So many more `changes` (of bytes or names) or `syncs` will happen; the next will not."""
        self._order({"after": number, "kind": kind, "loss": loss, "seed": seed})

    def _order(self, order: Any) -> None:
        os.setxattr(self.path, ORDER, json.dumps(order).encode())

    def figures(self) -> dict[str, int]:
        """How many changes and syncs it has seen since it was mounted."""
        return dict(json.loads(os.getxattr(self.path, TOLD)))

    @property
    def is_dark(self) -> bool:
        """Whether the power is gone: known before anybody can notice."""
        return self._state.exists()

    @property
    def is_dead(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def wait_for_cut(self, seconds: float) -> dict[str, Any]:
        """What happened, and what was lost."""
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
def powercut_disk(place: Path) -> Iterator[PowerCutDisk]:
    disk = PowerCutDisk(place)
    disk.start()
    try:
        _require_truth(disk)
        yield disk
    finally:
        disk.unmount()


def _require_truth(disk: PowerCutDisk) -> None:
    """A disk that does not do what it is told would be taken for a database that forgets."""
    path = disk.path / "truth"
    with path.open("w+b") as file:
        file.write(b"12345678")
        file.flush()
        for length in (5, 3):
            file.truncate(length)
            if os.fstat(file.fileno()).st_size != length:
                raise RuntimeError("files of this disk do not become shorter")
    os.truncate(path, 2)
    if path.read_bytes() != b"12":
        raise RuntimeError(f"the disk says {path.read_bytes()!r} where 12 was left")
    path.unlink()
