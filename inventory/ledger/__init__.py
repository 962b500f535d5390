"""Receive, reserve, unreserve, issue, and all that is made of them: the only writer of the ledger.

`post` takes any number of requests and does all of them or none, in one transaction, under one
key. The verbs are batches of one. Order of the checks: the shape of each field, then a repeat of
the key, then the rules of each request in turn (named in the request's own module).
"""

from __future__ import annotations

from typing import Any

from inventory.ledger.commands import (
    Count,
    Cut,
    Decide,
    Hold,
    Issue,
    Part,
    Receive,
    Release,
    Request,
    Reserve,
    Reverse,
    Split,
    TakeOut,
    Unreserve,
)
from inventory.ledger.posting import MOST_REQUESTS, Posting, expire, post
from inventory.models import Kind

__all__ = [
    "MOST_REQUESTS",
    "Count", "Cut", "Decide", "Hold", "Issue", "Part", "Posting", "Receive", "Release", "Request",
    "Reserve", "Reverse", "Split", "TakeOut", "Unreserve", "count", "decide", "expire", "hold",
    "issue", "post", "receive", "release", "reserve", "return_from_customer",
    "return_to_supplier", "reverse", "scrap", "split", "unreserve",
]  # fmt: skip


def receive(*, user_id: int, key: str, dry_run: bool = False, **facts: Any) -> Posting:
    """Goods come in, into a new lot or, with `add_to_lot`, into one that exists.

    A new lot of an item that requires QC starts in quarantine. Raises DuplicateLot, QcBlocked,
    LotExpired, InvalidQty, InvalidInput, NotFound.
    """
    return post([Receive(**facts)], user_id=user_id, key=key, dry_run=dry_run)


def return_from_customer(*, user_id: int, key: str, dry_run: bool = False, **facts: Any) -> Posting:
    """Goods come back from a customer: a receipt with a reason. Raises as `receive` does."""
    request = Receive(kind=Kind.CUSTOMER_RETURN, **facts)
    return post([request], user_id=user_id, key=key, dry_run=dry_run)


def decide(*, user_id: int, key: str, dry_run: bool = False, **facts: Any) -> Posting:
    """A QC decision on a lot, and what becomes of the reservations in it.

    `on_reservations`: keep (they are at risk), reallocate (what fits into other lots is moved,
    oldest reservation first, and the rest is kept), or unreserve. The posting's `settlement`
    lists what was moved, unreserved and kept. Raises QcTransition, never for lack of other stock.
    """
    return post([Decide(**facts)], user_id=user_id, key=key, dry_run=dry_run)


def hold(*, user_id: int, key: str, dry_run: bool = False, **facts: Any) -> Posting:
    """Recall a lot: put it, and what is left of every lot split off it, in quarantine, in one
    operation. Reservations stay, at risk. Raises QcTransition where nothing is approved."""
    return post([Hold(**facts)], user_id=user_id, key=key, dry_run=dry_run)


def release(*, user_id: int, key: str, dry_run: bool = False, **facts: Any) -> Posting:
    """End a hold: approve again every lot that it put in quarantine, or none. Raises
    NotReversible where a lot was decided on since."""
    return post([Release(**facts)], user_id=user_id, key=key, dry_run=dry_run)


def reserve(*, user_id: int, key: str, dry_run: bool = False, **facts: Any) -> Posting:
    """Promise free stock to a reference, from the lots named or as the strategy chooses.

    All or nothing. Raises InsufficientStock, QcBlocked, LotExpired.
    """
    return post([Reserve(**facts)], user_id=user_id, key=key, dry_run=dry_run)


def unreserve(*, user_id: int, key: str, dry_run: bool = False, **facts: Any) -> Posting:
    """Give back all that is open of a reservation, or a quantity. Raises OverUnreserve."""
    return post([Unreserve(**facts)], user_id=user_id, key=key, dry_run=dry_run)


def issue(*, user_id: int, key: str, dry_run: bool = False, **facts: Any) -> Posting:
    """Goods go out, against a reservation or of free stock.

    Raises OverIssue (more than the reservation has open), InsufficientStock, QcBlocked,
    LotExpired.
    """
    return post([Issue(**facts)], user_id=user_id, key=key, dry_run=dry_run)


def scrap(*, user_id: int, key: str, dry_run: bool = False, **facts: Any) -> Posting:
    """Take goods out of any lot for good, with a reason. Raises InsufficientStock."""
    return post([TakeOut(**facts)], user_id=user_id, key=key, dry_run=dry_run)


def return_to_supplier(*, user_id: int, key: str, dry_run: bool = False, **facts: Any) -> Posting:
    """Send goods of any lot back to where they came from, with a reason. Raises
    InsufficientStock."""
    request = TakeOut(kind=Kind.SUPPLIER_RETURN, **facts)
    return post([request], user_id=user_id, key=key, dry_run=dry_run)


def count(*, user_id: int, key: str, dry_run: bool = False, **facts: Any) -> Posting:
    """Set a lot right after a count. Raises StaleLot, InsufficientStock (less than is reserved),
    OverUnreserve."""
    return post([Count(**facts)], user_id=user_id, key=key, dry_run=dry_run)


def split(*, user_id: int, key: str, dry_run: bool = False, **facts: Any) -> Posting:
    """Make part of a lot a lot of its own. Raises DuplicateLot, InsufficientStock."""
    return post([Split(**facts)], user_id=user_id, key=key, dry_run=dry_run)


def reverse(*, user_id: int, key: str, dry_run: bool = False, **facts: Any) -> Posting:
    """Take an operation back by its opposite. Raises NotReversible."""
    return post([Reverse(**facts)], user_id=user_id, key=key, dry_run=dry_run)
