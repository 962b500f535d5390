"""Import of opening stock and counts through the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.engine import Connection

from inventory.common.messages import message
from inventory.common.progress import Progress
from inventory.imports.column_mapping import Row
from inventory.imports.row_checks import (
    RowCheckResult,
    SpellingSuggester,
    item_suggester,
    lot_suggester,
    with_suggestion,
)
from inventory.ledger import bulk_import as ledger_imports
from inventory.ledger.bulk_import import CountedLot, OpeningLot

_PLANS: dict[str, tuple[Any, Any]] = {
    "stock": (ledger_imports.plan_opening, OpeningLot),
    "counts": (ledger_imports.plan_counts, CountedLot),
}


def check_rows(
    conn: Connection,
    rows: Sequence[Row],
    *,
    kind: str,
    lock: bool,
    reference: str | None,
    progress: Progress,
) -> RowCheckResult:
    """Plan receipts or counts."""
    plan_of, record = _PLANS[kind]
    # An exported list has lots that are used up; there is nothing to bring in of them.
    empty = [at for at, row in enumerate(rows) if kind == "stock" and row.values["qty"] == "0"]
    kept = [at for at in range(len(rows)) if at not in set(empty)] if empty else range(len(rows))
    asked = [record(**rows[at].values) for at in kept]
    plan = plan_of(conn, asked, lock=lock, reference=reference, progress=progress)
    found = RowCheckResult(new=plan.new, changed=plan.changed, same=plan.same, plan=plan)
    found.notes += [(at, message("The lot is empty: the row is skipped.")) for at in empty]
    found.notes += [(kept[position], note) for position, note in plan.notes]
    items, lots = item_suggester(conn), dict[str, SpellingSuggester]()
    for position, refusal in plan.refused:
        field, reason, near = str(refusal.figures.get("field", "")), refusal.detail, ""
        if refusal.code == "NOT_FOUND":
            of = asked[position]
            if field == "item":
                near = items.near(of.item)
            else:
                suggester = lots.setdefault(of.item, lot_suggester(conn, of.item))
                near = suggester.near(of.lot_code)
        found.refused.append((kept[position], field, with_suggestion(reason, near)))
    return found


def write(
    tx: Connection, judgement: RowCheckResult, *, user_id: int, user_name: str, progress: Progress
) -> int:
    """Post the plan and return the id of the operation."""
    who: dict[str, Any] = {"user_id": user_id, "user_name": user_name}
    return ledger_imports.write(tx, judgement.plan, **who, progress=progress).id
