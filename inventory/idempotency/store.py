"""Store the outcome of a write under (user, key) and replay it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.common.errors import (
    Busy,
    IdempotencyInProgress,
    IdempotencyKeyMissing,
    IdempotencyKeyReused,
    InvalidInput,
    NotFound,
    Refusal,
    refusal_from,
    refusal_to_json,
)
from inventory.common.messages import message
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
_REMEMBER = sa.insert(requests).inline()


def validate_key(key: object) -> str:
    """Return the idempotency key: 1 to 255 visible ASCII characters.

    Raises:
        IdempotencyKeyMissing: the key is empty.
        InvalidInput: the key is malformed.
    """
    if key is None or key == "":
        raise IdempotencyKeyMissing(message("A write needs an idempotency key."))
    if not isinstance(key, str) or len(key) > 255 or not all("!" <= c <= "~" for c in key):
        raise InvalidInput(
            message("An idempotency key has 1 to 255 visible ASCII characters."),
            field="idempotency_key",
        )
    return key


@dataclass(frozen=True, slots=True)
class KeyLookup:
    """The user's name and the outcome stored under the key; None for a new key."""

    user_name: str
    outcome: Any | None


def prefetch_outcome(
    tx: Connection, *, user_id: int, key: str, fingerprint: bytes
) -> Callable[[], KeyLookup]:
    """Send the lookup of user and key; return a function that fetches its result.

    The lookup can then share a round trip with other statements. The function raises:

    Raises:
        ReplayedRefusal: a refusal is stored under the key.
        IdempotencyKeyReused: the key was used with other content.
        NotFound: unknown user.
    """
    asked = tx.execute(_FIND, {"user_id": user_id, "key": key})
    return lambda: _known(asked.first(), user_id=user_id, key=key, fingerprint=fingerprint)


def find_outcome(tx: Connection, **request: Any) -> KeyLookup:
    """Look up user and key; like `prefetch_outcome`, with the result fetched."""
    return prefetch_outcome(tx, **request)()


def _known(row: Any, *, user_id: int, key: str, fingerprint: bytes) -> KeyLookup:
    if row is None:
        raise NotFound(
            message("There is no user number %(user_id)s.", user_id=user_id), field="user_id"
        )
    if row.fingerprint is None:
        return KeyLookup(row.user_name, None)
    if row.fingerprint != fingerprint:
        raise IdempotencyKeyReused(
            message("This key was used for another request. Nothing was posted."), key=key
        )
    outcome = json.loads(row.outcome)
    if row.refused:
        raise ReplayedRefusal(refusal_from(outcome))
    return KeyLookup(row.user_name, outcome)


class ReplayedRefusal(Exception):
    """Carries a stored refusal out of the transaction."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal


def store_outcome(
    tx: Connection,
    *,
    user_id: int,
    key: str,
    fingerprint: bytes,
    at: datetime,
    outcome: Any,
    refused: bool = False,
) -> None:
    """Store the outcome under the key, in the transaction of the write."""
    row = {
        "user_id": user_id,
        "idempotency_key": key,
        "fingerprint": fingerprint,
        "refused": refused,
        "outcome": json.dumps(outcome, separators=(",", ":")),
        "recorded_at": at,
    }
    tx.execute(_REMEMBER, row)


@contextmanager
def map_key_lock_timeout() -> Iterator[None]:
    """Turn Busy into IdempotencyInProgress if the key's row was locked.

    A caller that waited too long for the first write with the key learns the cause.
    """
    try:
        yield
    except Busy as busy:
        cause: Any = getattr(busy.__cause__, "orig", None)
        where = getattr(getattr(cause, "diag", None), "context", None) or ""
        if getattr(cause, "sqlstate", None) == "55P03" and requests.name in where:
            raise IdempotencyInProgress(
                message(
                    "The first request with this key is still in progress. Try again in a moment."
                )
            ) from busy
        raise


def remember_refusal(tx: Connection, refusal: Refusal, **request: Any) -> None:
    """Store a refusal as the key's outcome."""
    store_outcome(tx, outcome=refusal_to_json(refusal), refused=True, **request)
