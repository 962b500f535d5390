"""FUSE file system that stores its data in a `model.Disk`.

python -m tests.stress.powercut.mounted MOUNTPOINT STATE

At the power cut the process writes what survived to STATE and exits within the request. The next
start loads and removes STATE. Orders are sent as an extended attribute of the root directory.
"""

from __future__ import annotations

import errno
import json
import os
import pickle
import random
import stat
import sys
from pathlib import Path
from typing import Any

import mfusepy

from tests.stress.powercut.model import PAGE, Disk

ORDER, COUNTS = "user.power", "user.counts"
#: Prefix of libfuse for a file that was unlinked while it is open.
HIDDEN = ".fuse_hidden"


class DiskFileSystem(mfusepy.Operations):
    """Identifies open files by number, because they can lose their name."""

    use_ns = True
    flag_nopath = flag_nullpath_ok = True

    def __init__(self, disk: Disk, state: Path) -> None:
        self.disk, self.state = disk, state
        for node in disk.nodes.values():
            for name in [name for name in node.names if name.startswith(HIDDEN)]:
                del node.names[name], node.synced_names[name]
        #: Changes of `kind` until the power is cut; None: no cut is planned.
        self.remaining: int | None = None
        self.kind, self.loss, self.random = "", "", random.Random()
        self.counts: dict[str, Any] = {"changes": 0, "syncs": 0}

    # --- orders -----------------------------------------------------------------------------------

    def setxattr(self, path: str, name: str, value: bytes, options: int, position: int = 0) -> int:
        if path != "/" or name != ORDER:
            raise OSError(errno.ENOTSUP, name)
        order = json.loads(value)
        if order == "sync":
            self.disk.sync_all()
        else:
            self.remaining, self.kind, self.loss = order["after"], order["kind"], order["loss"]
            self.random.seed(order["seed"])
        return 0

    def getxattr(self, path: str, name: str, position: int = 0) -> bytes:
        if path != "/" or name != COUNTS:
            raise OSError(errno.ENODATA, name)
        return json.dumps(self.counts).encode()

    def _before_change(self, kind: str = "changes") -> None:
        """Count a change; cut the power if it is due."""
        self.counts[kind] += 1
        if self.remaining is None or kind != self.kind:
            return
        self.remaining -= 1
        if self.remaining < 0:
            lost = self.disk.cut(self.loss, self.random)
            counts = self.counts | {"lost_writes": lost.writes, "lost_names": lost.names}
            counts |= {"loss": self.loss, "kind": kind}
            save_state(self.state, self.disk, counts)
            os._exit(0)

    def _number(self, path: str | None, fh: int | None = None) -> int:
        if not fh and path is None:
            raise OSError(errno.EBADF, "which file?")
        return fh or self.disk.find(path or "")

    # --- names ------------------------------------------------------------------------------------

    def getattr(self, path: str | None, fh: int | None = None) -> dict[str, Any]:
        number = self._number(path, fh)
        node = self.disk.nodes[number]
        size = len(node.data)
        return {
            "st_ino": number, "st_mode": node.mode, "st_uid": node.uid, "st_gid": node.gid,
            "st_nlink": 2 if node.is_directory else 1, "st_size": size,
            "st_blocks": (size + 511) // 512, "st_blksize": PAGE,
            "st_atime": node.times[0], "st_mtime": node.times[1], "st_ctime": node.times[1],
        }  # fmt: skip

    def readdir(self, path: str, fh: int) -> list[tuple[str, dict[str, int], int]]:
        found = {".": fh, "..": fh, **self.disk.nodes[fh].names}
        nodes = self.disk.nodes
        return [
            (name, {"st_ino": number, "st_mode": nodes[number].mode}, 0)
            for name, number in found.items()
        ]

    def opendir(self, path: str) -> int:
        return self.disk.find(path)

    def mkdir(self, path: str, mode: int) -> int:
        self._before_change()
        self.disk.add(path, stat.S_IFDIR | mode, _caller_ids())
        return 0

    def create(self, path: str, mode: int, fi: Any = None) -> int:
        self._before_change()
        return self.disk.add(path, stat.S_IFREG | mode, _caller_ids())

    def open(self, path: str, flags: int) -> int:
        number = self.disk.find(path)
        if flags & os.O_TRUNC:
            self._before_change()
            self.disk.truncate(number, 0)
        return number

    def unlink(self, path: str) -> int:
        self._before_change()
        self.disk.remove(path)
        return 0

    rmdir = unlink

    def rename(self, old: str, new: str) -> int:
        self._before_change()
        self.disk.rename(old, new)
        return 0

    def chmod(self, path: str | None, mode: int) -> int:
        node = self.disk.nodes[self._number(path)]
        node.mode = stat.S_IFMT(node.mode) | stat.S_IMODE(mode)
        return 0

    def chown(self, path: str | None, uid: int, gid: int) -> int:
        node = self.disk.nodes[self._number(path)]
        node.uid, node.gid = node.uid if uid == -1 else uid, node.gid if gid == -1 else gid
        return 0

    def utimens(self, path: str | None, times: tuple[int, int] | None = None) -> int:
        if path and times:
            self.disk.nodes[self.disk.find(path)].times = times
        return 0

    def statfs(self, path: str) -> dict[str, int]:
        blocks = 1024**3 // PAGE
        return {"f_bsize": PAGE, "f_frsize": PAGE, "f_blocks": blocks, "f_bfree": blocks // 2,
                "f_bavail": blocks // 2, "f_files": 10**6, "f_ffree": 10**6,
                "f_namemax": 255}  # fmt: skip

    # --- bytes ------------------------------------------------------------------------------------

    def read(self, path: str | None, size: int, offset: int, fh: int) -> bytes:
        return self.disk.read(fh, size, offset)

    def write(self, path: str | None, data: bytes, offset: int, fh: int) -> int:
        self._before_change()
        self.disk.write(fh, data, offset)
        return len(data)

    def truncate(self, path: str | None, length: int, fh: int | None = None) -> int:
        self._before_change()
        self.disk.truncate(self._number(path, fh), length)
        return 0

    def fsync(self, path: str | None, datasync: int, fh: int) -> int:
        self._before_change("syncs")
        self.disk.sync(fh)
        return 0

    fsyncdir = fsync


class Fuse(mfusepy.FUSE):
    """Pass the open file to truncate, which mfusepy does not do with libfuse 3."""

    def truncate_fuse_3(self, path: bytes | None, length: int, opened: Any) -> int:
        return int(self.ftruncate(path, length, opened))


def save_state(state: Path, disk: Disk, counts: dict[str, Any]) -> None:
    with state.with_suffix(".new").open("wb") as file:
        pickle.dump((disk, counts), file, protocol=pickle.HIGHEST_PROTOCOL)
    state.with_suffix(".new").replace(state)


def _caller_ids() -> tuple[int, int]:
    uid, gid, _ = mfusepy.fuse_get_context()
    return uid, gid


def main() -> None:
    mountpoint, state = sys.argv[1], Path(sys.argv[2])
    disk = Disk()
    if state.exists():
        disk = pickle.loads(state.read_bytes())[0]
        state.unlink()
    Fuse(
        DiskFileSystem(disk, state), mountpoint, foreground=True, nothreads=True, allow_other=True,
        default_permissions=True, kernel_cache=True, use_ino=True,
        fsname="powercut",
    )  # fmt: skip


if __name__ == "__main__":
    main()
