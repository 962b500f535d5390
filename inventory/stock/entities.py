"""What the words of the warehouse mean in figures: the only place of the formulas.

Plain records, without any database. All quantities are in 10^-6 units.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from inventory.common.quantity import format_qty
from inventory.models import QcStatus


def format_utc(when: datetime) -> str:
    """RFC 3339 in UTC, with microseconds where there are any."""
    return when.isoformat().replace("+00:00", "Z")


Hold = Literal["QUARANTINE", "REJECTED", "EXPIRED"]


@dataclass(frozen=True, slots=True)
class Item:
    id: int
    code: str
    name: str
    unit: str
    decimals: int
    qc_required: bool
    reorder_point: int | None
    archived_at: datetime | None
    created_at: datetime


@dataclass(slots=True, eq=False)
class Lot:
    """A lot as its last ledger entry left it."""

    id: int | None
    item: Item
    lot_code: str
    qc_status: str
    expires_on: date | None
    supplier_lot: str | None
    location: str | None
    parent_lot_id: int | None
    received_at: datetime
    lot_seq: int = 0
    on_hand: int = 0
    reserved: int = 0
    received: int = 0
    last_hash: bytes = bytes(32)
    last_at: datetime | None = None

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved

    @property
    def issued(self) -> int:
        return self.received - self.on_hand

    def expired(self, today: date) -> bool:
        """Whether the lot is past its expiry date: it is usable through the end of that day."""
        return self.expires_on is not None and self.expires_on < today

    def hold_reason(self, today: date) -> Hold | None:
        """Why the lot may not be used, or None when it may."""
        if self.qc_status == QcStatus.QUARANTINE:
            return "QUARANTINE"
        if self.qc_status == QcStatus.REJECTED:
            return "REJECTED"
        return "EXPIRED" if self.expired(today) else None

    def on_hold(self, today: date) -> int:
        return self.available if self.hold_reason(today) else 0

    def free(self, today: date) -> int:
        return 0 if self.hold_reason(today) else self.available

    def to_dict(self, today: date) -> dict[str, Any]:
        """The lot, ready for JSON."""
        return {
            "id": self.id,
            "item": self.item.code,
            "lot_code": self.lot_code,
            "qc_status": self.qc_status,
            "expires_on": self.expires_on and self.expires_on.isoformat(),
            "hold": self.hold_reason(today),
            "supplier_lot": self.supplier_lot,
            "location": self.location,
            "parent_lot_id": self.parent_lot_id,
            "received_at": format_utc(self.received_at),
            "received_qty": format_qty(self.received),
            "issued_qty": format_qty(self.issued),
            "on_hand": format_qty(self.on_hand),
            "reserved": format_qty(self.reserved),
            "available": format_qty(self.available),
            "on_hold": format_qty(self.on_hold(today)),
            "free": format_qty(self.free(today)),
            "lot_seq": self.lot_seq,
        }


@dataclass(frozen=True, slots=True)
class StockTotals:
    on_hand: int = 0
    reserved: int = 0
    on_hold: int = 0

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved

    @property
    def free(self) -> int:
        return self.available - self.on_hold


def totals(lots: Iterable[Lot], today: date) -> StockTotals:
    """What several lots add up to."""
    lots = list(lots)
    return StockTotals(
        on_hand=sum(lot.on_hand for lot in lots),
        reserved=sum(lot.reserved for lot in lots),
        on_hold=sum(lot.on_hold(today) for lot in lots),
    )


@dataclass(slots=True, eq=False)
class ReservationLine:
    """What a reservation holds in one lot."""

    lot: Lot
    line_seq: int = 0
    open: int = 0
    issued: int = 0


@dataclass(slots=True, eq=False)
class Reservation:
    id: int | None
    item: Item
    reference: str
    qty: int
    expires_at: datetime | None
    note: str | None
    created_at: datetime
    lines: list[ReservationLine] = field(default_factory=list)

    @property
    def open(self) -> int:
        return sum(line.open for line in self.lines)

    @property
    def issued(self) -> int:
        return sum(line.issued for line in self.lines)

    @property
    def unreserved(self) -> int:
        """What was promised and neither issued nor kept."""
        return self.qty - self.open - self.issued

    def expired(self, now: datetime) -> bool:
        """Whether its moment has passed while it still holds something."""
        return self.expires_at is not None and self.expires_at <= now and self.open > 0

    def at_risk(self, today: date) -> bool:
        """Whether some of it is held in a lot that may not be issued from now."""
        return any(line.open and line.lot.hold_reason(today) for line in self.lines)

    def to_dict(self, today: date) -> dict[str, Any]:
        """The reservation as it stands, ready for JSON."""
        return {
            "id": self.id,
            "item": self.item.code,
            "reference": self.reference,
            "qty": format_qty(self.qty),
            "open_qty": format_qty(self.open),
            "issued_qty": format_qty(self.issued),
            "unreserved_qty": format_qty(self.unreserved),
            "expires_at": self.expires_at and format_utc(self.expires_at),
            "at_risk": self.at_risk(today),
            "note": self.note,
            "created_at": format_utc(self.created_at),
            "lots": [
                {
                    "lot_id": line.lot.id,
                    "lot_code": line.lot.lot_code,
                    "qc_status": line.lot.qc_status,
                    "hold": line.lot.hold_reason(today),
                    "open_qty": format_qty(line.open),
                    "issued_qty": format_qty(line.issued),
                }
                for line in self.lines
            ],
        }

    def get_or_create_line(self, lot: Lot) -> ReservationLine:
        """What it holds in this lot; an empty line where that is nothing yet."""
        for line in self.lines:
            if line.lot is lot:
                return line
        self.lines.append(ReservationLine(lot))
        return self.lines[-1]


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the ledger, with the codes that people know it by."""

    id: int
    operation_id: int
    kind: str
    item_code: str
    lot_id: int
    lot_code: str
    lot_seq: int
    txn_type: str
    qty: int
    on_hand_after: int
    reserved_after: int
    reservation_id: int | None
    reference: str | None
    user_id: int
    user_name: str
    timestamp: datetime
    hash: bytes


@dataclass(frozen=True, slots=True)
class Operation:
    """What one user did in one go."""

    id: int
    kind: str
    reference: str | None
    reason: str | None
    note: str | None
    user_id: int
    user_name: str
    recorded_at: datetime
    occurred_at: datetime | None
    reverses_id: int | None
    entries: tuple[Entry, ...]
