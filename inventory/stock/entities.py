"""Domain records and the formulas of available, on hold and free.

Plain records without database access. Quantities are integers in 10^-6 units; `today` is the site's
date.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from inventory.common.lookalikes import case_key
from inventory.common.quantity import format_qty
from inventory.models import QcStatus


def format_utc(when: datetime) -> str:
    """Format a UTC timestamp (RFC 3339), with microseconds unless they are 0."""
    return when.isoformat().replace("+00:00", "Z")


Hold = Literal["QUARANTINE", "REJECTED", "EXPIRED"]


@dataclass(frozen=True, slots=True)
class Item:
    """An item of the catalog; `reorder_point` is in 10^-6 units."""

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
    """A lot with its balance after its last ledger entry."""

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
    #: Of a new lot: its number among the lots of the item whose codes look alike.
    look_no: int = 0

    @property
    def available(self) -> int:
        """Return on hand minus reserved."""
        return self.on_hand - self.reserved

    @property
    def issued(self) -> int:
        """Return the quantity received and no longer on hand."""
        return self.received - self.on_hand

    def expired(self, today: date) -> bool:
        """Return whether the lot has expired; it is usable through its expiry date."""
        return self.expires_on is not None and self.expires_on < today

    def hold_reason(self, today: date) -> Hold | None:
        """Return QUARANTINE, REJECTED or EXPIRED, or None if the lot is usable."""
        if self.qc_status == QcStatus.QUARANTINE:
            return "QUARANTINE"
        if self.qc_status == QcStatus.REJECTED:
            return "REJECTED"
        return "EXPIRED" if self.expired(today) else None

    def on_hold(self, today: date) -> int:
        """Return the available quantity if the lot is not usable, otherwise 0."""
        return self.available if self.hold_reason(today) else 0

    def free(self, today: date) -> int:
        """Return the available quantity if the lot is usable, otherwise 0."""
        return 0 if self.hold_reason(today) else self.available

    def warnings(self, today: date) -> list[dict[str, str]]:
        """Return what a user should know about the lot, ready for JSON."""
        if not self.expired(today):
            return []
        detail = f"Lot {self.lot_code} expired on {self.expires_on}: it is on hold."
        return [{"code": "EXPIRED", "detail": detail}]

    def to_dict(self, today: date) -> dict[str, Any]:
        """Return the lot, ready for JSON."""
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
            "warnings": self.warnings(today) if self.on_hand else [],
        }


def choose_by_code(lots: Iterable[Lot], code: str) -> Lot | None:
    """Return the lot with this code, or the only one that differs in case, width or blanks."""
    wanted = case_key(code)
    same = [lot for lot in lots if case_key(lot.lot_code) == wanted]
    for lot in same:
        if lot.lot_code == code:
            return lot
    return same[0] if len(same) == 1 else None


@dataclass(frozen=True, slots=True)
class StockTotals:
    """Sums of several lots."""

    on_hand: int = 0
    reserved: int = 0
    on_hold: int = 0

    @property
    def available(self) -> int:
        """Return on hand minus reserved."""
        return self.on_hand - self.reserved

    @property
    def free(self) -> int:
        """Return available minus on hold."""
        return self.available - self.on_hold


def totals(lots: Iterable[Lot], today: date) -> StockTotals:
    """Return the sums of several lots.

    Args:
        today: the site's date.
    """
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
    """A reservation of an item's stock for a reference, with its lines."""

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
        """Return the quantity that is still reserved."""
        return sum(line.open for line in self.lines)

    @property
    def issued(self) -> int:
        """Return the quantity issued against the reservation."""
        return sum(line.issued for line in self.lines)

    @property
    def unreserved(self) -> int:
        """Return the quantity that was unreserved."""
        return self.qty - self.open - self.issued

    def expired(self, now: datetime) -> bool:
        """Return whether the reservation is past `expires_at` and still holds stock."""
        return self.expires_at is not None and self.expires_at <= now and self.open > 0

    def at_risk(self, today: date) -> bool:
        """Return whether a lot of the reservation cannot be issued from now."""
        return any(line.open and line.lot.hold_reason(today) for line in self.lines)

    def to_dict(self, today: date) -> dict[str, Any]:
        """Return the reservation, ready for JSON."""
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
        """Return the line for `lot`, appending an empty one if there is none."""
        for line in self.lines:
            if line.lot is lot:
                return line
        self.lines.append(ReservationLine(lot))
        return self.lines[-1]


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the ledger, with the codes and names that users know."""

    id: int
    operation_id: int
    kind: str
    item_code: str
    unit: str
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
    """What one user did at once, with its entries."""

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
