"""Operations on stock: receive, reserve, issue, count, split, reverse and the others.

Each function posts one command; its `fields` are the fields of the command's dataclass in
`commands`. Checks run in this order: the shape of each field, a replay of the key, then the rules
of the command (documented in the modules of `rules`). Each function also raises what
`posting.post` raises.
"""

from __future__ import annotations

from typing import Any

from inventory.ledger.commands import (
    Count,
    DecideQc,
    HoldLot,
    Issue,
    Receive,
    ReleaseHold,
    RemoveStock,
    Reserve,
    Reverse,
    Split,
    Unreserve,
)
from inventory.ledger.posting import PostingResult, post
from inventory.models import Kind


def receive(*, user_id: int, key: str, dry_run: bool = False, **fields: Any) -> PostingResult:
    """Receive stock into a new lot or, with `add_to_lot`, into an existing one.

    A new lot of an item that requires QC starts in quarantine.

    Args:
        fields: the fields of `Receive`.

    Raises:
        DuplicateLot: the lot exists and `add_to_lot` is not set.
        LooksLike: the code of a new lot looks like another lot's; without `allow_lookalike`.
        QcBlocked: the lot was inspected already or is rejected.
        LotExpired: the lot to add to has expired.
        NotFound: unknown item, or no such lot to add to.
        InvalidInput: archived item, or a field that contradicts the lot to add to.
        InvalidQty: not a positive quantity with the item's decimals.
    """
    return post([Receive(**fields)], user_id=user_id, key=key, dry_run=dry_run)


def return_from_customer(
    *, user_id: int, key: str, dry_run: bool = False, **fields: Any
) -> PostingResult:
    """Receive stock that a customer returned; a reason is required.

    The goods go into the lot named, or into a child lot if that lot takes no more.

    Args:
        fields: the fields of `Receive`, except `kind` and `add_to_lot`.

    Raises:
        OverReturn: more than was issued (by `return_of`, to `reference`, or at all) and is not back
            yet, without `unmatched`.
        NotFound: unknown item or issue; without `unmatched` also an unknown lot.
        InvalidInput: no reason.
        InvalidQty: not a positive quantity with the item's decimals.
    """
    request = Receive(kind=Kind.CUSTOMER_RETURN, **fields)
    return post([request], user_id=user_id, key=key, dry_run=dry_run)


def decide_qc(*, user_id: int, key: str, dry_run: bool = False, **fields: Any) -> PostingResult:
    """Change the QC status of a lot and handle the reservations in the lot.

    Missing stock in other lots never makes a decision fail.

    Args:
        fields: the fields of `DecideQc`. `on_reservations` is `keep` (the reservations are at
            risk), `reallocate` (as much as fits moves to other lots, oldest reservation first, and
            the rest is kept) or `unreserve`.

    Returns:
        A result whose `shown` entry has a `settlement`: what was moved, unreserved and kept.

    Raises:
        QcTransition: the lot cannot change to this status.
        InvalidInput: a reason is missing; only the first approval needs none.
        NotFound: unknown lot.
    """
    return post([DecideQc(**fields)], user_id=user_id, key=key, dry_run=dry_run)


def hold(*, user_id: int, key: str, dry_run: bool = False, **fields: Any) -> PostingResult:
    """Put a lot and its descendants in quarantine, in one operation (recall).

    Covers the lot and what is left of every lot that was split off it. Reservations are kept and
    are at risk.

    Args:
        fields: the fields of `HoldLot`.

    Raises:
        QcTransition: none of the lots is approved.
        NotFound: unknown lot.
    """
    return post([HoldLot(**fields)], user_id=user_id, key=key, dry_run=dry_run)


def release(*, user_id: int, key: str, dry_run: bool = False, **fields: Any) -> PostingResult:
    """Lift a hold: approve every lot that the hold put in quarantine, or none.

    Args:
        fields: the fields of `ReleaseHold`.

    Raises:
        NotReversible: QC decided on one of the lots after the hold.
        NotFound: the operation put nothing on hold.
    """
    return post([ReleaseHold(**fields)], user_id=user_id, key=key, dry_run=dry_run)


def reserve(*, user_id: int, key: str, dry_run: bool = False, **fields: Any) -> PostingResult:
    """Reserve free stock for a reference, all or nothing.

    Args:
        fields: the fields of `Reserve`. Without `lots`, the strategy chooses the lots.

    Raises:
        InsufficientStock: less is free than requested.
        QcBlocked: a named lot is on hold, or stock on QC hold would have sufficed.
        LotExpired: a named lot has expired, or expired stock would have sufficed.
        NotFound: unknown item or lot.
        InvalidInput: `expires_at` is past, or a lot of another item is named.
        InvalidQty: not a positive quantity, or the lots do not add up to `qty`.
    """
    return post([Reserve(**fields)], user_id=user_id, key=key, dry_run=dry_run)


def unreserve(*, user_id: int, key: str, dry_run: bool = False, **fields: Any) -> PostingResult:
    """Unreserve a quantity of a reservation, or everything open.

    Args:
        fields: the fields of `Unreserve`.

    Raises:
        OverUnreserve: more than the reservation has open, in all or in a named lot.
        NotFound: unknown reservation or lot.
        InvalidInput: a lot of another item is named.
        InvalidQty: not a positive quantity, or the lots do not add up to `qty`.
    """
    return post([Unreserve(**fields)], user_id=user_id, key=key, dry_run=dry_run)


def issue(*, user_id: int, key: str, dry_run: bool = False, **fields: Any) -> PostingResult:
    """Issue stock against a reservation or from free stock.

    Args:
        fields: the fields of `Issue`.

    Raises:
        OverIssue: more than the reservation has open.
        InsufficientStock: less is free than requested.
        QcBlocked: a named or reserved lot is on hold, or stock on QC hold would have sufficed.
        LotExpired: a named or reserved lot has expired, or expired stock would have sufficed.
        NotFound: unknown item, lot or reservation.
        InvalidInput: not exactly one of `reservation_id` and `item` is given, or `close_remainder`
            is set without a reservation.
        InvalidQty: not a positive quantity, or the lots do not add up to `qty`.
    """
    return post([Issue(**fields)], user_id=user_id, key=key, dry_run=dry_run)


def scrap(*, user_id: int, key: str, dry_run: bool = False, **fields: Any) -> PostingResult:
    """Remove stock from any lot, also from one on hold; a reason is required.

    Args:
        fields: the fields of `RemoveStock`.

    Raises:
        InsufficientStock: more than the lot has available.
        NotFound: unknown lot.
        InvalidInput: the reason is missing.
        InvalidQty: not a positive quantity with the item's decimals.
    """
    return post([RemoveStock(**fields)], user_id=user_id, key=key, dry_run=dry_run)


def return_to_supplier(
    *, user_id: int, key: str, dry_run: bool = False, **fields: Any
) -> PostingResult:
    """Return stock of any lot to the supplier; a reason is required.

    Args:
        fields: the fields of `RemoveStock`, except `kind`.

    Raises:
        Refusal: as `scrap`.
    """
    request = RemoveStock(kind=Kind.SUPPLIER_RETURN, **fields)
    return post([request], user_id=user_id, key=key, dry_run=dry_run)


def count(*, user_id: int, key: str, dry_run: bool = False, **fields: Any) -> PostingResult:
    """Adjust a lot to a counted quantity.

    Args:
        fields: the fields of `Count`.

    Raises:
        StaleLot: the lot changed after `lot_seq` and `resolution` is not given.
        InsufficientStock: less was counted than is reserved.
        OverUnreserve: `unreserve` names more than a reservation has open in the lot.
        NotFound: unknown lot or reservation.
        InvalidInput: `lot_seq` does not exist yet, or the difference exceeds the stock.
        InvalidQty: not a quantity with the item's decimals.
    """
    return post([Count(**fields)], user_id=user_id, key=key, dry_run=dry_run)


def split(*, user_id: int, key: str, dry_run: bool = False, **fields: Any) -> PostingResult:
    """Move part of a lot into a new lot.

    Args:
        fields: the fields of `Split`.

    Raises:
        DuplicateLot: the item has a lot with this code.
        InsufficientStock: more than the lot has available.
        NotFound: unknown lot.
        InvalidQty: not a positive quantity with the item's decimals.
    """
    return post([Split(**fields)], user_id=user_id, key=key, dry_run=dry_run)


def reverse(*, user_id: int, key: str, dry_run: bool = False, **fields: Any) -> PostingResult:
    """Reverse an operation by posting the opposite entries.

    Args:
        fields: the fields of `Reverse`.

    Raises:
        NotReversible: reversed already, a QC decision, or the stock is no longer there.
        QcBlocked: a lot to reserve again is in quarantine or rejected.
        LotExpired: a lot to reserve again has expired.
        NotFound: unknown operation.
    """
    return post([Reverse(**fields)], user_id=user_id, key=key, dry_run=dry_run)
