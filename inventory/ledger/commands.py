"""What can be asked of the ledger, one record a verb, and the shape each field must have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from inventory.models import Kind

#: A quantity as it was written, read with the item's decimals when the item is known.
Written = str | int | Decimal

KEEP, REALLOCATE, UNRESERVE = "keep", "reallocate", "unreserve"

KEEP_COUNTED, KEEP_DIFFERENCE = "keep_counted", "keep_difference"


@dataclass(frozen=True, kw_only=True, slots=True)
class LotQuantity:
    """So much of one lot."""

    lot_id: int
    qty: Written


@dataclass(frozen=True, kw_only=True, slots=True)
class ReservationQuantity:
    """So much of one reservation."""

    reservation_id: int
    qty: Written


@dataclass(frozen=True, kw_only=True, slots=True)
class Receive:
    item: str
    lot_code: str
    qty: Written
    expires_on: date | None = None
    supplier_lot: str | None = None
    location: str | None = None
    add_to_lot: bool = False
    reference: str | None = None
    reason: str | None = None
    note: str | None = None
    occurred_at: datetime | None = None
    kind: Kind = Kind.RECEIPT


@dataclass(frozen=True, kw_only=True, slots=True)
class DecideQc:
    lot_id: int
    status: str
    reason: str | None = None
    on_reservations: str = KEEP
    note: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class HoldLot:
    """A recall: the lot, and what is left of every lot that was split off it."""

    lot_id: int
    reason: str
    reference: str | None = None
    note: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ReleaseHold:
    """The end of a hold: everything that it put in quarantine."""

    operation_id: int
    reason: str
    note: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Reserve:
    item: str
    qty: Written | None
    reference: str
    lots: Sequence[LotQuantity] | None = None
    strategy: str = "fefo"
    expires_at: datetime | None = None
    note: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Unreserve:
    reservation_id: int
    qty: Written | None = None
    lots: Sequence[LotQuantity] | None = None
    reason: str | None = None
    note: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Issue:
    """Against a reservation, or free: an item."""

    reservation_id: int | None = None
    item: str | None = None
    qty: Written | None = None
    lots: Sequence[LotQuantity] | None = None
    strategy: str = "fefo"
    close_remainder: bool = False
    reference: str | None = None
    reason: str | None = None
    note: str | None = None
    occurred_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoveStock:
    """A scrap or a supplier return: also from lots that may not be used."""

    lot_id: int
    qty: Written
    reason: str
    kind: Kind = Kind.SCRAP
    reference: str | None = None
    note: str | None = None
    occurred_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Count:
    lot_id: int
    counted: Written
    lot_seq: int | None = None
    resolution: str | None = None
    unreserve: Sequence[ReservationQuantity] | None = None
    reason: str | None = None
    note: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Split:
    lot_id: int
    qty: Written
    lot_code: str
    location: str | None = None
    reason: str | None = None
    note: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Reverse:
    operation_id: int
    reason: str | None = None
    note: str | None = None


Request = (
    Receive
    | DecideQc
    | HoldLot
    | ReleaseHold
    | Reserve
    | Unreserve
    | Issue
    | RemoveStock
    | Count
    | Split
    | Reverse
)
