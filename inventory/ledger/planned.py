"""What a unit of work plans to write: operations with entries, QC decisions and counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from inventory.models import Kind, TxnType
from inventory.stock.entities import Lot, Reservation
from inventory.stock.settlement import Settlement


@dataclass(slots=True, eq=False)
class PlannedEntry:
    """An entry to write, with the figures before and after it."""

    lot: Lot
    txn_type: TxnType
    qty: int
    timestamp: datetime
    lot_seq: int
    on_hand_before: int
    reserved_before: int
    received_before: int
    on_hand_after: int
    reserved_after: int
    received_after: int
    reservation: Reservation | None
    line_seq: int | None = None
    open_before: int | None = None
    issued_before: int | None = None
    open_after: int | None = None
    issued_after: int | None = None


@dataclass(slots=True, eq=False)
class PlannedQcDecision:
    """A QC decision to write."""

    lot: Lot
    decision_seq: int
    from_status: str | None
    to_status: str
    reason: str | None


@dataclass(slots=True, eq=False)
class PlannedCount:
    """A count to write, with the quantity on hand before it."""

    lot: Lot
    counted: int
    on_hand: int
    lot_seq: int


@dataclass(slots=True, eq=False)
class PlannedOperation:
    """An operation to write, and what the answer shows of it."""

    kind: Kind
    reference: str | None = None
    reason: str | None = None
    note: str | None = None
    occurred_at: datetime | None = None
    reverses_id: int | None = None
    #: Whether the system's account posts it, in addition to the user's commands.
    by_system: bool = False
    entries: list[PlannedEntry] = field(default_factory=list)
    decisions: list[PlannedQcDecision] = field(default_factory=list)
    counts: list[PlannedCount] = field(default_factory=list)
    reservation: Reservation | None = None
    #: The reservations and the lot that the answer shows.
    shows: list[Reservation] = field(default_factory=list)
    shows_lot: Lot | None = None
    #: For a QC decision: what was done with the reservations in its lots.
    settlement: Settlement | None = None
    #: Whether the answer lists the QC decisions.
    shows_decisions: bool = False
    #: Of a free issue, what its reference still has reserved; of an issue, whether it was reserved.
    open_reservations: list[Reservation] = field(default_factory=list)
    from_reserved: bool = False
    #: What the user should know although it was accepted: `code` and `detail`, ready for JSON.
    warnings: list[dict[str, str]] = field(default_factory=list)
