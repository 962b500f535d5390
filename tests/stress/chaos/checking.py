"""What must hold after all the trouble, told from the rows alone: no code of the product is asked.

`problems_of` names each acknowledged operation that is lost or doubled, each refused one that was
carried out, each row that nobody asked for, each sequence, balance or line that is wrong at any
point, and each lot where what came later by the clients' clocks stands earlier in the ledger.
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
    """The database as it stands."""

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
        *history.strange,
        *_lost_or_doubled(history, rows),
        *_replayed(rows)[1],
        *_out_of_order(history, rows),
    ]


def problems_so_far(history: History, rows: Rows) -> list[str]:
    """The same while some still wait for their answer: theirs may be done, or not."""
    told, waiting = [], set()
    for write in list(history.writes):
        if write.told:
            told.append(write)
        else:
            waiting.add(write.key)
    answered = History(told, looks=list(history.looks))
    settled = [operation for operation in rows.operations if _key_of(operation) not in waiting]
    return problems_of(answered, replace(rows, operations=settled))


def figures_of(rows: Rows) -> dict[int, tuple[int, int, int]]:
    """Each lot's on hand, reserved and last sequence, from a replay in memory."""
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
        if not write.told:
            found.append(f"{write.path} {write.key}: never answered")
        elif write.told != GRANTED and numbers:
            found.append(f"{write.path} {write.key}: told {write.told}, but done as {numbers}")
        elif write.told == GRANTED and not numbers:
            found.append(f"{write.path} {write.key}: acknowledged, and lost")
        elif len(numbers) > 1:
            found.append(f"{write.path} {write.key}: done {len(numbers)} times, as {numbers}")
        if write.told and rows.keys.get(write.key) is not (write.told != GRANTED):
            found.append(f"{write.path} {write.key}: its key does not remember {write.told}")
    return found + [
        f"operations {numbers}: nobody asked for {key}" for key, numbers in written.items()
    ]


def _replayed(rows: Rows) -> tuple[dict[int, tuple[int, int, int]], list[str]]:
    """Add the entries up again, one by one."""
    found: list[str] = []
    state: dict[int, tuple[int, int, int]] = {}
    lines: dict[tuple[int, int], int] = defaultdict(int)
    for entry in rows.entries:
        on_hand, reserved, seq = state.get(entry.lot_id, (0, 0, 0))
        on_hand += {"RECEIVE": entry.qty, "ISSUE": -entry.qty}.get(entry.txn_type, 0)
        promised = {"RESERVE": entry.qty, "UNRESERVE": -entry.qty}.get(entry.txn_type, 0)
        reserved += promised
        place = f"lot {entry.lot_id} entry {entry.lot_seq}"
        if entry.lot_seq != seq + 1:
            found.append(f"{place}: comes after {seq}")
        if (entry.on_hand_after, entry.reserved_after) != (on_hand, reserved):
            found.append(f"{place}: says {entry.on_hand_after}/{entry.reserved_after}")
        if entry.qty <= 0 or not 0 <= reserved <= on_hand:
            found.append(f"{place}: leaves {reserved} reserved of {on_hand}")
        if promised:
            lines[entry.lot_id, entry.reservation_id] += promised
            if lines[entry.lot_id, entry.reservation_id] < 0:
                found.append(f"{place}: gives back more than was reserved")
        state[entry.lot_id] = (on_hand, reserved, entry.lot_seq)
    for lot_id, (_, reserved, _) in state.items():
        if reserved != sum(open_ for (lot, _), open_ in lines.items() if lot == lot_id):
            found.append(f"lot {lot_id}: its reservations do not add up to {reserved}")
    return state, found


def _out_of_order(history: History, rows: Rows) -> list[str]:
    """Real-time order: who had an answer before another began stands before it in each lot, and
    who looked after an answer sees what it left."""
    found = []
    times = {write.key: (write.began, write.ended) for write in history.writes}
    keys = {operation.id: _key_of(operation) for operation in rows.operations}
    known = [e for e in rows.entries if keys.get(e.operation_id) in times]
    acknowledged: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for lot_id, entries in itertools.groupby(known, key=lambda entry: entry.lot_id):
        latest_start = 0.0
        for entry in entries:
            began, ended = times[keys[entry.operation_id]]
            if ended < latest_start:
                found.append(f"lot {lot_id} entry {entry.lot_seq}: stands after what began later")
            latest_start = max(latest_start, began)
            acknowledged[lot_id].append((ended, entry.lot_seq))
    ends: dict[int, list[float]] = {}
    best: dict[int, list[int]] = {}
    for lot_id, pairs in acknowledged.items():
        pairs.sort()
        ends[lot_id] = [ended for ended, _ in pairs]
        best[lot_id] = list(itertools.accumulate((seq for _, seq in pairs), max))
    for look in history.looks:
        before = bisect.bisect_left(ends.get(look.lot_id, []), look.began)
        if before and best[look.lot_id][before - 1] > look.lot_seq:
            found.append(
                f"lot {look.lot_id}: seen at {look.lot_seq}, was at {best[look.lot_id][before - 1]}"
            )
    return found
