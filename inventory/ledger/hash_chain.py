"""The hash chain of the ledger.

Each entry's hash covers its content, its operation and the hash of the lot's previous entry. The
content is lines of `name=value`, with quantities in 10^-6 units and timestamps in UTC with
microseconds. `ledger verify` recomputes the hashes from raw rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

FIRST = bytes(32)


def operation_hash(row: Mapping[str, Any]) -> bytes:
    """Return the hash of an operation's row."""
    occurred_at = row["occurred_at"]
    return operation_digest(
        row["kind"],
        row["reference"],
        row["reason"],
        row["note"],
        row["user_id"],
        format_timestamp(row["recorded_at"]),
        "" if occurred_at is None else format_timestamp(occurred_at),
        row["reverses_id"],
    )


def operation_digest(
    kind: str,
    reference: str | None,
    reason: str | None,
    note: str | None,
    user_id: int,
    recorded_at: str,
    occurred_at: str,
    reverses_id: int | None,
) -> bytes:
    """Return the hash of an operation, given its values as they are hashed.

    The content is one f-string for speed: `ledger verify` runs this for every operation.

    Args:
        recorded_at, occurred_at: as `format_timestamp` writes them; `occurred_at` can be "".
    """
    content = (
        f"kind={kind}\nreference={_text(reference)}\nreason={_text(reason)}\nnote={_text(note)}\n"
        f"user_id={user_id}\nrecorded_at={recorded_at}\noccurred_at={occurred_at}\n"
        f"reverses_id={'' if reverses_id is None else reverses_id}"
    )
    return hashlib.sha256(content.encode()).digest()


def entry_hash(row: Mapping[str, Any], operation_hash: bytes, *, timestamp: str) -> bytes:
    """Return the hash of an entry's row.

    Args:
        row: the columns by name; its own `timestamp` is not used.
        timestamp: as `format_timestamp` writes it.
    """
    line = ""
    if row["reservation_id"] is not None:
        names = ("reservation_id", "line_seq", "open_after", "issued_after")
        line = ",".join(str(row[name]) for name in names)
    return entry_digest(
        prev_hash=row["prev_hash"],
        operation_hash=operation_hash,
        lot_id=row["lot_id"],
        item_id=row["item_id"],
        lot_seq=row["lot_seq"],
        txn_type=row["txn_type"],
        qty=row["qty"],
        timestamp=timestamp,
        on_hand_after=row["on_hand_after"],
        reserved_after=row["reserved_after"],
        received_after=row["received_after"],
        line=line,
    )


def entry_digest(
    prev_hash: bytes,
    operation_hash: bytes,
    lot_id: int,
    item_id: int,
    lot_seq: int,
    txn_type: str,
    qty: int,
    timestamp: str,
    on_hand_after: int,
    reserved_after: int,
    received_after: int,
    line: str,
) -> bytes:
    """Return the hash of an entry, given its values as they are hashed.

    The content is one f-string for speed: `ledger verify` runs this for every entry.

    Args:
        line: "reservation_id,line_seq,open_after,issued_after", or "" without a reservation.
    """
    content = (
        f"lot={lot_id}\nitem={item_id}\nseq={lot_seq}\ntype={txn_type}\nqty={qty}\n"
        f"timestamp={timestamp}\non_hand={on_hand_after}\nreserved={reserved_after}\n"
        f"received={received_after}\nline={line}"
    )
    return hashlib.sha256(prev_hash + operation_hash + content.encode()).digest()


def decision_hash(
    prev_hash: bytes,
    operation_hash: bytes,
    lot_id: int,
    decision_seq: int,
    from_status: str | None,
    to_status: str,
    reason: str | None,
) -> bytes:
    """Return the hash of a QC decision; a lot's decisions form their own chain."""
    content = (
        f"lot={lot_id}\nseq={decision_seq}\nfrom={from_status}\nto={to_status}\n"
        f"reason={_text(reason)}"
    )
    return hashlib.sha256(prev_hash + operation_hash + content.encode()).digest()


def format_timestamp(value: datetime) -> str:
    """Return the timestamp in UTC with microseconds: 2026-11-23T10:42:00.000000Z."""
    return value.astimezone(UTC).isoformat(timespec="microseconds")[:26] + "Z"


def format_raw_timestamp(text: str) -> str:
    """Convert a raw timestamp, "2026-11-23 10:42:00.000000", to the hashed form."""
    return f"{text[:10]}T{text[11:26]}Z"


def _text(value: str | None) -> str:
    """Escape line breaks, so that a note cannot look like the next field."""
    if value is None:
        return ""
    if "\\" in value or "\n" in value:
        return value.replace("\\", "\\\\").replace("\n", "\\n")
    return value
