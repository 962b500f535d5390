"""Recompute everything from raw rows, and name the row that is wrong.

`verify` trusts nothing that was computed before: sequences, balances, reservations and hashes are
worked out anew from each entry's type and quantity. It reads in the order of lots, with memory
for one lot at a time.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory import clock, read_cache
from inventory.db import atomic
from inventory.models import table
from inventory.verification import entries, records, schema
from inventory.verification.digests import differences
from inventory.verification.findings import Finding
from inventory.verification.runs import VerificationRun

runs = table(VerificationRun)

#: So many findings are kept; of more, only their number is told.
MOST = 1000


@dataclass(slots=True)
class Report:
    """What a run of `verify` found."""

    started_at: datetime
    seconds: float = 0.0
    entries: int = 0
    count: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.findings

    def add(self, finding: Finding) -> None:
        self.count += 1
        if len(self.findings) < MOST:
            self.findings.append(finding)

    def record(self) -> dict[str, Any]:
        """The report, ready for JSON."""
        return {
            "started_at": self.started_at.isoformat().replace("+00:00", "Z"),
            "seconds": round(self.seconds, 3),
            "entries": self.entries,
            "ok": self.ok,
            "differences": self.count,
            "findings": [asdict(finding) for finding in self.findings[:20]],
        }


def verify(conn: Connection, *, against: Mapping[str, Any] | None = None) -> Report:
    """Check the whole ledger as the connection sees it; `against` is an earlier digest.

    Entries come first in the report, then what they belong to, then the schema.
    """
    report = Report(clock.now())
    began = time.monotonic()
    for found in _readable("inventory_ledger", entries.check(conn)):
        if isinstance(found, Finding):
            report.add(found)
        else:
            report.entries = found
    for finding in _readable("records", records.check(conn)):
        report.add(finding)
    for finding in schema.check(conn):
        report.add(finding)
    for name in read_cache.differences(conn):
        report.add(Finding(name, None, "the read cache differs; run `flask ledger rebuild-cache`"))
    if against is not None:
        for finding in differences(conn, against):
            report.add(finding)
    report.seconds = time.monotonic() - began
    return report


def _readable(table: str, found: Iterator[Any]) -> Iterator[Any]:
    """Rows that cannot even be read are a finding, not the end of the run."""
    try:
        yield from found
    except (sa.exc.DBAPIError, TypeError, ValueError, AttributeError) as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
        yield Finding(table, None, f"a row cannot be read: {reason}")


@atomic
def keep(tx: Connection, *, report: Report) -> None:
    """Write down what a run found, for the pages and the API."""
    tx.execute(
        sa.insert(runs).values(
            started_at=report.started_at,
            ok=report.ok,
            entries=report.entries,
            detail=json.dumps(report.record()),
        )
    )


def last_run(conn: Connection) -> dict[str, Any] | None:
    """What the last run found, ready for JSON; None when there was none."""
    found = conn.execute(sa.select(runs.c.detail).order_by(runs.c.id.desc()).limit(1)).scalar()
    return None if found is None else dict(json.loads(found))
