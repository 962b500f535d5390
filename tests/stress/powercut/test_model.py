"""What the disk of the power cuts keeps and forgets; mounting it takes root (`make powercut`)."""

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


def is_there(disk: Disk, path: str) -> bool:
    with suppress(FileNotFoundError):
        return bool(disk.find(path))
    return False


def written(disk: Disk, path: str, content: bytes) -> int:
    number = disk.add(path, FILE)
    disk.write(number, content, 0)
    return number


@pytest.mark.parametrize("loss", LOSSES)
def test_what_was_synced_stays_whatever_is_lost(disk: Disk, loss: str) -> None:
    number = written(disk, "/a", b"safe")
    disk.sync(number)
    assert text(cut(disk, loss), "/a") == b"safe"


def test_what_was_not_synced_is_lost(disk: Disk) -> None:
    number = written(disk, "/a", b"safe")
    disk.sync(number)
    disk.write(number, b"LOST", 2)
    disk.truncate(number, 1)
    assert text(disk, "/a") == b"s"
    lost = disk.cut("all lost", random.Random(1))
    assert (text(disk, "/a"), lost.writes) == (b"safe", 2)


def test_a_sync_of_another_file_saves_nothing(disk: Disk) -> None:
    one = written(disk, "/a", b"")
    disk.sync(one)
    disk.write(one, b"lost", 0)
    disk.sync(written(disk, "/b", b"kept"))
    assert (text(cut(disk), "/a"), text(disk, "/b")) == (b"", b"kept")


def test_pages_reach_the_disk_in_any_order(disk: Disk) -> None:
    """Each on its own: a later write may survive an earlier one."""
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


def test_what_came_after_a_lost_truncation_is_lost_with_it() -> None:
    for seed in SEEDS:
        disk = Disk()
        number = written(disk, "/a", b"old text")
        disk.sync(number)
        disk.truncate(number, 0)
        disk.write(number, b"new", 0)
        assert text(cut(disk, "some kept", seed), "/a") in (b"old text", b"", b"new")


def test_names_are_lost_until_somebody_syncs_what_they_belong_to(disk: Disk) -> None:
    disk.add("/dir", stat.S_IFDIR | 0o700)
    disk.sync(disk.find("/dir"))
    written(disk, "/dir/lost", b"")
    disk.sync(written(disk, "/dir/kept", b"1"))  # the journal holds what came before it, too
    disk.rename("/dir/kept", "/dir/renamed")
    written(disk, "/dir/later", b"")
    cut(disk)
    assert [is_there(disk, f"/dir/{name}") for name in ("lost", "kept", "renamed", "later")] == [
        True, True, False, False,
    ]  # fmt: skip


def test_a_sync_of_the_directory_keeps_its_names(disk: Disk) -> None:
    disk.sync(written(disk, "/a", b"1"))
    disk.sync(written(disk, "/b", b"2"))
    disk.rename("/a", "/b")
    disk.sync(1)
    cut(disk)
    assert (is_there(disk, "/a"), text(disk, "/b")) == (False, b"1")


def test_a_later_name_never_survives_an_earlier_one() -> None:
    seen = set()
    for seed in SEEDS:
        disk = Disk()
        for name in "abc":
            disk.add(f"/{name}", FILE)
        cut(disk, "some kept", seed)
        seen.add("".join(name for name in "abc" if is_there(disk, f"/{name}")))
    assert seen == {"", "a", "ab", "abc"}


def test_a_file_removed_and_not_synced_is_back(disk: Disk) -> None:
    disk.sync(written(disk, "/a", b"1"))
    disk.remove("/a")
    assert not is_there(disk, "/a")
    assert text(cut(disk), "/a") == b"1"


def test_a_disk_goes_on_after_a_cut(disk: Disk) -> None:
    number = written(disk, "/a", b"1")
    disk.sync(number)
    cut(disk)
    disk.write(disk.find("/a"), b"2", 1)
    disk.sync_all()
    assert text(cut(disk), "/a") == b"12"


def test_a_directory_that_is_not_empty_stays(disk: Disk) -> None:
    disk.add("/dir", stat.S_IFDIR | 0o700)
    written(disk, "/dir/a", b"")
    with pytest.raises(OSError, match="dir"):
        disk.remove("/dir")
    with pytest.raises(OSError, match="/a"):
        disk.add("/dir/a", FILE)
