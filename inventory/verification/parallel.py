"""Read a long ledger in parts, with several processes at once.

The check of an entry needs only its lot, and the check of an operation only its row. So ranges of
them can be checked separately, each in its own snapshot, with the same result.
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
from inventory.stock.statements import ledger, lots, operations
from inventory.verification import entries, records
from inventory.verification.findings import Finding

#: The most findings in a report; the others are only counted.
MAX_ENTRIES = 1000
#: A ledger with fewer entries is read faster than other processes start.
LONG = 200_000
#: Parts per process. Parts differ in size, because a lot's entries stay together.
_PARTS = 8

_CHECKS: dict[str, Callable[[Connection, str], Iterator[Finding | int]]] = {
    "inventory_ledger": entries.check,
    "operations": records.operations_within,
}


@dataclass(slots=True)
class PartialReport:
    """The findings of one part, which can be passed between processes."""

    entries: int = 0
    count: int = 0
    findings: list[Finding] = field(default_factory=list)

    def add(self, finding: Finding) -> None:
        """Add a finding."""
        self.count += 1
        if len(self.findings) < MAX_ENTRIES:
            self.findings.append(finding)

    def take(self, other: PartialReport) -> None:
        """Add the findings and counts of another part."""
        self.entries += other.entries
        self.count += other.count
        self.findings += other.findings[: MAX_ENTRIES - len(self.findings)]


@contextmanager
def checked(conn: Connection, processes: int) -> Iterator[Iterable[PartialReport]]:
    """Yield the reports of entries, then of operations.

    Other processes check while the block runs.
    """
    if processes == 1 or _last(conn, ledger) < LONG:
        yield (_checked(conn, name, "1 = 1") for name in _CHECKS)
        return
    ranges = [
        *(("inventory_ledger", part) for part in _ranges(_last(conn, lots), processes * _PARTS)),
        *(("operations", part) for part in _ranges(_last(conn, operations), processes * _PARTS)),
    ]
    # Forks of this process would share its connections. A fork server has none, and loads the code
    # once (about a second) instead of in each process.
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(processes, server) as pool:
        jobs = [pool.submit(_checked_elsewhere, conn.engine.url, *part) for part in ranges]
        yield (job.result() for job in jobs)


def readable(table: str, found: Iterable[Any]) -> Iterator[Any]:
    """Yield what is found; an error while reading becomes a finding."""
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
    """Return conditions of which exactly one holds for any id, even a wrong one."""
    cuts = [last * at // count for at in range(1, count)]
    between = [f"{{}} > {low} AND {{}} <= {high}" for low, high in itertools.pairwise(cuts)]
    return ["{} IS NULL", f"{{}} <= {cuts[0]}", *between, f"{{}} > {cuts[-1]}"]
