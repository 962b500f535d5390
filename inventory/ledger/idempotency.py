"""One key, one outcome, for ever: what was done under a key is answered again, never redone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.errors import (
    IdempotencyInProgress,
    IdempotencyKeyMissing,
    IdempotencyKeyReused,
    InvalidInput,
    NotFound,
    Refusal,
    refusal_from,
)
from inventory.models import User, WriteRequest, table

requests = table(WriteRequest)
users = table(User)

_FIND = (
    sa.select(
        users.c.name.label("user_name"),
        requests.c.fingerprint,
        requests.c.refused,
        requests.c.outcome,
    )
    .join_from(
        users,
        requests,
        sa.and_(
            requests.c.user_id == users.c.id,
            requests.c.idempotency_key == sa.bindparam("key"),
        ),
        isouter=True,
    )
    .where(users.c.id == sa.bindparam("user_id"))
)
_REMEMBER = sa.insert(requests)


def clean_key(key: object) -> str:
    """The caller's key: 1 to 255 visible ASCII characters."""
    if key is None or key == "":
        raise IdempotencyKeyMissing("A write needs a key of its own, so that it is done once.")
    if not isinstance(key, str) or len(key) > 255 or not all("!" <= c <= "~" for c in key):
        raise InvalidInput("A key is 1 to 255 visible ASCII characters.", field="idempotency_key")
    return key


@dataclass(frozen=True, slots=True)
class Known:
    """Who asks, and what the key led to the first time (None when it is new)."""

    user_name: str
    outcome: Any | None


def find_outcome(tx: Connection, *, user_id: int, key: str, fingerprint: bytes) -> Known:
    """What is known of the caller and the key.

    Raises Replayed with the remembered refusal, IdempotencyKeyReused when the key had other
    content, NotFound when there is no such user.
    """
    row = tx.execute(_FIND, {"user_id": user_id, "key": key}).first()
    if row is None:
        raise NotFound(f"There is no user number {user_id}.", field="user_id")
    if row.fingerprint is None:
        return Known(row.user_name, None)
    if row.fingerprint != fingerprint:
        raise IdempotencyKeyReused(
            "This key was used before, for something else. Nothing was done now.", key=key
        )
    outcome = json.loads(row.outcome)
    if row.refused:
        raise Replayed(refusal_from(**outcome))
    return Known(row.user_name, outcome)


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
