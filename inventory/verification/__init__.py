"""Verify the ledger: recompute everything from raw rows and report wrong rows.

`verify` computes sequences, balances, reservations and hashes from each entry's type and quantity
and compares them with the stored ones. It reads lot by lot and holds one lot in memory.

May import `ledger`, `catalog` and `pictures` and the layers below.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.common import clock
from inventory.db import atomic, balance_triggers
from inventory.models import table
from inventory.models.verification import VerificationRun
from inventory.verification import records, schema
from inventory.verification.digests import differences
from inventory.verification.findings import Finding
from inventory.verification.parallel import PartialReport, checked, readable

runs = table(VerificationRun)


@dataclass(slots=True, kw_only=True)
class Report(PartialReport):
    """The result of a run of `verify`."""

    started_at: datetime
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Return whether nothing is wrong."""
        return not self.findings

    def to_dict(self) -> dict[str, Any]:
        """Return the report, ready for JSON."""
        return {
            "started_at": self.started_at.isoformat().replace("+00:00", "Z"),
            "seconds": round(self.seconds, 3),
            "entries": self.entries,
            "ok": self.ok,
            "differences": self.count,
            "findings": [asdict(finding) for finding in self.findings[:20]],
        }


def verify(
    conn: Connection, *, against: Mapping[str, Any] | None = None, processes: int = 1
) -> Report:
    """Verify the whole ledger as the connection sees it.

    The report lists findings in entries first, then in their records, then in the schema.

    Args:
        against: an earlier digest to compare with.
        processes: read a long ledger with this many processes, each in its own snapshot.
    """
    report = Report(started_at=clock.now())
    began = time.monotonic()
    with checked(conn, processes) as parts:
        others = [*readable("records", records.check(conn)), *schema.check(conn)]
        others += [
            Finding(name, None, "the read cache differs; run `flask ledger rebuild-cache`")
            for name in balance_triggers.differences(conn)
        ]
        for part in parts:
            report.take(part)
    for finding in others:
        report.add(finding)
    if against is not None:
        for finding in differences(conn, against):
            report.add(finding)
    report.seconds = time.monotonic() - began
    return report


@atomic
def store_report(tx: Connection, *, report: Report) -> None:
    """Store the result of a run, for the pages and the API."""
    tx.execute(
        sa.insert(runs).values(
            started_at=report.started_at,
            ok=report.ok,
            entries=report.entries,
            detail=json.dumps(report.to_dict()),
        )
    )


def last_run(conn: Connection) -> dict[str, Any] | None:
    """Return the result of the last run, ready for JSON, or None."""
    found = conn.execute(sa.select(runs.c.detail).order_by(runs.c.id.desc()).limit(1)).scalar()
    return None if found is None else dict(json.loads(found))
