"""Public API of the ledger, the only code that writes ledger tables.

`post` executes a list of commands in one transaction, all or nothing, under one idempotency key.
The functions of `operations` post a single command.

May import `accounts` and `webhooks` and the layers below.
"""

from __future__ import annotations

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
from inventory.ledger.operations import (
    count,
    decide_qc,
    hold,
    issue,
    receive,
    release,
    reserve,
    return_from_customer,
    return_to_supplier,
    reverse,
    scrap,
    split,
    unreserve,
)
from inventory.ledger.posting import MAX_COMMANDS, PostingResult, expire_reservations, post

__all__ = [
    "MAX_COMMANDS",
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
