"""Verify the ledger's entries, lot by lot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy.engine import Connection

from inventory.ledger import hash_chain
from inventory.verification import raw_rows
from inventory.verification.findings import Finding

TABLE = "inventory_ledger"

#: Raw rows without type conversion, which is faster (docs/decisions.md, ADR-031).
_ROWS = """
SELECT e.id, e.lot_id, e.item_id, e.lot_seq, e.txn_type, e.qty, {timestamp},
       e.prev_seq, e.on_hand_before, e.reserved_before, e.received_before,
       e.on_hand_after, e.reserved_after, e.received_after,
       e.reservation_id, e.line_seq, e.prev_line_seq,
       e.open_before, e.issued_before, e.open_after, e.issued_after,
       {prev_hash}, {hash}, o.hash, l.item_id, l.lot_code, r.item_id
FROM inventory_ledger e
LEFT JOIN operations o ON o.id = e.operation_id
LEFT JOIN inventory_lots l ON l.id = e.lot_id
LEFT JOIN reservations r ON r.id = e.reservation_id
WHERE {within}
ORDER BY e.lot_id, e.lot_seq, e.id
"""


class _Row(NamedTuple):
    """A row of the statement, with names for its columns."""

    id: int
    lot_id: int
    item_id: int
    lot_seq: int
    txn_type: str
    qty: int
    timestamp: str
    prev_seq: int | None
    on_hand_before: int
    reserved_before: int
    received_before: int
    on_hand_after: int
    reserved_after: int
    received_after: int
    reservation_id: int | None
    line_seq: int | None
    prev_line_seq: int | None
    open_before: int | None
    issued_before: int | None
    open_after: int | None
    issued_after: int | None
    prev_hash: bytes
    hash: bytes
    operation_hash: bytes | None
    item_of_lot: int | None
    lot_code: str | None
    item_of_reservation: int | None


#: The signs of an entry's quantity in on hand, reserved and received.
_MOVES = {"RECEIVE": (1, 0, 1), "ISSUE": (-1, 0, 0), "RESERVE": (0, 1, 0), "UNRESERVE": (0, -1, 0)}
#: The signs of an entry's quantity in the reservation's open and issued.
_LINE_MOVES = {"RECEIVE": (0, -1), "ISSUE": (0, 1), "RESERVE": (1, 0), "UNRESERVE": (-1, 0)}

Line = tuple[int, int, int]
_NOTHING: Line = (0, 0, 0)


class _Lot:
    """The state of a lot, recomputed from its entries."""

    __slots__ = ("balance", "id", "last_at", "last_hash", "lines", "seq")

    def __init__(self, lot_id: int | None) -> None:
        self.id = lot_id
        self.seq = 0
        self.balance = (0, 0, 0)
        self.last_hash = hash_chain.FIRST
        self.last_at = ""
        self.lines: dict[int, Line] = {}

    def apply_if_correct(self, row: Any) -> bool:
        """Return whether the entry is correct, and apply it if so.

        These are the rules of `_differences` in one pass: nearly every entry is correct, and a
        million must be read in seconds.
        """
        (
            _, lot_id, item_id, seq, txn_type, qty, at, prev_seq,
            on_hand_before, reserved_before, received_before,
            on_hand, reserved, received,
            reservation_id, line_seq, prev_line_seq, open_before, issued_before, open_after, issued,
            prev_hash, own_hash, operation_hash, lot_item, _, reservation_item,
        ) = row  # fmt: skip
        moves = _MOVES.get(txn_type)
        if moves is None or qty <= 0 or operation_hash is None:
            return False
        before = (on_hand_before, reserved_before, received_before)
        after = (
            on_hand_before + moves[0] * qty,
            reserved_before + moves[1] * qty,
            received_before + moves[2] * qty,
        )
        line = ""
        if reservation_id is not None:
            known = self.lines.get(reservation_id, _NOTHING)
            move_open, move_issued = _LINE_MOVES[txn_type]
            if (
                (line_seq, prev_line_seq or 0) != (known[0] + 1, known[0])
                or (open_before, issued_before) != known[1:]
                or open_after != open_before + move_open * qty
                or issued != issued_before + move_issued * qty
                or open_after < 0
                or issued < 0
                or reservation_item != item_id
            ):
                return False
            line = f"{reservation_id},{line_seq},{open_after},{issued}"
        elif moves[1]:
            return False
        at = hash_chain.format_raw_timestamp(at)
        if (
            before != self.balance
            or (on_hand, reserved, received) != after
            or not 0 <= reserved <= on_hand
            or seq != self.seq + 1
            or (prev_seq or 0) != self.seq
            or item_id != lot_item
            or at < self.last_at
            or prev_hash != self.last_hash
            or own_hash != hash_chain.entry_digest(
                prev_hash, operation_hash, lot_id, item_id, seq, txn_type, qty, at,
                on_hand, reserved, received, line,
            )
        ):  # fmt: skip
            return False
        self.seq, self.balance, self.last_at, self.last_hash = seq, after, at, own_hash
        if reservation_id is not None:
            self.lines[reservation_id] = (line_seq, open_after, issued)
        return True


def check(conn: Connection, within: str) -> Iterator[Finding | int]:
    """Yield every finding, and last the number of entries.

    Args:
        within: a condition with {} for the lot's id.
    """
    statement = _ROWS.format(
        timestamp=raw_rows.parse_timestamp(conn, "e.timestamp"),
        prev_hash=raw_rows.blob(conn, "e.prev_hash"),
        hash=raw_rows.blob(conn, "e.hash"),
        within=within.replace("{}", "e.lot_id"),
    )
    lot = _Lot(None)
    number = 0
    for batch in raw_rows.rows(conn, statement):
        for values in batch:
            lot_id = values[1]
            if lot_id != lot.id:
                yield from _end(lot)
                lot = _Lot(lot_id)
            if lot.apply_if_correct(values):
                continue
            row = _Row._make(values)
            for what, expected, found in _differences(lot, row):
                where = f"{row.id} (lot {row.lot_code}, entry {row.lot_seq})"
                yield Finding(TABLE, where, what, str(expected), str(found))
        number += len(batch)
    yield from _end(lot)
    yield number


def _differences(lot: _Lot, row: _Row) -> Iterator[tuple[str, Any, Any]]:
    """Compare an entry with what it must be after the previous ones, then apply it.

    Later entries are compared with this entry's stored figures, so that a wrong entry is reported
    once.
    """
    moves = _MOVES.get(row.txn_type)
    if moves is None or row.qty <= 0:
        yield "type or quantity", "one of four types, more than 0", f"{row.txn_type} {row.qty}"
        moves = (0, 0, 0)
    if row.lot_seq != lot.seq + 1 or (row.prev_seq or 0) != lot.seq:
        yield "sequence", lot.seq + 1, f"{row.lot_seq} after {row.prev_seq}"
    before = (row.on_hand_before, row.reserved_before, row.received_before)
    if before != lot.balance:
        yield "balance before it", lot.balance, before
    after = (row.on_hand_after, row.reserved_after, row.received_after)
    expected = tuple(
        figure + move * row.qty for figure, move in zip(lot.balance, moves, strict=True)
    )
    if after != expected:
        yield "balance after it", expected, after
    if not 0 <= row.reserved_after <= row.on_hand_after:
        yield "bounds", "0 <= reserved <= on hand", f"{row.reserved_after} of {row.on_hand_after}"
    if row.reservation_id is not None:
        yield from _line_differences(lot, row, row.reservation_id)
    elif moves[1]:
        yield "reservation", "a reservation", None
    if row.item_id != row.item_of_lot:
        yield "item", row.item_of_lot, row.item_id
    yield from _chain_differences(lot, row)
    lot.seq, lot.balance = row.lot_seq, after


def _line_differences(lot: _Lot, row: _Row, reservation_id: int) -> Iterator[tuple[str, Any, Any]]:
    line_seq, open_qty, issued = lot.lines.get(reservation_id, _NOTHING)
    move_open, move_issued = _LINE_MOVES.get(row.txn_type, (0, 0))
    if row.line_seq != line_seq + 1 or (row.prev_line_seq or 0) != line_seq:
        yield "sequence within the reservation", line_seq + 1, row.line_seq
    before = (row.open_before, row.issued_before)
    if before != (open_qty, issued):
        yield "reservation before it", (open_qty, issued), before
    expected = (open_qty + move_open * row.qty, issued + move_issued * row.qty)
    after = (row.open_after, row.issued_after)
    if after != expected or min(expected) < 0:
        yield "reservation after it", expected, after
    if row.item_of_reservation != row.item_id:
        yield "item of the reservation", row.item_id, row.item_of_reservation
    lot.lines[reservation_id] = (row.line_seq or 0, row.open_after or 0, row.issued_after or 0)


def _chain_differences(lot: _Lot, row: _Row) -> Iterator[tuple[str, Any, Any]]:
    at, operation_hash = hash_chain.format_raw_timestamp(row.timestamp), row.operation_hash
    if at < lot.last_at:
        yield "timestamp", f"not before {lot.last_at}", at
    if operation_hash is None:
        yield "operation", "an operation", None
        operation_hash = b""
    if row.prev_hash != lot.last_hash:
        yield "hash of the entry before", lot.last_hash.hex(), bytes(row.prev_hash).hex()
    computed = hash_chain.entry_hash(row._asdict(), operation_hash, timestamp=at)
    if computed != row.hash:
        yield "hash", computed.hex(), bytes(row.hash).hex()
    lot.last_at, lot.last_hash = at, row.hash


def _end(lot: _Lot) -> Iterator[Finding]:
    """Check that a lot's open reservations add up to what is reserved in it."""
    held = sum(open_qty for _, open_qty, _ in lot.lines.values())
    if held != lot.balance[1]:
        yield Finding(TABLE, f"lot {lot.id}", "open reservations", str(lot.balance[1]), str(held))
