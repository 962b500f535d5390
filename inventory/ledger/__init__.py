"""Receive, reserve, unreserve, issue, and all that is made of them: the only writer of the ledger.

`post` takes any number of requests and does all of them or none, in one transaction, under one
key. The verbs are batches of one. Order of the checks: the shape of each field, then a repeat of
the key, then the rules of each request in turn (named in the request's own module).
"""

from __future__ import annotations

from typing import Any

from inventory.ledger.commands import (
    Count,
    DecideQc,
    HoldLot,
    Issue,
    LotQuantity,
    Receive,
    ReleaseHold,
    RemoveStock,
    Request,
    ReservationQuantity,
    Reserve,
    Reverse,
    Split,
    Unreserve,
)
from inventory.ledger.posting import MOST_REQUESTS, PostingResult, expire_reservations, post
from inventory.models import Kind

__all__ = [
    "MOST_REQUESTS",
    "Count",
    "DecideQc",
    "HoldLot",
    "Issue",
    "LotQuantity",
    "PostingResult",
    "Receive",
    "ReleaseHold",
    "RemoveStock",
    "Request",
    "ReservationQuantity",
    "Reserve",
    "Reverse",
    "Split",
    "Unreserve",
    "count",
    "decide_qc",
    "expire_reservations",
    "hold",
    "issue",
    "post",
    "receive",
    "release",
    "reserve",
    "return_from_customer",
    "return_to_supplier",
    "reverse",
    "scrap",
    "split",
    "unreserve",
]  # fmt: skip


def receive(*, user_id: int, key: str, dry_run: bool = False, **fields: Any) -> PostingResult:
    """Goods come in, into a new lot or, with `add_to_lot`, into one that exists.

    A new lot of an item that requires QC starts in quarantine. Raises DuplicateLot, QcBlocked,
    LotExpired, InvalidQty, InvalidInput, NotFound.
    """
    return post([Receive(**fields)], user_id=user_id, key=key, dry_run=dry_run)


def return_from_customer(
    *, user_id: int, key: str, dry_run: bool = False, **fields: Any
) -> PostingResult:
    """Goods come back from a customer: a receipt with a reason. Raises as `receive` does."""
    request = Receive(kind=Kind.CUSTOMER_RETURN, **fields)
    return post([request], user_id=user_id, key=key, dry_run=dry_run)


def decide_qc(*, user_id: int, key: str, dry_run: bool = False, **fields: Any) -> PostingResult:
    """A QC decision on a lot, and what becomes of the reservations in it.

    `on_reservations`: keep (they are at risk), reallocate (what fits into other lots is moved,
    oldest reservation first, and the rest is kept), or unreserve. The posting's `settlement`
    lists what was moved, unreserved and kept. Raises QcTransition, never for lack of other stock.
    """
    return post([DecideQc(**fields)], user_id=user_id, key=key, dry_run=dry_run)


def hold(*, user_id: int, key: str, dry_run: bool = False, **fields: Any) -> PostingResult:
    """Recall a lot: put it, and what is left of every lot split off it, in quarantine, in one
    operation. Reservations stay, at risk. Raises QcTransition where nothing is approved."""
    return post([HoldLot(**fields)], user_id=user_id, key=key, dry_run=dry_run)


def release(*, user_id: int, key: str, dry_run: bool = False, **fields: Any) -> PostingResult:
    """End a hold: approve again every lot that it put in quarantine, or none. Raises
    NotReversible where a lot was decided on since."""
    return post([ReleaseHold(**fields)], user_id=user_id, key=key, dry_run=dry_run)


def reserve(*, user_id: int, key: str, dry_run: bool = False, **fields: Any) -> PostingResult:
    """Promise free stock to a reference, from the lots named or as the strategy chooses.

    All or nothing. Raises InsufficientStock, QcBlocked, LotExpired.
    """
    return post([Reserve(**fields)], user_id=user_id, key=key, dry_run=dry_run)


def unreserve(*, user_id: int, key: str, dry_run: bool = False, **fields: Any) -> PostingResult:
    """Give back all that is open of a reservation, or a quantity. Raises OverUnreserve."""
    return post([Unreserve(**fields)], user_id=user_id, key=key, dry_run=dry_run)


def issue(*, user_id: int, key: str, dry_run: bool = False, **fields: Any) -> PostingResult:
    """Goods go out, against a reservation or of free stock.

    Raises OverIssue (more than the reservation has open), InsufficientStock, QcBlocked,
    LotExpired.
    """
    return post([Issue(**fields)], user_id=user_id, key=key, dry_run=dry_run)


def scrap(*, user_id: int, key: str, dry_run: bool = False, **fields: Any) -> PostingResult:
    """Take goods out of any lot for good, with a reason. Raises InsufficientStock."""
    return post([RemoveStock(**fields)], user_id=user_id, key=key, dry_run=dry_run)


def return_to_supplier(
    *, user_id: int, key: str, dry_run: bool = False, **fields: Any
) -> PostingResult:
    """Send goods of any lot back to where they came from, with a reason. Raises
    InsufficientStock."""
    request = RemoveStock(kind=Kind.SUPPLIER_RETURN, **fields)
    return post([request], user_id=user_id, key=key, dry_run=dry_run)


def count(*, user_id: int, key: str, dry_run: bool = False, **fields: Any) -> PostingResult:
    """Set a lot right after a count. Raises StaleLot, InsufficientStock (less than is reserved),
    OverUnreserve."""
    return post([Count(**fields)], user_id=user_id, key=key, dry_run=dry_run)


def split(*, user_id: int, key: str, dry_run: bool = False, **fields: Any) -> PostingResult:
    """Make part of a lot a lot of its own. Raises DuplicateLot, InsufficientStock."""
    return post([Split(**fields)], user_id=user_id, key=key, dry_run=dry_run)


def reverse(*, user_id: int, key: str, dry_run: bool = False, **fields: Any) -> PostingResult:
    """Take an operation back by its opposite. Raises NotReversible."""
    return post([Reverse(**fields)], user_id=user_id, key=key, dry_run=dry_run)
