"""Model of a disk at a power cut, as a journaling file system (XFS; ext4 guarantees no less).

- Written bytes are safe after the fsync of their file. Before that each page of 4 KiB may reach the
  disk or not, in any order, and the page being written may be torn.
- Names (create, rename, unlink, mkdir) are journaled in order. An fsync of a file or directory
  writes the journal up to the last entry that concerns it. At a power cut the journal ends anywhere
  behind that: a later name never survives without an earlier one.
- A truncation is ordered among the writes of its file: if it is lost, later writes are lost too.
- Modes and owners are stored immediately, because no database relies on them.
"""

from __future__ import annotations

import errno
import random
import stat
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

PAGE, SECTOR = 4096, 512
ROOT = 1

#: What happens to unsynced data: all is lost; some pages are kept; some are kept and one is torn.
LOSSES = ("all lost", "some kept", "torn")


@dataclass
class Node:
    """A file or directory: the content that programs see, and the content on the disk."""

    mode: int
    uid: int = 0
    gid: int = 0
    times: tuple[int, int] = (0, 0)
    data: bytearray = field(default_factory=bytearray)
    names: dict[str, int] = field(default_factory=dict)
    synced_data: bytearray = field(default_factory=bytearray)
    synced_names: dict[str, int] = field(default_factory=dict)
    #: Unsynced changes, oldest first: (offset, bytes) of a write, (size, None) of a truncation.
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)

    @property
    def is_directory(self) -> bool:
        return stat.S_ISDIR(self.mode)


@dataclass
class Entry:
    """A change of names in the journal, which survives completely or not at all."""

    changes: list[tuple[int, str, int | None]]
    concerns: set[int]


@dataclass
class Lost:
    """Numbers of lost page writes and names."""

    writes: int = 0
    names: int = 0


class Disk:
    def __init__(self) -> None:
        self.nodes: dict[int, Node] = {ROOT: Node(stat.S_IFDIR | 0o755)}
        self.journal: list[Entry] = []
        self.last = ROOT

    # --- names ------------------------------------------------------------------------------------

    def find(self, path: str) -> int:
        number = ROOT
        for name in filter(None, path.split("/")):
            number = self._directory(number).names.get(name, 0)
            if not number:
                raise OSError(errno.ENOENT, path)
        return number

    def add(self, path: str, mode: int, owner: tuple[int, int] = (0, 0)) -> int:
        parent, name = self._parent_and_name(path)
        if name in self._directory(parent).names:
            raise OSError(errno.EEXIST, path)
        self.last += 1
        now = time.time_ns()
        self.nodes[self.last] = Node(mode, *owner, times=(now, now))
        self._change([(parent, name, self.last)], {parent, self.last})
        return self.last

    def remove(self, path: str) -> None:
        number, (parent, name) = self.find(path), self._parent_and_name(path)
        if self.nodes[number].names:
            raise OSError(errno.ENOTEMPTY, path)
        self._change([(parent, name, None)], {parent, number})

    def rename(self, old: str, new: str) -> None:
        number, before, after = (
            self.find(old),
            self._parent_and_name(old),
            self._parent_and_name(new),
        )
        replaced = self._directory(after[0]).names.get(after[1])
        if replaced is not None and self.nodes[replaced].names:
            raise OSError(errno.ENOTEMPTY, new)
        concerned = {number, before[0], after[0]} | ({replaced} if replaced else set())
        self._change([(*before, None), (*after, number)], concerned)

    def _parent_and_name(self, path: str) -> tuple[int, str]:
        parent, _, name = path.rstrip("/").rpartition("/")
        return self.find(parent), name

    def _directory(self, number: int) -> Node:
        if not self.nodes[number].is_directory:
            raise OSError(errno.ENOTDIR, "not a directory")
        return self.nodes[number]

    def _change(self, changes: list[tuple[int, str, int | None]], concerns: set[int]) -> None:
        self.journal.append(Entry(changes, concerns))
        for parent, name, number in changes:
            _set(self.nodes[parent].names, name, number)

    # --- bytes ------------------------------------------------------------------------------------

    def read(self, number: int, size: int, offset: int) -> bytes:
        return bytes(self.nodes[number].data[offset : offset + size])

    def write(self, number: int, data: bytes, offset: int) -> None:
        node = self.nodes[number]
        _apply(node.data, offset, data)
        node.pending.append((offset, data))
        node.times = (node.times[0], time.time_ns())

    def truncate(self, number: int, size: int) -> None:
        node = self.nodes[number]
        _apply(node.data, size, None)
        node.pending.append((size, None))
        node.times = (node.times[0], time.time_ns())

    def sync(self, number: int) -> None:
        """Perform the fsync of a file or directory."""
        node = self.nodes[number]
        for offset, data in node.pending:
            _apply(node.synced_data, offset, data)
        node.pending.clear()
        own = [index for index, entry in enumerate(self.journal, 1) if number in entry.concerns]
        if own:
            self._write_journal(own[-1])

    def sync_all(self) -> None:
        self._write_journal(len(self.journal))
        for number in self.nodes:
            self.sync(number)

    def _write_journal(self, entries: int) -> None:
        for entry in self.journal[:entries]:
            for parent, name, number in entry.changes:
                _set(self.nodes[parent].synced_names, name, number)
        del self.journal[:entries]

    # --- the power cut ----------------------------------------------------------------------------

    def cut(self, loss: str, rng: random.Random) -> Lost:
        """Reduce the disk to what survives a power cut."""
        lost = Lost()
        kept = 0 if loss == "all lost" else rng.randint(0, len(self.journal))
        lost.names = len(self.journal) - kept
        self._write_journal(kept)
        self.journal.clear()
        for node in self.nodes.values():
            lost.writes += _survive(node, loss, rng)
            node.data, node.names = bytearray(node.synced_data), dict(node.synced_names)
        self._drop_unlinked()
        return lost

    def _drop_unlinked(self) -> None:
        named, waiting = {ROOT}, [ROOT]
        while waiting:
            for number in self.nodes[waiting.pop()].names.values():
                named.add(number)
                waiting.append(number)
        self.nodes = {number: node for number, node in self.nodes.items() if number in named}


def _set(names: dict[str, int], name: str, number: int | None) -> None:
    if number is None:
        names.pop(name, None)
    else:
        names[name] = number


def _apply(content: bytearray, offset: int, data: bytes | None) -> None:
    """Write at the offset; without data truncate or extend to that size."""
    if data is None:
        del content[offset:]
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    if data is not None:
        content[offset : offset + len(data)] = data


def _survive(node: Node, loss: str, rng: random.Random) -> int:
    """Apply some unsynced page writes; return how many were lost or torn."""
    pages = [page for offset, data in node.pending for page in _pages(offset, data)]
    node.pending.clear()
    if loss == "all lost":
        return len(pages)
    probability, lost = rng.random(), 0
    torn = rng.randrange(len(pages)) if pages and loss == "torn" else -1
    for index, (offset, data) in enumerate(pages):
        if index == torn and data is not None:
            data = data[: rng.randint(0, len(data) // SECTOR) * SECTOR]
            lost += 1
        elif rng.random() >= probability:
            if data is None:
                return lost + len(pages) - index
            lost += 1
            continue
        _apply(node.synced_data, offset, data)
    return lost


def _pages(offset: int, data: bytes | None) -> Iterable[tuple[int, bytes | None]]:
    """Split a write at page boundaries."""
    if data is None:
        yield offset, None
        return
    end = offset + len(data)
    while offset < end:
        stop = min(end, (offset // PAGE + 1) * PAGE)
        yield offset, data[len(data) - (end - offset) : len(data) - (end - stop)]
        offset = stop
