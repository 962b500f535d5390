"""The model of the disk; `make powercut` mounts it, which needs root."""

from __future__ import annotations

import random
import stat
from contextlib import suppress

import pytest

from tests.stress.powercut.model import LOSSES, PAGE, SECTOR, Disk

SEEDS = range(40)
FILE = stat.S_IFREG | 0o600


@pytest.fixture
def disk() -> Disk:
    return Disk()


def cut(disk: Disk, loss: str = "all lost", seed: int = 1) -> Disk:
    disk.cut(loss, random.Random(seed))
    return disk


def text(disk: Disk, path: str) -> bytes:
    return disk.read(disk.find(path), 10**6, 0)


def exists(disk: Disk, path: str) -> bool:
    with suppress(FileNotFoundError):
        return bool(disk.find(path))
    return False


def write_file(disk: Disk, path: str, content: bytes) -> int:
    number = disk.add(path, FILE)
    disk.write(number, content, 0)
    return number


@pytest.mark.parametrize("loss", LOSSES)
def test_synced_data_survives_every_cut(disk: Disk, loss: str) -> None:
    number = write_file(disk, "/a", b"safe")
    disk.sync(number)
    assert text(cut(disk, loss), "/a") == b"safe"


def test_unsynced_data_is_lost(disk: Disk) -> None:
    number = write_file(disk, "/a", b"safe")
    disk.sync(number)
    disk.write(number, b"LOST", 2)
    disk.truncate(number, 1)
    assert text(disk, "/a") == b"s"
    lost = disk.cut("all lost", random.Random(1))
    assert (text(disk, "/a"), lost.writes) == (b"safe", 2)


def test_syncing_another_file_does_not_sync_data(disk: Disk) -> None:
    number = write_file(disk, "/a", b"")
    disk.sync(number)
    disk.write(number, b"lost", 0)
    disk.sync(write_file(disk, "/b", b"kept"))
    assert (text(cut(disk), "/a"), text(disk, "/b")) == (b"", b"kept")


def test_pages_reach_the_disk_in_any_order(disk: Disk) -> None:
    """A later write can survive without an earlier one."""
    seen = set()
    for seed in SEEDS:
        disk = Disk()
        number = disk.add("/a", FILE)
        disk.sync(number)
        disk.write(number, b"1" * PAGE + b"2" * PAGE, 0)
        disk.write(number, b"3", 2 * PAGE)
        found = text(cut(disk, "some kept", seed), "/a")
        seen.add("".join(str(number) for number in (1, 2, 3) if str(number).encode() in found))
    assert {"", "3", "13", "2", "123"} <= seen


def test_a_torn_page_ends_at_a_sector(disk: Disk) -> None:
    sizes = set()
    for seed in SEEDS:
        disk = Disk()
        number = disk.add("/a", FILE)
        disk.sync(number)
        disk.write(number, b"x" * PAGE, 0)
        sizes.add(len(text(cut(disk, "torn", seed), "/a")))
    assert len(sizes) > 4
    assert all(size % SECTOR == 0 for size in sizes)


def test_writes_after_a_lost_truncation_are_lost() -> None:
    for seed in SEEDS:
        disk = Disk()
        number = write_file(disk, "/a", b"old text")
        disk.sync(number)
        disk.truncate(number, 0)
        disk.write(number, b"new", 0)
        assert text(cut(disk, "some kept", seed), "/a") in (b"old text", b"", b"new")


def test_names_are_lost_until_their_file_or_directory_is_synced(disk: Disk) -> None:
    disk.add("/dir", stat.S_IFDIR | 0o700)
    disk.sync(disk.find("/dir"))
    write_file(disk, "/dir/lost", b"")
    disk.sync(write_file(disk, "/dir/kept", b"1"))  # also writes earlier journal entries
    disk.rename("/dir/kept", "/dir/renamed")
    write_file(disk, "/dir/later", b"")
    cut(disk)
    assert [exists(disk, f"/dir/{name}") for name in ("lost", "kept", "renamed", "later")] == [
        True, True, False, False,
    ]  # fmt: skip


def test_syncing_a_directory_keeps_its_names(disk: Disk) -> None:
    disk.sync(write_file(disk, "/a", b"1"))
    disk.sync(write_file(disk, "/b", b"2"))
    disk.rename("/a", "/b")
    disk.sync(1)
    cut(disk)
    assert (exists(disk, "/a"), text(disk, "/b")) == (False, b"1")


def test_a_later_name_never_survives_without_an_earlier_one() -> None:
    seen = set()
    for seed in SEEDS:
        disk = Disk()
        for name in "abc":
            disk.add(f"/{name}", FILE)
        cut(disk, "some kept", seed)
        seen.add("".join(name for name in "abc" if exists(disk, f"/{name}")))
    assert seen == {"", "a", "ab", "abc"}


def test_an_unsynced_removal_is_undone_by_a_cut(disk: Disk) -> None:
    disk.sync(write_file(disk, "/a", b"1"))
    disk.remove("/a")
    assert not exists(disk, "/a")
    assert text(cut(disk), "/a") == b"1"


def test_a_disk_can_be_used_after_a_cut(disk: Disk) -> None:
    number = write_file(disk, "/a", b"1")
    disk.sync(number)
    cut(disk)
    disk.write(disk.find("/a"), b"2", 1)
    disk.sync_all()
    assert text(cut(disk), "/a") == b"12"


def test_a_directory_that_is_not_empty_cannot_be_removed(disk: Disk) -> None:
    disk.add("/dir", stat.S_IFDIR | 0o700)
    write_file(disk, "/dir/a", b"")
    with pytest.raises(OSError, match="dir"):
        disk.remove("/dir")
    with pytest.raises(OSError, match="/a"):
        disk.add("/dir/a", FILE)
