"""Commands of the ledger: one dataclass per command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from inventory.idempotency.fingerprint import added_field
from inventory.models import Kind

#: A quantity as the caller wrote it; it is parsed with the item's decimals once the item is known.
RawQuantity = str | int | Decimal

KEEP, REALLOCATE, UNRESERVE = "keep", "reallocate", "unreserve"

KEEP_COUNTED, KEEP_DIFFERENCE = "keep_counted", "keep_difference"


@dataclass(frozen=True, kw_only=True, slots=True)
class LotQuantity:
    """A quantity of one lot."""

    lot_id: int
    qty: RawQuantity


@dataclass(frozen=True, kw_only=True, slots=True)
class ReservationQuantity:
    """A quantity of one reservation."""

    reservation_id: int
    qty: RawQuantity


@dataclass(frozen=True, kw_only=True, slots=True)
class Receive:
    """Receive stock into a lot: a receipt, customer return or import.

    Attributes:
        add_to_lot: the lot already exists.
        occurred_at: UTC; None means the time of the write.
        return_of: of a customer return, the operation that issued the goods.
        unmatched: of a customer return, the goods match no issue.
        quarantine: of a customer return, the goods go into quarantine.
        allow_lookalike: a new lot's code may look like another one's.
    """

    item: str
    lot_code: str
    qty: RawQuantity
    expires_on: date | None = None
    supplier_lot: str | None = None
    location: str | None = None
    add_to_lot: bool = False
    reference: str | None = None
    reason: str | None = None
    note: str | None = None
    occurred_at: datetime | None = None
    kind: Kind = Kind.RECEIPT
    return_of: int | None = added_field()
    unmatched: bool | None = added_field()
    quarantine: bool | None = added_field()
    allow_lookalike: bool | None = added_field()


@dataclass(frozen=True, kw_only=True, slots=True)
class DecideQc:
    """Set the QC status of a lot.

    Attributes:
        on_reservations: KEEP, REALLOCATE or UNRESERVE.
    """

    lot_id: int
    status: str
    reason: str | None = None
    on_reservations: str = KEEP
    note: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class HoldLot:
    """Put a lot and what is left of every lot split off it on hold (recall)."""

    lot_id: int
    reason: str
    reference: str | None = None
    note: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ReleaseHold:
    """Lift a hold: approve everything that the operation put in quarantine."""

    operation_id: int
    reason: str
    note: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Reserve:
    """Reserve stock of an item for a reference.

    Attributes:
        qty: can be None if `lots` is given.
        lots: the lots to take from; None leaves the choice to `strategy`.
        expires_at: UTC; None means that the reservation does not expire.
    """

    item: str
    qty: RawQuantity | None
    reference: str
    lots: Sequence[LotQuantity] | None = None
    strategy: str = "fefo"
    expires_at: datetime | None = None
    note: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Unreserve:
    """Unreserve part of a reservation; without `qty` and `lots`, everything open."""

    reservation_id: int
    qty: RawQuantity | None = None
    lots: Sequence[LotQuantity] | None = None
    reason: str | None = None
    note: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Issue:
    """Issue stock, either against `reservation_id` or of an `item`'s free stock.

    Attributes:
        qty: None means everything that the reservation has open.
        close_remainder: unreserve what the reservation has open after the issue.
        reserved_first: of an issue of an item, issue what its reference has reserved, if it has.
    """

    reservation_id: int | None = None
    item: str | None = None
    qty: RawQuantity | None = None
    lots: Sequence[LotQuantity] | None = None
    strategy: str = "fefo"
    close_remainder: bool = False
    reference: str | None = None
    reason: str | None = None
    note: str | None = None
    occurred_at: datetime | None = None
    reserved_first: bool | None = added_field()


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoveStock:
    """Scrap stock or return it to the supplier, also from a lot on hold."""

    lot_id: int
    qty: RawQuantity
    reason: str
    kind: Kind = Kind.SCRAP
    reference: str | None = None
    note: str | None = None
    occurred_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Count:
    """Adjust a lot to a counted quantity.

    Attributes:
        lot_seq: number of the lot's last entry when it was counted.
        resolution: KEEP_COUNTED or KEEP_DIFFERENCE, if the lot changed after `lot_seq`.
        unreserve: reservations to reduce, because less was counted than is reserved.
    """

    lot_id: int
    counted: RawQuantity
    lot_seq: int | None = None
    resolution: str | None = None
    unreserve: Sequence[ReservationQuantity] | None = None
    reason: str | None = None
    note: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Split:
    """Move part of a lot into a new lot `lot_code`.

    Attributes:
        allow_lookalike: the new lot's code may look like another one's.
    """

    lot_id: int
    qty: RawQuantity
    lot_code: str
    location: str | None = None
    reason: str | None = None
    note: str | None = None
    allow_lookalike: bool | None = added_field()


@dataclass(frozen=True, kw_only=True, slots=True)
class Reverse:
    """Reverse an operation.

    Args:
        own_minutes: the operation must be the user's own and at most this old; None means any
            operation, which is for administrators.
    """

    operation_id: int
    reason: str | None = None
    note: str | None = None
    own_minutes: int | None = added_field(is_content=False)


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
