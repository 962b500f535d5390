"""What a disk keeps when the power goes: the bytes that were synced, and little else.

The model is that of a journalling file system (XFS; ext4 promises no less):

- What was written to a file is safe after its fsync. Before that any of it may be lost: each page
  of 4 KiB goes to the disk on its own, in any order, and the one under way may be torn.
- Names (create, rename, unlink, mkdir) go to a journal, in order. An fsync of a file or directory
  writes the journal up to the last entry that concerns it. At a power cut the journal ends
  somewhere behind what was so written: a later name never survives an earlier one.
- A truncation keeps its place among the writes to its file: what came after it is lost with it.
- Modes and owners are kept at once: no database decides by them what was written.
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

#: What becomes of what was not synced: none of it stays; some pages do; some, and one is torn.
LOSSES = ("all lost", "some kept", "torn")


@dataclass
class Node:
    """A file or a directory: as programs see it, and as it stands on the disk."""

    mode: int
    uid: int = 0
    gid: int = 0
    times: tuple[int, int] = (0, 0)
    data: bytearray = field(default_factory=bytearray)
    names: dict[str, int] = field(default_factory=dict)
    safe_data: bytearray = field(default_factory=bytearray)
    safe_names: dict[str, int] = field(default_factory=dict)
    #: Not synced: (offset, bytes) for a write, (size, None) for a truncation; oldest first.
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)

    @property
    def is_directory(self) -> bool:
        return stat.S_ISDIR(self.mode)


@dataclass
class Entry:
    """One change of names in the journal: all of it survives, or nothing."""

    changes: list[tuple[int, str, int | None]]
    concerns: set[int]


@dataclass
class Lost:
    """What a power cut took."""

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
        parent, name = self._place(path)
        if name in self._directory(parent).names:
            raise OSError(errno.EEXIST, path)
        self.last += 1
        now = time.time_ns()
        self.nodes[self.last] = Node(mode, *owner, times=(now, now))
        self._change([(parent, name, self.last)], {parent, self.last})
        return self.last

    def remove(self, path: str) -> None:
        number, (parent, name) = self.find(path), self._place(path)
        if self.nodes[number].names:
            raise OSError(errno.ENOTEMPTY, path)
        self._change([(parent, name, None)], {parent, number})

    def rename(self, old: str, new: str) -> None:
        number, before, after = self.find(old), self._place(old), self._place(new)
        replaced = self._directory(after[0]).names.get(after[1])
        if replaced is not None and self.nodes[replaced].names:
            raise OSError(errno.ENOTEMPTY, new)
        concerned = {number, before[0], after[0]} | ({replaced} if replaced else set())
        self._change([(*before, None), (*after, number)], concerned)

    def _place(self, path: str) -> tuple[int, str]:
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
        """fsync of a file or directory."""
        node = self.nodes[number]
        for place, data in node.pending:
            _apply(node.safe_data, place, data)
        node.pending.clear()
        ours = [at for at, entry in enumerate(self.journal, 1) if number in entry.concerns]
        if ours:
            self._keep_names(ours[-1])

    def sync_all(self) -> None:
        self._keep_names(len(self.journal))
        for number in self.nodes:
            self.sync(number)

    def _keep_names(self, entries: int) -> None:
        for entry in self.journal[:entries]:
            for parent, name, number in entry.changes:
                _set(self.nodes[parent].safe_names, name, number)
        del self.journal[:entries]

    # --- the power cut ----------------------------------------------------------------------------

    def cut(self, loss: str, chance: random.Random) -> Lost:
        """From now on the disk is what survived."""
        lost = Lost()
        kept = 0 if loss == "all lost" else chance.randint(0, len(self.journal))
        lost.names = len(self.journal) - kept
        self._keep_names(kept)
        self.journal.clear()
        for node in self.nodes.values():
            lost.writes += _survive(node, loss, chance)
            node.data, node.names = bytearray(node.safe_data), dict(node.safe_names)
        self._forget_the_nameless()
        return lost

    def _forget_the_nameless(self) -> None:
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


def _apply(content: bytearray, place: int, data: bytes | None) -> None:
    """Write there; without data: cut or fill up to that size."""
    if data is None:
        del content[place:]
    if len(content) < place:
        content.extend(bytes(place - len(content)))
    if data is not None:
        content[place : place + len(data)] = data


def _survive(node: Node, loss: str, chance: random.Random) -> int:
    """Let some of what was not synced reach the disk; how many writes did not, or not whole."""
    pages = [page for place, data in node.pending for page in _pages(place, data)]
    node.pending.clear()
    if loss == "all lost":
        return len(pages)
    odds, lost = chance.random(), 0
    torn = chance.randrange(len(pages)) if pages and loss == "torn" else -1
    for at, (place, data) in enumerate(pages):
        if at == torn and data is not None:
            data = data[: chance.randint(0, len(data) // SECTOR) * SECTOR]
            lost += 1
        elif chance.random() >= odds:
            if data is None:
                return lost + len(pages) - at
            lost += 1
            continue
        _apply(node.safe_data, place, data)
    return lost


def _pages(place: int, data: bytes | None) -> Iterable[tuple[int, bytes | None]]:
    """One write as the pages that it touches, each of which goes to the disk on its own."""
    if data is None:
        yield place, None
        return
    end = place + len(data)
    while place < end:
        stop = min(end, (place // PAGE + 1) * PAGE)
        yield place, data[len(data) - (end - place) : len(data) - (end - stop)]
        place = stop
