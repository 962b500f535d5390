"""What entries belong to: operations, reservations, QC decisions, lots."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.ledger import hashing
from inventory.models import LotCount, QcDecision, table
from inventory.stock import ledger, lots, operations, reservations
from inventory.verification.findings import Finding

decisions = table(QcDecision)
counts = table(LotCount)


def check(conn: Connection) -> Iterator[Finding]:
    yield from _operations(conn)
    yield from _reservations(conn)
    yield from _decisions(conn)
    yield from _lots(conn)


def _operations(conn: Connection) -> Iterator[Finding]:
    names = [*hashing.OPERATION_FIELDS, "id", "hash"]
    statement = sa.select(*(operations.c[name] for name in names)).order_by(operations.c.id)
    for rows in conn.execution_options(yield_per=5000).execute(statement).mappings().partitions():
        for row in rows:
            computed = hashing.operation_hash(row)  # type: ignore[arg-type]
            if computed != row["hash"]:
                yield Finding(
                    "operations", row["id"], "hash", computed.hex(), bytes(row["hash"]).hex()
                )
    twice = (
        sa.select(operations.c.reverses_id)
        .where(operations.c.reverses_id.is_not(None))
        .group_by(operations.c.reverses_id)
        .having(sa.func.count() > 1)
    )
    for id in conn.execute(twice).scalars():
        yield Finding("operations", id, "reversed more than once")
    without = sa.select(operations.c.id).where(
        operations.c.kind.not_in(["QC", "COUNT"]),
        ~sa.exists().where(ledger.c.operation_id == operations.c.id),
    )
    for id in conn.execute(without).scalars():
        yield Finding("operations", id, "has no entries")


def _reservations(conn: Connection) -> Iterator[Finding]:
    """What was promised is what the operation that made it reserved."""
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
        yield Finding("reservations", id, "quantity promised", str(reserved), str(qty))


def _decisions(conn: Connection) -> Iterator[Finding]:
    """Each lot's decisions follow from each other, and its status is the last one."""
    statement = (
        sa.select(
            lots.c.id,
            lots.c.qc_status,
            decisions.c.id,
            decisions.c.decision_seq,
            decisions.c.prev_seq,
            decisions.c.from_status,
            decisions.c.to_status,
        )
        .join_from(lots, decisions, decisions.c.lot_id == lots.c.id, isouter=True)
        .order_by(lots.c.id, decisions.c.decision_seq)
    )
    lot_id, seq = None, 0
    status: str | None = None
    qc_status: str | None = None
    for rows in conn.execution_options(yield_per=5000).execute(statement).partitions():
        for row in rows:
            if row[0] != lot_id:
                yield from _status(lot_id, status, qc_status)
                lot_id, qc_status, seq, status = row[0], row[1], 0, None
            if (row[3], row[4], row[5]) != (seq + 1, seq or None, status):
                yield Finding(
                    "qc_decisions", row[2], "does not follow from the decision before it",
                    f"{seq + 1} from {status}", f"{row[3]} from {row[5]}",
                )  # fmt: skip
            seq, status = row[3] or 0, row[6]
    yield from _status(lot_id, status, qc_status)


def _status(lot_id: int | None, decided: str | None, qc_status: str | None) -> Iterator[Finding]:
    if decided != qc_status:
        yield Finding("inventory_lots", lot_id, "QC status", str(decided), str(qc_status))


def _lots(conn: Connection) -> Iterator[Finding]:
    empty = sa.select(lots.c.id).where(~sa.exists().where(ledger.c.lot_id == lots.c.id))
    for id in conn.execute(empty).scalars():
        yield Finding("inventory_lots", id, "has no entries")
    lost = sa.select(counts.c.id, counts.c.on_hand, ledger.c.on_hand_after).join(
        ledger, sa.and_(ledger.c.lot_id == counts.c.lot_id, ledger.c.lot_seq == counts.c.lot_seq)
    )
    for id, on_hand, was in conn.execute(lost.where(counts.c.on_hand != ledger.c.on_hand_after)):
        yield Finding("lot_counts", id, "on hand when it was counted", str(was), str(on_hand))
