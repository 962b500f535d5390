"""Verify what entries belong to: operations, reservations, QC decisions, lots."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.ledger import hash_chain
from inventory.models import LotCount, QcDecision, table
from inventory.stock.statements import ledger, lots, operations, reservations
from inventory.verification import raw_rows
from inventory.verification.findings import Finding

decisions = table(QcDecision)
counts = table(LotCount)


#: Raw rows without type conversion, like those of the entries.
_OPERATIONS = """
SELECT id, {hash}, kind, reference, reason, note, user_id, {recorded_at}, {occurred_at}, reverses_id
FROM operations
WHERE {within}
ORDER BY id
"""


def check(conn: Connection) -> Iterator[Finding]:
    """Yield the findings that do not need each operation's content."""
    yield from _reversals(conn)
    yield from _reservations(conn)
    yield from _decisions(conn)
    yield from _lots(conn)


def operations_within(conn: Connection, within: str) -> Iterator[Finding]:
    """Yield the operations whose hash is wrong.

    Args:
        within: a condition with {} for the operation's id.
    """
    statement = _OPERATIONS.format(
        hash=raw_rows.blob(conn, "hash"),
        recorded_at=raw_rows.parse_timestamp(conn, "recorded_at"),
        occurred_at=raw_rows.parse_timestamp(conn, "occurred_at"),
        within=within.replace("{}", "id"),
    )
    for batch in raw_rows.rows(conn, statement):
        for id, kept, *content in batch:
            computed = _digest(content)
            if computed != kept:
                found = "" if kept is None else bytes(kept).hex()
                yield Finding("operations", id, "hash", computed.hex(), found)


def _digest(content: list[Any]) -> bytes:
    """Return the hash of an operation; a row with wrong types gets an impossible one."""
    kind, reference, reason, note, user_id, recorded_at, occurred_at, reverses_id = content
    try:
        return hash_chain.operation_digest(
            kind,
            reference,
            reason,
            note,
            user_id,
            hash_chain.format_raw_timestamp(recorded_at),
            "" if occurred_at is None else hash_chain.format_raw_timestamp(occurred_at),
            reverses_id,
        )
    except TypeError:
        return hash_chain.FIRST


def _reversals(conn: Connection) -> Iterator[Finding]:
    twice = (
        sa.select(operations.c.reverses_id)
        .where(operations.c.reverses_id.is_not(None))
        .group_by(operations.c.reverses_id)
        .having(sa.func.count() > 1)
    )
    for id in conn.execute(twice).scalars():
        yield Finding("operations", id, "reversed more than once")
    # A count without a difference has no entries, and neither has its reversal.
    undone = operations.alias()
    without = sa.select(operations.c.id).where(
        operations.c.kind.not_in(["QC", "COUNT"]),
        ~sa.exists().where(ledger.c.operation_id == operations.c.id),
        ~sa.exists().where(counts.c.operation_id == operations.c.id),
        ~sa.exists().where(
            undone.c.id == operations.c.reverses_id,
            ~sa.exists().where(ledger.c.operation_id == undone.c.id),
        ),
    )
    for id in conn.execute(without).scalars():
        yield Finding("operations", id, "has no entries")


def _reservations(conn: Connection) -> Iterator[Finding]:
    """Check that a reservation's quantity is what its operation reserved."""
    made = (
        sa.select(sa.func.sum(ledger.c.qty))
        .where(
            ledger.c.operation_id == reservations.c.operation_id,
            ledger.c.reservation_id == reservations.c.id,
            ledger.c.txn_type == "RESERVE",
        )
        .scalar_subquery()
    )
    statement = sa.select(reservations.c.id, reservations.c.qty, made).where(
        sa.func.coalesce(made, 0) != reservations.c.qty
    )
    for id, qty, reserved in conn.execute(statement):
        yield Finding("reservations", id, "reserved quantity", str(reserved), str(qty))


def _decisions(conn: Connection) -> Iterator[Finding]:
    """Check the chain of each lot's decisions, and that its status is the last one."""
    statement = (
        sa.select(
            lots.c.id.label("of_lot"), lots.c.qc_status, decisions, operations.c.hash.label("op")
        )
        .join_from(lots, decisions, decisions.c.lot_id == lots.c.id, isouter=True)
        .join(operations, operations.c.id == decisions.c.operation_id, isouter=True)
        .order_by(lots.c.id, decisions.c.decision_seq)
    )
    last: Any = None
    for rows in conn.execution_options(yield_per=5000).execute(statement).partitions():
        for row in rows:
            if last is None or row.of_lot != last.of_lot:
                yield from _status(last)
                last = None
            yield from _decision(row, last)
            last = row
    yield from _status(last)


def _decision(row: Any, last: Any) -> Iterator[Finding]:
    """Check one decision against the lot's previous one, if any."""
    if row.id is None:
        return
    seq, status = (last.decision_seq, last.to_status) if last else (0, None)
    if (row.decision_seq, row.prev_seq, row.from_status) != (seq + 1, seq or None, status):
        expected, found = f"{seq + 1} from {status}", f"{row.decision_seq} from {row.from_status}"
        yield Finding("qc_decisions", row.id, "follows another decision", expected, found)
    if row.prev_hash != (last.hash if last else hash_chain.FIRST):
        yield Finding("qc_decisions", row.id, "hash of the decision before")
    computed = hash_chain.decision_hash(
        row.prev_hash,
        row.op or b"",
        row.lot_id,
        row.decision_seq,
        row.from_status,
        row.to_status,
        row.reason,
    )
    if computed != row.hash:
        yield Finding("qc_decisions", row.id, "hash", computed.hex(), row.hash.hex())


def _status(last: Any) -> Iterator[Finding]:
    """Check that a lot's status is that of its last decision."""
    if last is not None and last.to_status != last.qc_status:
        decided, found = str(last.to_status), str(last.qc_status)
        yield Finding("inventory_lots", last.of_lot, "QC status", decided, found)


def _lots(conn: Connection) -> Iterator[Finding]:
    empty = sa.select(lots.c.id).where(~sa.exists().where(ledger.c.lot_id == lots.c.id))
    for id in conn.execute(empty).scalars():
        yield Finding("inventory_lots", id, "has no entries")
    lost = sa.select(counts.c.id, counts.c.on_hand, ledger.c.on_hand_after).join(
        ledger, sa.and_(ledger.c.lot_id == counts.c.lot_id, ledger.c.lot_seq == counts.c.lot_seq)
    )
    for id, on_hand, was in conn.execute(lost.where(counts.c.on_hand != ledger.c.on_hand_after)):
        yield Finding("lot_counts", id, "on hand when it was counted", str(was), str(on_hand))
