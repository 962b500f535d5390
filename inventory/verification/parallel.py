"""A long ledger is read in parts, by several processes at once.

Nothing that is checked of an entry reaches beyond its lot, and nothing of an operation's content
beyond its row. So ranges of them can be read apart, each in a snapshot of its own, and the figures
are what one reader would have found.
"""

from __future__ import annotations

import itertools
import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.db import snapshot, temporary_engine
from inventory.stock.queries import ledger, lots, operations
from inventory.verification import entries, records
from inventory.verification.findings import Finding

#: So many findings are kept; of more, only their number is told.
MOST = 1000
#: A shorter ledger is read before other processes have started.
LONG = 200_000
#: So many parts for each process: their sizes differ, as one lot's entries stay together.
_PARTS = 8

_CHECKS: dict[str, Callable[[Connection, str], Iterator[Finding | int]]] = {
    "inventory_ledger": entries.check,
    "operations": records.operations_within,
}


@dataclass(slots=True)
class PartialReport:
    """What was found in a part, ready for another process."""

    entries: int = 0
    count: int = 0
    findings: list[Finding] = field(default_factory=list)

    def add(self, finding: Finding) -> None:
        self.count += 1
        if len(self.findings) < MOST:
            self.findings.append(finding)

    def take(self, other: PartialReport) -> None:
        self.entries += other.entries
        self.count += other.count
        self.findings += other.findings[: MOST - len(self.findings)]


@contextmanager
def checked(conn: Connection, processes: int) -> Iterator[Iterable[PartialReport]]:
    """Entries, then operations; in other processes it has begun while the caller does the rest."""
    if processes == 1 or _last(conn, ledger) < LONG:
        yield (_checked(conn, name, "1 = 1") for name in _CHECKS)
        return
    ranges = [
        *(("inventory_ledger", part) for part in _ranges(_last(conn, lots), processes * _PARTS)),
        *(("operations", part) for part in _ranges(_last(conn, operations), processes * _PARTS)),
    ]
    # Forks of this process would share its connections. They are forks of one that has none, and
    # that has loaded all the code they need: a second of work, once instead of in each.
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(processes, server) as pool:
        jobs = [pool.submit(_checked_elsewhere, conn.engine.url, *part) for part in ranges]
        yield (job.result() for job in jobs)


def readable(table: str, found: Iterable[Any]) -> Iterator[Any]:
    """Rows that cannot even be read are a finding, not the end of the run."""
    try:
        yield from found
    except (sa.exc.DBAPIError, TypeError, ValueError, AttributeError) as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
        yield Finding(table, None, f"a row cannot be read: {reason}")


def _checked(conn: Connection, name: str, within: str) -> PartialReport:
    result = PartialReport()
    for found in readable(name, _CHECKS[name](conn, within)):
        if isinstance(found, Finding):
            result.add(found)
        else:
            result.entries = found
    return result


def _checked_elsewhere(url: sa.URL, name: str, within: str) -> PartialReport:
    with temporary_engine(url) as engine, snapshot(engine) as conn:
        return _checked(conn, name, within)


def _last(conn: Connection, table: sa.Table) -> int:
    newest = sa.select(sa.func.coalesce(sa.func.max(table.c.id), 0))
    return int(conn.execute(newest).scalar_one())


def _ranges(last: int, count: int) -> list[str]:
    """Conditions of which exactly one holds for each id, even for one that should not exist."""
    cuts = [last * at // count for at in range(1, count)]
    between = [f"{{}} > {low} AND {{}} <= {high}" for low, high in itertools.pairwise(cuts)]
    return ["{} IS NULL", f"{{}} <= {cuts[0]}", *between, f"{{}} > {cuts[-1]}"]
