"""Move a warehouse from SQLite to PostgreSQL and back, back it up and restore the backups.

    python -m bench.moving [--entries 200000]

Every step compares source and target. The printed table is for docs/backup.md.
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

from bench.databases import BenchDatabases, bench_databases
from bench.dataset import database_name, ensure
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
        databases = {
            kind: stack.enter_context(bench_databases(kind)) for kind in ("sqlite", "postgresql")
        }
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        original = ensure(databases["sqlite"], entries)
        on_postgresql, on_sqlite = (
            fresh(databases[kind], f"moved_{kind}") for kind in ("postgresql", "sqlite")
        )
        print("| what | seconds | rows or size | entries verified | differences |")
        print("|---|---|---|---|---|")
        balances = {
            timed("SQLite to PostgreSQL", lambda: move(original, on_postgresql)),
            timed("PostgreSQL to SQLite", lambda: move(on_postgresql, on_sqlite)),
        }
        for kind, url in (("sqlite", original), ("postgresql", on_postgresql)):
            path = timed(f"backup of {kind}", lambda url=url: back_up(url, directory))
            target = empty(databases[kind], f"restored_{kind}")
            timed(f"restore of {kind}", lambda path=path, to=target: restore(path, to))
        assert len(balances) == 1, "the balances of the lots differ"
        for kind in databases:
            for name in (f"moved_{kind}", f"restored_{kind}"):
                databases[kind].drop(name)
    print(f"From {database_name(entries)}: every row, next id and item's figure equal.")


def timed(step: str, action: Callable[[], tuple[Any, str, str, str]]) -> Any:
    began = time.monotonic()
    result, size, verified, differences = action()
    print(f"| {step} | {time.monotonic() - began:.0f} | {size} | {verified} | {differences} |")
    return result


def move(source: str, target: str) -> tuple[str, str, str, str]:
    result = transfer.move(sa.make_url(source), sa.make_url(target), MIGRATIONS)
    report = result.report
    size = f"{sum(result.rows.values()):,}, {result.items} items"
    return result.balances_hash, size, f"{report.entries:,}", str(report.count)


def back_up(url: str, directory: Path) -> tuple[Path, str, str, str]:
    backup = backups.create(sa.make_url(url), directory, purpose="bench")
    return backup.path, f"{backup.size / 2**20:.0f} MiB", "–", "–"


def restore(path: Path, url: str) -> tuple[None, str, str, str]:
    backups.restore(path, sa.make_url(url), MIGRATIONS)
    path.unlink()
    return None, "equal to its manifest", "–", "–"


def fresh(databases: BenchDatabases, name: str) -> str:
    url = empty(databases, name)
    migrate(url)
    return url


def empty(databases: BenchDatabases, name: str) -> str:
    databases.drop(name)
    databases.create(name)
    return databases.url(name)


if __name__ == "__main__":
    main()
