"""Insert QC decisions and counts, which accompany the ledger's entries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.common.progress import Progress
from inventory.db.bulk_insert import insert
from inventory.ledger import hash_chain
from inventory.ledger.unit_of_work import PlannedOperation, PlannedQcDecision, UnitOfWork
from inventory.models import LotCount, QcDecision, table
from inventory.stock.queries import lots

decisions = table(QcDecision)
counts = table(LotCount)

_SET_STATUS = (
    sa.update(lots)
    .where(lots.c.id == sa.bindparam("of_lot"))
    .values(qc_status=sa.bindparam("status"))
)


def record(
    tx: Connection,
    uow: UnitOfWork,
    inserted: Sequence[tuple[PlannedOperation, int, bytes]],
    progress: Progress,
) -> None:
    """Insert the QC decisions and counts, and set the new status of each lot.

    Args:
        inserted: (operation, id, hash) of each inserted operation.
    """
    rows = _decision_rows(uow, inserted)
    insert(tx, decisions, rows, progress)
    changed = [
        {"of_lot": row["lot_id"], "status": row["to_status"]}
        for row in rows
        if row["from_status"] is not None
    ]
    if changed:
        tx.execute(_SET_STATUS, changed)
    counted = [
        {
            "operation_id": id,
            "lot_id": count.lot.id,
            "counted": count.counted,
            "on_hand": count.on_hand,
            "lot_seq": count.lot_seq,
        }
        for plan, id, _ in inserted
        for count in plan.counts
    ]
    insert(tx, counts, counted, progress)


def _decision_rows(
    uow: UnitOfWork, inserted: Sequence[tuple[PlannedOperation, int, bytes]]
) -> list[dict[str, Any]]:
    """Return the decisions' rows, each hash covering the lot's previous decision."""
    rows = []
    last_hashes = {lot_id: last for lot_id, (_, last) in uow.last_decisions.items()}
    for plan, operation_id, operation_hash in inserted:
        for decision in plan.decisions:
            row = _decision_row(decision, operation_id)
            row["prev_hash"] = last_hashes.get(row["lot_id"], hash_chain.FIRST)
            row["hash"] = last_hashes[row["lot_id"]] = hash_chain.decision_hash(
                row["prev_hash"],
                operation_hash,
                row["lot_id"],
                row["decision_seq"],
                row["from_status"],
                row["to_status"],
                row["reason"],
            )
            rows.append(row)
    return rows


def _decision_row(decision: PlannedQcDecision, operation_id: int) -> dict[str, Any]:
    return {
        "lot_id": decision.lot.id,
        "decision_seq": decision.decision_seq,
        "prev_seq": decision.decision_seq - 1 or None,
        "from_status": decision.from_status,
        "to_status": str(decision.to_status),
        "reason": decision.reason,
        "operation_id": operation_id,
    }
