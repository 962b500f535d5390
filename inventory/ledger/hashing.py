"""The hash chain: each entry's hash covers its content, its operation, and the hash before it.

The content is written as lines of `name=value`; quantities in 10^-6 units, moments in UTC with
microseconds. `ledger verify` recomputes it from raw rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

FIRST = bytes(32)

OPERATION_FIELDS = (
    "kind",
    "reference",
    "reason",
    "note",
    "user_id",
    "recorded_at",
    "occurred_at",
    "reverses_id",
)
ENTRY_FIELDS = (
    "lot_id",
    "item_id",
    "lot_seq",
    "txn_type",
    "qty",
    "timestamp",
    "on_hand_after",
    "reserved_after",
    "received_after",
    "reservation_id",
    "line_seq",
    "open_after",
    "issued_after",
)


def operation_hash(row: Mapping[str, Any]) -> bytes:
    return _hash(row, OPERATION_FIELDS)


def entry_hash(row: Mapping[str, Any], operation_hash: bytes) -> bytes:
    """`row` carries `prev_hash`: the hash of the lot's entry before it."""
    return _hash(row, ENTRY_FIELDS, bytes(row["prev_hash"]) + operation_hash)


def _hash(row: Mapping[str, Any], names: tuple[str, ...], before: bytes = b"") -> bytes:
    lines = [f"{name}={_plain(row[name])}" for name in names]
    return hashlib.sha256(before + "\n".join(lines).encode()).digest()


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, str):
        # A line break in a note must not look like the next field.
        return value.replace("\\", "\\\\").replace("\n", "\\n")
    return str(value)
