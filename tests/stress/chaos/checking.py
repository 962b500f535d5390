"""Check the rows of the database against the records of the clients, without product code.

`problems_of` reports lost or doubled acknowledged operations, refused operations that were carried
out, rows that no client requested, wrong sequences, balances and reservation lines, and entries
whose order in a lot contradicts the clients' clocks.
"""

from __future__ import annotations

import bisect
import itertools
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from tests.stress.chaos.history import GRANTED, History

_OPERATIONS = "SELECT id, kind, note, reason FROM operations ORDER BY id"
_KEYS = "SELECT idempotency_key, refused FROM write_requests"
_ENTRIES = """
SELECT lot_id, lot_seq, txn_type, qty, operation_id, reservation_id, on_hand_after, reserved_after
FROM inventory_ledger ORDER BY lot_id, lot_seq
"""


@dataclass
class Rows:
    """The current rows of the database."""

    operations: list[Any]
    keys: dict[str, bool]
    entries: list[Any]

    @classmethod
    def of(cls, url: str) -> Rows:
        with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
            read = connection.exec_driver_sql
            return cls(
                list(read(_OPERATIONS)),
                {row.idempotency_key: bool(row.refused) for row in read(_KEYS)},
                list(read(_ENTRIES)),
            )


def problems_of(history: History, rows: Rows) -> list[str]:
    return [
        *history.unexpected,
        *_lost_or_doubled(history, rows),
        *_replayed(rows)[1],
        *_out_of_order(history, rows),
    ]


def problems_so_far(history: History, rows: Rows) -> list[str]:
    """Return the problems while some writes are unanswered; those may be carried out or not."""
    answered, waiting = [], set()
    for write in list(history.writes):
        if write.result:
            answered.append(write)
        else:
            waiting.add(write.key)
    answered_history = History(answered, reads=list(history.reads))
    settled = [operation for operation in rows.operations if _key_of(operation) not in waiting]
    return problems_of(answered_history, replace(rows, operations=settled))


def figures_of(rows: Rows) -> dict[int, tuple[int, int, int]]:
    """Return on hand, reserved and last sequence of each lot, replayed from the entries."""
    return _replayed(rows)[0]


def _key_of(operation: Any) -> str:
    return operation.reason if operation.kind == "REVERSAL" else operation.note


def _lost_or_doubled(history: History, rows: Rows) -> list[str]:
    found = []
    written: dict[str, list[int]] = defaultdict(list)
    for operation in rows.operations:
        written[_key_of(operation)].append(operation.id)
    for write in history.writes:
        numbers = written.pop(write.key, [])
        if not write.result:
            found.append(f"{write.path} {write.key}: never answered")
        elif write.result != GRANTED and numbers:
            found.append(
                f"{write.path} {write.key}: refused with {write.result}, but done as {numbers}"
            )
        elif write.result == GRANTED and not numbers:
            found.append(f"{write.path} {write.key}: acknowledged, and lost")
        elif len(numbers) > 1:
            found.append(f"{write.path} {write.key}: done {len(numbers)} times, as {numbers}")
        if write.result and rows.keys.get(write.key) is not (write.result != GRANTED):
            found.append(f"{write.path} {write.key}: its key has not stored {write.result}")
    return found + [
        f"operations {numbers}: not requested: {key}" for key, numbers in written.items()
    ]


def _replayed(rows: Rows) -> tuple[dict[int, tuple[int, int, int]], list[str]]:
    """Replay the entries and return the final state of each lot and the problems."""
    found: list[str] = []
    state: dict[int, tuple[int, int, int]] = {}
    lines: dict[tuple[int, int], int] = defaultdict(int)
    for entry in rows.entries:
        on_hand, reserved, seq = state.get(entry.lot_id, (0, 0, 0))
        on_hand += {"RECEIVE": entry.qty, "ISSUE": -entry.qty}.get(entry.txn_type, 0)
        reserved_change = {"RESERVE": entry.qty, "UNRESERVE": -entry.qty}.get(entry.txn_type, 0)
        reserved += reserved_change
        where = f"lot {entry.lot_id} entry {entry.lot_seq}"
        if entry.lot_seq != seq + 1:
            found.append(f"{where}: comes after {seq}")
        if (entry.on_hand_after, entry.reserved_after) != (on_hand, reserved):
            found.append(f"{where}: says {entry.on_hand_after}/{entry.reserved_after}")
        if entry.qty <= 0 or not 0 <= reserved <= on_hand:
            found.append(f"{where}: leaves {reserved} reserved of {on_hand}")
        if reserved_change:
            lines[entry.lot_id, entry.reservation_id] += reserved_change
            if lines[entry.lot_id, entry.reservation_id] < 0:
                found.append(f"{where}: unreserves more than was reserved")
        state[entry.lot_id] = (on_hand, reserved, entry.lot_seq)
    for lot_id, (_, reserved, _) in state.items():
        if reserved != sum(open_ for (lot, _), open_ in lines.items() if lot == lot_id):
            found.append(f"lot {lot_id}: its reservations do not add up to {reserved}")
    return state, found


def _out_of_order(history: History, rows: Rows) -> list[str]:
    """Check the real-time order.

    A write that was answered before another began comes before it in each lot. A read that began
    after an answer shows its result.
    """
    found = []
    times = {write.key: (write.began, write.ended) for write in history.writes}
    keys = {operation.id: _key_of(operation) for operation in rows.operations}
    known = [entry for entry in rows.entries if keys.get(entry.operation_id) in times]
    acknowledged: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for lot_id, entries in itertools.groupby(known, key=lambda entry: entry.lot_id):
        latest_start = 0.0
        for entry in entries:
            began, ended = times[keys[entry.operation_id]]
            if ended < latest_start:
                found.append(
                    f"lot {lot_id} entry {entry.lot_seq}: comes after a write that began later"
                )
            latest_start = max(latest_start, began)
            acknowledged[lot_id].append((ended, entry.lot_seq))
    ends: dict[int, list[float]] = {}
    max_seqs: dict[int, list[int]] = {}
    for lot_id, pairs in acknowledged.items():
        pairs.sort()
        ends[lot_id] = [ended for ended, _ in pairs]
        max_seqs[lot_id] = list(itertools.accumulate((seq for _, seq in pairs), max))
    for read in history.reads:
        before = bisect.bisect_left(ends.get(read.lot_id, []), read.began)
        if before and (expected := max_seqs[read.lot_id][before - 1]) > read.lot_seq:
            found.append(f"lot {read.lot_id}: seen at {read.lot_seq}, was at {expected}")
    return found
