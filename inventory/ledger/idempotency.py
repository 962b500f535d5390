"""One key, one outcome, for ever: what was done under a key is answered again, never redone."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.errors import (
    IdempotencyInProgress,
    IdempotencyKeyMissing,
    IdempotencyKeyReused,
    InvalidInput,
    Refusal,
    refusal_from,
)
from inventory.models import WriteRequest, table

requests = table(WriteRequest)

_FIND = sa.select(requests.c.fingerprint, requests.c.refused, requests.c.outcome).where(
    requests.c.user_id == sa.bindparam("user_id"),
    requests.c.idempotency_key == sa.bindparam("key"),
)
_REMEMBER = sa.insert(requests)


def clean_key(key: object) -> str:
    """The caller's key: 1 to 255 visible ASCII characters."""
    if key is None or key == "":
        raise IdempotencyKeyMissing("A write needs a key of its own, so that it is done once.")
    if not isinstance(key, str) or len(key) > 255 or not all("!" <= c <= "~" for c in key):
        raise InvalidInput("A key is 1 to 255 visible ASCII characters.", field="idempotency_key")
    return key


def find_outcome(tx: Connection, *, user_id: int, key: str, fingerprint: bytes) -> Any | None:
    """What the key led to the first time, or None when it is new.

    Raises the remembered refusal, or IdempotencyKeyReused when the content is another.
    """
    row = tx.execute(_FIND, {"user_id": user_id, "key": key}).first()
    if row is None:
        return None
    if row.fingerprint != fingerprint:
        raise IdempotencyKeyReused(
            "This key was used before, for something else. Nothing was done now.", key=key
        )
    outcome = json.loads(row.outcome)
    if row.refused:
        raise Replayed(refusal_from(**outcome))
    return outcome


class Replayed(Exception):
    """A remembered refusal, on its way out of the transaction."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal


def remember(
    tx: Connection,
    *,
    user_id: int,
    key: str,
    fingerprint: bytes,
    at: datetime,
    outcome: Any,
    refused: bool = False,
) -> None:
    """Write the key's outcome down, in the transaction of what it led to."""
    row = {
        "user_id": user_id,
        "idempotency_key": key,
        "fingerprint": fingerprint,
        "refused": refused,
        "outcome": json.dumps(outcome, separators=(",", ":")),
        "recorded_at": at,
    }
    try:
        tx.execute(_REMEMBER, row)
    except sa.exc.OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == "55P03":
            raise IdempotencyInProgress(
                "The first request with this key is still being worked on. Try again in a moment."
            ) from error
        raise


def remember_refusal(tx: Connection, refusal: Refusal, **request: Any) -> None:
    """Write down that the key was refused, and why."""
    outcome = {"code": refusal.code, "detail": refusal.detail, "figures": refusal.figures}
    remember(tx, outcome=outcome, refused=True, **request)
