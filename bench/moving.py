"""Moves a warehouse from SQLite to PostgreSQL and back, backs it up, and puts the backups back.

    python -m bench.moving [--entries 200000]

Every step compares both sides by itself; the rows of the table are for docs/backup.md.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench.dataset import ensure, name_of
from bench.places import Place, place
from inventory import backups
from inventory.backups import transfer
from inventory.config import ROOT
from tests.support.databases import migrate

MIGRATIONS = ROOT / "migrations"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=200_000)
    entries = parser.parse_args().entries
    with ExitStack() as stack:
        places = {kind: stack.enter_context(place(kind)) for kind in ("sqlite", "postgresql")}
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        first = ensure(places["sqlite"], entries)
        there, back = (fresh(places[kind], f"moved_{kind}") for kind in ("postgresql", "sqlite"))
        print("| what | seconds | rows or size | entries verified | differences |")
        print("|---|---|---|---|---|")
        fingerprints = {
            timed("SQLite to PostgreSQL", lambda: move(first, there)),
            timed("PostgreSQL to SQLite", lambda: move(there, back)),
        }
        for kind, url in (("sqlite", first), ("postgresql", there)):
            path = timed(f"backup of {kind}", lambda url=url: back_up(url, directory))
            target = empty(places[kind], f"restored_{kind}")
            timed(f"restore of {kind}", lambda path=path, to=target: restore(path, to))
        assert len(fingerprints) == 1, "the lots do not stand where they stood"
        for kind in places:
            for name in (f"moved_{kind}", f"restored_{kind}"):
                places[kind].drop(name)
    print(f"From {name_of(entries)}: every row, next id and item's figure equal.")


def timed(what: str, do: Callable[[], tuple[Any, str, str, str]]) -> Any:
    began = time.monotonic()
    result, size, verified, differences = do()
    print(f"| {what} | {time.monotonic() - began:.0f} | {size} | {verified} | {differences} |")
    return result


def move(source: str, target: str) -> tuple[str, str, str, str]:
    moved = transfer.move(sa.make_url(source), sa.make_url(target), MIGRATIONS)
    report = moved.report
    told = f"{sum(moved.rows.values()):,}, {moved.items} items"
    return moved.balances_hash, told, f"{report.entries:,}", str(report.count)


def back_up(url: str, directory: Path) -> tuple[Path, str, str, str]:
    made = backups.create(sa.make_url(url), directory, purpose="bench")
    return made.path, f"{made.size / 2**20:.0f} MiB", "–", "–"


def restore(path: Path, url: str) -> tuple[None, str, str, str]:
    backups.restore(path, sa.make_url(url), MIGRATIONS)
    path.unlink()
    return None, "equal to its manifest", "–", "–"


def fresh(where: Place, name: str) -> str:
    url = empty(where, name)
    migrate(url)
    return url


def empty(where: Place, name: str) -> str:
    where.drop(name)
    where.create(name)
    return where.url(name)


if __name__ == "__main__":
    main()
