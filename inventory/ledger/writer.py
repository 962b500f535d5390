"""Insert planned operations; no other code inserts into the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory import audit
from inventory.common.chunks import chunks
from inventory.common.lookalikes import look_key
from inventory.common.messages import message
from inventory.common.progress import SILENT, Progress
from inventory.common.search_keys import lot_key, reservation_key
from inventory.common.sort_keys import natural_key
from inventory.db.bulk_insert import allocate_ids, insert
from inventory.ledger import hash_chain
from inventory.ledger.planned import PlannedEntry, PlannedOperation, PlannedQcDecision
from inventory.ledger.rules import expiry
from inventory.ledger.unit_of_work import UnitOfWork
from inventory.models import LotCount, QcDecision, table
from inventory.stock.entities import Entry, Lot, Operation
from inventory.stock.statements import LOT_COLUMNS, ledger, lots, operations, reservations

decisions = table(QcDecision)
counts = table(LotCount)

_OPERATION_FIELDS = ("id", "kind", "reference", "reason", "note", "user_id")

_SET_STATUS = (
    sa.update(lots)
    .where(lots.c.id == sa.bindparam("of_lot"))
    .values(qc_status=sa.bindparam("status"))
)


def write(
    tx: Connection, uow: UnitOfWork, *, user_id: int, user_name: str, progress: Progress = SILENT
) -> list[Operation]:
    """Insert everything that is planned, with one statement per table.

    Args:
        user_id, user_name: the user of all operations that are not by the system.

    Returns:
        The operations written, in the order of the plan.
    """
    plans = uow.operations
    user = (user_id, user_name)
    system = expiry.system_user(tx) if any(plan.by_system for plan in plans) else user
    writers = [system if plan.by_system else user for plan in plans]
    new_lots = [d.lot for plan in plans for d in plan.decisions if d.lot.id is None]
    progress.start(message("Writing"), _size_of(plans, new_lots))
    ids = allocate_ids(tx, _counts(plans, new_lots))
    for lot, id in zip(new_lots, ids[lots], strict=True):
        lot.id = id
    insert(tx, lots, [_lot_row(lot) for lot in new_lots], progress)
    rows = [
        _operation_row(uow, plan, id, writer)
        for plan, id, (writer, _) in zip(plans, ids[operations], writers, strict=True)
    ]
    insert(tx, operations, rows)
    _update_renewed(tx, uow, user_id)
    _insert_reservations(tx, plans, ids)
    planned = [(plan, row["id"], row["hash"]) for plan, row in zip(plans, rows, strict=True)]
    names = [name for _, name in writers]
    entries = iter(_insert_entries(tx, plans, rows, names, ids[ledger], progress))
    _insert_decisions_and_counts(tx, uow, planned, progress)
    return [
        Operation(
            **{name: row[name] for name in _OPERATION_FIELDS},
            user_name=name,
            recorded_at=row["recorded_at"],
            occurred_at=row["occurred_at"],
            reverses_id=row["reverses_id"],
            entries=tuple(islice(entries, len(plan.entries))),
        )
        for plan, row, name in zip(plans, rows, names, strict=True)
    ]


def _counts(plans: Sequence[PlannedOperation], new_lots: Sequence[Lot]) -> dict[sa.Table, int]:
    """Return the number of ids to allocate for each table."""
    return {
        lots: len(new_lots),
        operations: len(plans),
        reservations: sum(plan.reservation is not None for plan in plans),
        ledger: sum(len(plan.entries) for plan in plans),
    }


def _size_of(plans: Sequence[PlannedOperation], new_lots: Sequence[Lot]) -> int:
    """Return the number of rows to write, as progress counts them."""
    planned = (len(plan.entries) + len(plan.decisions) + len(plan.counts) for plan in plans)
    return len(new_lots) + sum(planned)


def _lot_row(lot: Any) -> dict[str, Any]:
    fields = {name: getattr(lot, name) for name in LOT_COLUMNS}
    keys = {
        "look_key": look_key(lot.lot_code),
        "sort_key": natural_key(lot.lot_code),
        "search_key": lot_key(lot.lot_code, lot.supplier_lot),
    }
    return {"item_id": lot.item.id, **keys, **fields}


def _operation_row(
    uow: UnitOfWork, plan: PlannedOperation, id: int, user_id: int
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": id,
        "kind": str(plan.kind),
        "reference": plan.reference,
        "reason": plan.reason,
        "note": plan.note,
        "user_id": user_id,
        "recorded_at": uow.now,
        "occurred_at": plan.occurred_at,
        "reverses_id": plan.reverses_id,
    }
    row["hash"] = hash_chain.operation_hash(row)
    return row


def _update_renewed(tx: Connection, uow: UnitOfWork, user_id: int) -> None:
    """Give void lots their new fields, before their entries: the balance tables take them over."""
    for lot, before in uow.renewed:
        after = {name: getattr(lot, name) for name in before}
        key = lot_key(lot.lot_code, lot.supplier_lot)
        tx.execute(sa.update(lots).where(lots.c.id == lot.id).values(**after, search_key=key))
        fields = {"before": _texts(before), "after": _texts(after)}
        audit.record(tx, user_id=user_id, action="lot changed", subject=f"lot {lot.id}", **fields)


def _texts(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value if value is None else str(value) for name, value in values.items()}


def _insert_reservations(
    tx: Connection, plans: Sequence[PlannedOperation], ids: dict[sa.Table, Sequence[int]]
) -> None:
    new = [
        (plan.reservation, operation_id)
        for plan, operation_id in zip(plans, ids[operations], strict=True)
        if plan.reservation is not None
    ]
    for (reservation, _), id in zip(new, ids[reservations], strict=True):
        reservation.id = id
    rows = [
        {
            "id": reservation.id,
            "item_id": reservation.item.id,
            "reference": reservation.reference,
            "search_key": reservation_key(reservation.reference),
            "qty": reservation.qty,
            "expires_at": reservation.expires_at,
            "note": reservation.note,
            "operation_id": operation_id,
            "created_at": reservation.created_at,
        }
        for reservation, operation_id in new
    ]
    insert(tx, reservations, rows)


def _insert_entries(
    tx: Connection,
    plans: Sequence[PlannedOperation],
    operation_rows: Sequence[dict[str, Any]],
    user_names: Sequence[str],
    ids: Sequence[int],
    progress: Progress,
) -> list[Entry]:
    """Insert the entries in chunks of 1,000.

    Keeps only what is returned of each entry, because an import can have very many.
    """
    entries = [
        (entry, operation, name)
        for plan, operation, name in zip(plans, operation_rows, user_names, strict=True)
        for entry in plan.entries
    ]
    written: list[Entry] = []
    for some in chunks(list(zip(ids, entries, strict=True))):
        rows = [_hashed_row(id, entry, operation) for id, (entry, operation, _) in some]
        insert(tx, ledger, rows, progress)
        for (_, (entry, operation, name)), row in zip(some, rows, strict=True):
            written.append(_to_entry(operation, name, entry, row))
    return written


def _hashed_row(id: int, entry: PlannedEntry, operation: dict[str, Any]) -> dict[str, Any]:
    """Return the row with its hash, which covers the lot's previous hash."""
    row = _entry_row(id, entry, operation["id"])
    row["prev_hash"] = entry.lot.last_hash
    timestamp = hash_chain.format_timestamp(row["timestamp"])
    entry.lot.last_hash = hash_chain.entry_hash(row, operation["hash"], timestamp=timestamp)
    row["hash"] = entry.lot.last_hash
    return row


def _entry_row(id: int, entry: PlannedEntry, operation_id: int) -> dict[str, Any]:
    line_seq = entry.line_seq
    return {
        "id": id,
        "lot_id": entry.lot.id,
        "item_id": entry.lot.item.id,
        "lot_seq": entry.lot_seq,
        "txn_type": str(entry.txn_type),
        "qty": entry.qty,
        "timestamp": entry.timestamp,
        "operation_id": operation_id,
        "prev_seq": entry.lot_seq - 1 or None,
        "on_hand_before": entry.on_hand_before,
        "reserved_before": entry.reserved_before,
        "received_before": entry.received_before,
        "on_hand_after": entry.on_hand_after,
        "reserved_after": entry.reserved_after,
        "received_after": entry.received_after,
        "reservation_id": entry.reservation.id if entry.reservation else None,
        "line_seq": line_seq,
        "prev_line_seq": line_seq - 1 or None if line_seq is not None else None,
        "open_before": entry.open_before,
        "issued_before": entry.issued_before,
        "open_after": entry.open_after,
        "issued_after": entry.issued_after,
    }


def _to_entry(
    operation: dict[str, Any], user_name: str, entry: PlannedEntry, row: dict[str, Any]
) -> Entry:
    return Entry(
        id=row["id"],
        operation_id=row["operation_id"],
        kind=operation["kind"],
        item_code=entry.lot.item.code,
        unit=entry.lot.item.unit,
        lot_id=row["lot_id"],
        lot_code=entry.lot.lot_code,
        lot_seq=row["lot_seq"],
        txn_type=row["txn_type"],
        qty=row["qty"],
        on_hand_after=row["on_hand_after"],
        reserved_after=row["reserved_after"],
        reservation_id=row["reservation_id"],
        reference=operation["reference"],
        user_id=operation["user_id"],
        user_name=user_name,
        timestamp=row["timestamp"],
        hash=row["hash"],
    )


def _insert_decisions_and_counts(
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
