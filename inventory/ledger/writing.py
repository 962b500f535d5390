"""Writes what the book planned: the only inserts into the ledger in the whole project."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

from sqlalchemy.engine import Connection

from inventory.chunks import chunks
from inventory.figures import Entry, Lot, Operation
from inventory.ledger import expiring, hashing
from inventory.ledger.book import Book, NewEntry, NewOperation
from inventory.ledger.inserting import insert
from inventory.ledger.recording import record
from inventory.progress import SILENT, Progress
from inventory.stock import ledger, lots, operations, reservations


def write(
    tx: Connection, book: Book, *, user_id: int, user_name: str, progress: Progress = SILENT
) -> list[Operation]:
    """Insert everything planned, in one statement a table, and tell what was written."""
    plans = book.operations
    user = (user_id, user_name)
    system = expiring.system_user(tx) if any(plan.by_system for plan in plans) else user
    writers = [system if plan.by_system else user for plan in plans]
    new_lots = [d.lot for plan in plans for d in plan.decisions if d.lot.id is None]
    progress.start("Writing", _size_of(plans, new_lots))
    ids = insert(tx, lots, [_lot_row(lot) for lot in new_lots], progress)
    for lot, id in zip(new_lots, ids, strict=True):
        lot.id = id
    rows = [_operation_row(book, plan, id) for plan, (id, _) in zip(plans, writers, strict=True)]
    operation_ids = insert(tx, operations, rows)
    _insert_reservations(tx, book, operation_ids)
    planned = list(zip(plans, operation_ids, (row["hash"] for row in rows), strict=True))
    names = [name for _, name in writers]
    entries = iter(_insert_entries(tx, planned, rows, names, progress))
    record(tx, book, planned, progress)
    return [
        Operation(
            id=id,
            **{name: row[name] for name in ("kind", "reference", "reason", "note", "user_id")},
            user_name=name,
            recorded_at=row["recorded_at"],
            occurred_at=row["occurred_at"],
            reverses_id=row["reverses_id"],
            entries=tuple(islice(entries, len(plan.entries))),
        )
        for plan, id, row, name in zip(plans, operation_ids, rows, names, strict=True)
    ]


def _size_of(plans: Sequence[NewOperation], new_lots: Sequence[Lot]) -> int:
    """How many rows are to be written, as progress counts them."""
    planned = (len(plan.entries) + len(plan.decisions) + len(plan.counts) for plan in plans)
    return len(new_lots) + sum(planned)


def _lot_row(lot: Any) -> dict[str, Any]:
    names = "lot_code qc_status expires_on supplier_lot location parent_lot_id received_at"
    return {"item_id": lot.item.id, **{name: getattr(lot, name) for name in names.split()}}


def _operation_row(book: Book, plan: NewOperation, user_id: int) -> dict[str, Any]:
    row: dict[str, Any] = {
        "kind": str(plan.kind),
        "reference": plan.reference,
        "reason": plan.reason,
        "note": plan.note,
        "user_id": user_id,
        "recorded_at": book.now,
        "occurred_at": plan.occurred_at,
        "reverses_id": plan.reverses_id,
    }
    row["hash"] = hashing.operation_hash(row)
    return row


def _insert_reservations(tx: Connection, book: Book, operation_ids: Sequence[int]) -> None:
    new = [
        (plan.reservation, operation_id)
        for plan, operation_id in zip(book.operations, operation_ids, strict=True)
        if plan.reservation is not None
    ]
    rows = [
        {
            "item_id": reservation.item.id,
            "reference": reservation.reference,
            "qty": reservation.qty,
            "expires_at": reservation.expires_at,
            "note": reservation.note,
            "operation_id": operation_id,
            "created_at": reservation.created_at,
        }
        for reservation, operation_id in new
    ]
    ids = insert(tx, reservations, rows)
    for (reservation, _), id in zip(new, ids, strict=True):
        reservation.id = id


def _insert_entries(
    tx: Connection,
    planned: Sequence[tuple[NewOperation, int, bytes]],
    operation_rows: Sequence[dict[str, Any]],
    user_names: Sequence[str],
    progress: Progress,
) -> list[Entry]:
    """A thousand at a time, and only what is told of them is kept: there may be very many."""
    entries = [
        (entry, id, hash, operation, name)
        for (plan, id, hash), operation, name in zip(
            planned, operation_rows, user_names, strict=True
        )
        for entry in plan.entries
    ]
    written: list[Entry] = []
    for some in chunks(entries):
        rows = [_hashed_row(entry, id, hash) for entry, id, hash, _, _ in some]
        ids = insert(tx, ledger, rows, progress)
        for (entry, _, _, operation, name), row, id in zip(some, rows, ids, strict=True):
            written.append(_written(operation, name, entry, row, id))
    return written


def _hashed_row(entry: NewEntry, operation_id: int, operation_hash: bytes) -> dict[str, Any]:
    """The row with its hash, which takes up the one that the entry before left on the lot."""
    row = _entry_row(entry, operation_id)
    row["prev_hash"] = entry.lot.last_hash
    row["hash"] = entry.lot.last_hash = _entry_hash(row, operation_hash)
    return row


def _entry_hash(row: dict[str, Any], operation_hash: bytes) -> bytes:
    return hashing.entry_hash(
        row["prev_hash"],
        operation_hash,
        row["lot_id"],
        row["item_id"],
        row["lot_seq"],
        row["txn_type"],
        row["qty"],
        hashing.moment(row["timestamp"]),
        row["on_hand_after"],
        row["reserved_after"],
        row["received_after"],
        row["reservation_id"],
        row["line_seq"],
        row["open_after"],
        row["issued_after"],
    )


def _entry_row(entry: NewEntry, operation_id: int) -> dict[str, Any]:
    line_seq = entry.line_seq
    return {
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


def _written(
    operation: dict[str, Any], user_name: str, entry: NewEntry, row: dict[str, Any], id: int
) -> Entry:
    return Entry(
        id=id,
        operation_id=row["operation_id"],
        kind=operation["kind"],
        item_code=entry.lot.item.code,
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
