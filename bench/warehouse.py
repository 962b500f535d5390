"""Generate the rows of a warehouse of any size, with valid balances and hashes.

Replaces the service, for speed. The rows are loaded into the same schema with all triggers and
constraints, and verified afterwards (bench/dataset.py).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from inventory.common.quantity import ONE
from inventory.ledger import hash_chain

SPAN = timedelta(days=700)
USER = 1

_TRADES = (
    ("BOLT", "Hex bolt, zinc-plated", "pcs", 0), ("NUT", "Lock nut, nylon insert", "pcs", 0),
    ("BRG", "Ball bearing, sealed", "pcs", 0), ("ORING", "O-ring, NBR 70", "pcs", 0),
    ("RES", "Resistor, metal film", "pcs", 0), ("PLATE", "Steel plate, cut", "pcs", 0),
    ("CABLE", "Cable, tinned copper", "m", 2), ("TUBE", "Pressure tube", "m", 2),
    ("RESIN", "Casting resin", "kg", 3), ("FLOUR", "Wheat flour, fine", "kg", 3),
    ("SOLV", "Cleaning solvent", "l", 3),
)  # fmt: skip

Row = dict[str, Any]
_Line = list[Any]  # the lot, then line_seq, open, issued


@dataclass(slots=True)
class Rows:
    """New rows of each table since the last chunk, in the order of their ids."""

    items: list[Row] = field(default_factory=list)
    inventory_lots: list[Row] = field(default_factory=list)
    operations: list[Row] = field(default_factory=list)
    reservations: list[Row] = field(default_factory=list)
    inventory_ledger: list[Row] = field(default_factory=list)
    qc_decisions: list[Row] = field(default_factory=list)
    write_requests: list[Row] = field(default_factory=list)
    #: Changed QC status of lots of earlier chunks.
    statuses: dict[int, str] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class _Lot:
    row: Row
    item: Row
    on_hand: int = 0
    reserved: int = 0
    received: int = 0
    seq: int = 0
    hash: bytes = hash_chain.FIRST
    decisions: int = 0
    decision_hash: bytes = hash_chain.FIRST
    held: list[_Reservation] = field(default_factory=list)

    @property
    def id(self) -> int:
        return int(self.row["id"])


@dataclass(slots=True, eq=False)
class _Reservation:
    row: Row
    lines: list[_Line]


class Warehouse:
    """Generates a history; the same size and time give the same warehouse."""

    def __init__(self, entries: int, *, longest: int, now: datetime) -> None:
        self.entries, self.longest, self.now = entries, longest, now
        self.item_count = max(60, entries // 100)
        self.lot_count = max(300, entries // 10)
        self._random = random.Random(entries)
        self._rows = Rows()
        self._ids = dict.fromkeys(Rows.__dataclass_fields__, 0)
        self._written = 0
        self._items: list[Row] = []
        self._active: list[_Lot] = []
        self._hot: list[_Lot] = []
        self._waiting: list[_Lot] = []
        self._long: _Lot | None = None

    def chunks(self, size: int = 50_000) -> Iterator[Rows]:
        self._create_items()
        while self._written < self.entries:
            self._step()
            if len(self._rows.inventory_ledger) >= size:
                yield self._flush()
        yield self._flush()

    def _flush(self) -> Rows:
        rows, self._rows = self._rows, Rows()
        return rows

    def _create_items(self) -> None:
        for number in range(self.item_count):
            code, name, unit, decimals = _TRADES[number % len(_TRADES)]
            row = {
                "code": f"{code}-{number:05d}",
                "name": f"{name} {self._random.randint(2, 99)} × {number % 400}",
                "unit": unit,
                "decimals": decimals,
                "qc_required": number % 5 == 1,
                "reorder_point": self._random.choice((None, None, 20 * ONE, 60 * ONE)),
                "archived_at": self._start if number % 50 == 49 else None,
                "created_at": self._start,
            }
            self._items.append(self._add("items", row))

    def _add(self, table: str, row: Row) -> Row:
        self._ids[table] += 1
        row["id"] = self._ids[table]
        getattr(self._rows, table).append(row)
        return row

    # --- operations -------------------------------------------------------------------------------

    def _step(self) -> None:
        draw = self._random.random()
        received = self._ids["inventory_lots"]
        if not self._active or received * self.entries <= self._written * self.lot_count:
            self._receive()
        elif self._waiting and len(self._waiting) > 1 + self.lot_count // 250:
            self._decide(self._waiting.pop(0))
        elif self._long and draw < 1.1 * self.longest / self.entries and self._long_is_short:
            self._use_lot(self._long)
        elif self._hot and draw > 0.9:
            self._use_lot(self._random.choice(self._hot))
        else:
            self._use_lot(self._random.choice(self._active))

    @property
    def _long_is_short(self) -> bool:
        return self._long is not None and self._long.seq < self.longest

    @property
    def _start(self) -> datetime:
        return self.now - SPAN

    @property
    def _at(self) -> datetime:
        at = self._start + SPAN * (self._written / (self.entries + 10))
        return at.replace(microsecond=0)

    def _receive(self) -> None:
        """Receive a lot; most items get about ten lots, a few get many."""
        number = self._ids["inventory_lots"]
        spread = self._random.random() ** 1.5
        item = self._items[number if number < len(self._items) else int(spread * len(self._items))]
        at = self._at
        life_days = self._random.choice((None, None, 90, 365, 730))
        expires_on = life_days and at.date() + timedelta(
            days=life_days + self._random.randint(0, 30)
        )
        row = {
            "item_id": item["id"],
            "lot_code": f"L{at:%y%m}-{number + 1:06d}",
            "qc_status": "QUARANTINE" if item["qc_required"] else "APPROVED",
            "expires_on": expires_on,
            "supplier_lot": f"S{self._random.randint(10**5, 10**6)}" if number % 3 == 0 else None,
            "location": f"{'ABCDEF'[number % 6]}-{number % 40:02d}-{number % 7}",
            "parent_lot_id": None,
            "received_at": at,
        }
        lot = _Lot(self._add("inventory_lots", row), item)
        is_hot = (
            expires_on is None
            and not item["qc_required"]
            and self._written >= len(self._hot) * (self.entries // 20)
        )
        operation = self._operation("RECEIPT", reference=f"PO-{number // 8:05d}")
        self._decision(lot, operation, None, row["qc_status"])
        qty = 1_000_000 * ONE if is_hot else self._random.randint(1, 9) * 10 * ONE
        self._enter(lot, operation, "RECEIVE", qty)
        if is_hot and self._long is None:
            self._long = lot
        elif is_hot:
            self._hot.append(lot)
        elif item["qc_required"]:
            self._waiting.append(lot)
        else:
            self._active.append(lot)

    def _decide(self, lot: _Lot) -> None:
        """Decide on a lot in quarantine; most are approved."""
        to = "REJECTED" if self._random.random() < 0.03 else "APPROVED"
        reason = None if to == "APPROVED" else "out of tolerance"
        self._decision(lot, self._operation("QC", reason=reason), lot.row["qc_status"], to)
        if to == "APPROVED":
            self._active.append(lot)

    def _use_lot(self, lot: _Lot) -> None:
        """Post a random operation on the lot; an empty or expired lot is not used again."""
        draw = self._random.random()
        if lot.row["expires_on"] and lot.row["expires_on"] < self._at.date():
            self._end(lot, scrap=draw < 0.97)
        elif lot.held and (draw < 0.55 or lot.on_hand == lot.reserved):
            self._use(lot, self._random.choice(lot.held), is_unreserve=draw < 0.05)
        elif lot.on_hand == 0:
            self._active.remove(lot)
        elif lot.on_hand == lot.reserved:
            return
        elif draw < 0.9:
            self._reserve(lot)
        elif draw < 0.997 or lot in self._hot or lot is self._long or not lot.held:
            qty = self._quantity(lot.on_hand - lot.reserved)
            self._enter(lot, self._operation("ISSUE", reference=self._job()), "ISSUE", qty)
        else:
            operation = self._operation("QC", reason="customer complaint")
            self._decision(lot, operation, lot.row["qc_status"], "QUARANTINE")
            self._active.remove(lot)

    def _end(self, lot: _Lot, *, scrap: bool) -> None:
        self._active.remove(lot)
        for reservation in list(lot.held) if scrap else ():
            self._use(lot, reservation, is_unreserve=True, share=1)
        if scrap and lot.on_hand > lot.reserved:
            operation = self._operation("SCRAP", reason="expired")
            self._enter(lot, operation, "ISSUE", lot.on_hand - lot.reserved)

    def _reserve(self, lot: _Lot) -> None:
        at, reference = self._at, self._job()
        operation = self._operation("RESERVATION", reference=reference)
        lots = [(lot, self._quantity(lot.on_hand - lot.reserved))]
        other = self._active[self._random.randrange(len(self._active))] if self._active else lot
        if other is not lot and other.item is lot.item and other.on_hand > other.reserved:
            lots.append((other, self._quantity(other.on_hand - other.reserved)))
        row = {
            "item_id": lot.item["id"],
            "reference": reference,
            "qty": sum(qty for _, qty in lots),
            "expires_at": None,
            "note": None,
            "operation_id": operation["id"],
            "created_at": at,
        }
        lines: list[_Line] = [[reserved_lot, 0, 0, 0] for reserved_lot, _ in lots]
        reservation = _Reservation(self._add("reservations", row), lines)
        for (reserved_lot, qty), line in zip(lots, reservation.lines, strict=True):
            reserved_lot.held.append(reservation)
            self._enter(reserved_lot, operation, "RESERVE", qty, reservation, line)

    def _use(
        self, lot: _Lot, reservation: _Reservation, *, is_unreserve: bool, share: float = 0.8
    ) -> None:
        """Issue or unreserve all or half of what is open in the lot."""
        line = next(line for line in reservation.lines if line[0] is lot)
        step = 10 ** (6 - lot.item["decimals"])
        qty = line[2] if self._random.random() < share else line[2] // 2 // step * step or line[2]
        kind = "UNRESERVATION" if is_unreserve else "ISSUE"
        operation = self._operation(kind, reference=reservation.row["reference"])
        self._enter(lot, operation, "UNRESERVE", qty, reservation, line)
        if not is_unreserve:
            self._enter(lot, operation, "ISSUE", qty, reservation, line)
        if not line[2]:
            lot.held.remove(reservation)

    def _quantity(self, maximum: int) -> int:
        return min(maximum, self._random.randint(1, 4) * 5 * ONE)

    def _job(self) -> str:
        return f"JOB-{self._random.randint(0, 9)}{self._ids['operations'] // 3:06d}"

    # --- rows -------------------------------------------------------------------------------------

    def _operation(
        self, kind: str, *, reference: str | None = None, reason: str | None = None
    ) -> Row:
        row: Row = {
            "kind": kind,
            "reference": reference,
            "reason": reason,
            "note": None,
            "user_id": USER,
            "recorded_at": self._at,
            "occurred_at": None,
            "reverses_id": None,
        }
        row["hash"] = hash_chain.operation_hash(row)
        self._add("operations", row)
        key = f"{kind.lower()}-{row['id']:032x}"
        outcome = f'{{"operations":[{row["id"]}],"shown":[{{"reservations":[],"lot":null}}]}}'
        request = {
            "user_id": USER,
            "idempotency_key": key,
            "fingerprint": row["hash"],
            "refused": False,
            "outcome": outcome,
            "recorded_at": row["recorded_at"],
        }
        self._add("write_requests", request)
        return row

    def _decision(self, lot: _Lot, operation: Row, before: str | None, to: str) -> None:
        row = {
            "lot_id": lot.id,
            "decision_seq": lot.decisions + 1,
            "prev_seq": lot.decisions or None,
            "from_status": before,
            "to_status": to,
            "reason": operation["reason"],
            "operation_id": operation["id"],
            "prev_hash": lot.decision_hash,
        }
        lot.decisions += 1
        lot.decision_hash = row["hash"] = hash_chain.decision_hash(
            row["prev_hash"], operation["hash"], lot.id, lot.decisions, before, to, row["reason"]
        )
        self._add("qc_decisions", row)
        lot.row["qc_status"] = to
        if before is not None:
            self._rows.statuses[lot.id] = to

    def _enter(
        self,
        lot: _Lot,
        operation: Row,
        txn_type: str,
        qty: int,
        reservation: _Reservation | None = None,
        line: _Line | None = None,
    ) -> None:
        at = operation["recorded_at"]
        row: Row = {
            "lot_id": lot.id,
            "item_id": lot.item["id"],
            "lot_seq": lot.seq + 1,
            "txn_type": txn_type,
            "qty": qty,
            "timestamp": at,
            "operation_id": operation["id"],
            "prev_seq": lot.seq or None,
            "on_hand_before": lot.on_hand,
            "reserved_before": lot.reserved,
            "received_before": lot.received,
        }
        lot.seq += 1
        lot.on_hand += qty * ((txn_type == "RECEIVE") - (txn_type == "ISSUE"))
        lot.reserved += qty * ((txn_type == "RESERVE") - (txn_type == "UNRESERVE"))
        lot.received += qty * (txn_type == "RECEIVE")
        after = (lot.on_hand, lot.reserved, lot.received)
        row["on_hand_after"], row["reserved_after"], row["received_after"] = after
        _add_line_columns(row, qty, reservation, line)
        row["prev_hash"] = lot.hash
        timestamp = hash_chain.format_timestamp(at)
        lot.hash = hash_chain.entry_hash(row, operation["hash"], timestamp=timestamp)
        row["hash"] = lot.hash
        self._add("inventory_ledger", row)
        self._written += 1


def _add_line_columns(
    row: Row, qty: int, reservation: _Reservation | None, line: _Line | None
) -> None:
    """Add the reservation columns to the row."""
    columns = ("reservation_id", "line_seq", "prev_line_seq", "open_before", "issued_before",
               "open_after", "issued_after")  # fmt: skip
    if reservation is None or line is None:
        row.update(dict.fromkeys(columns))
        return
    _, seq, open_qty, issued = line
    txn_type = row["txn_type"]
    line[1] = seq + 1
    line[2] += qty * ((txn_type == "RESERVE") - (txn_type == "UNRESERVE"))
    line[3] += qty * (txn_type == "ISSUE")
    values = (reservation.row["id"], seq + 1, seq or None, open_qty, issued, *line[2:])
    row.update(zip(columns, values, strict=True))
