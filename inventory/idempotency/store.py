"""One key, one outcome, for ever: what was done under a key is answered again, never redone."""

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
_REMEMBER = sa.insert(requests).inline()


def validate_key(key: object) -> str:
    """The caller's key: 1 to 255 visible ASCII characters."""
    if key is None or key == "":
        raise IdempotencyKeyMissing("A write needs a key of its own, so that it is done once.")
    if not isinstance(key, str) or len(key) > 255 or not all("!" <= c <= "~" for c in key):
        raise InvalidInput("A key is 1 to 255 visible ASCII characters.", field="idempotency_key")
    return key


@dataclass(frozen=True, slots=True)
class KeyLookup:
    """Who asks, and what the key led to the first time (None when it is new)."""

    user_name: str
    outcome: Any | None


def prefetch_outcome(
    tx: Connection, *, user_id: int, key: str, fingerprint: bytes
) -> Callable[[], KeyLookup]:
    """Ask what is known of the caller and the key; what is returned waits for the answer.

    It raises Replayed with the remembered refusal, IdempotencyKeyReused when the key had other
    content, NotFound when there is no such user.
    """
    asked = tx.execute(_FIND, {"user_id": user_id, "key": key})
    return lambda: _known(asked.first(), user_id=user_id, key=key, fingerprint=fingerprint)


def find_outcome(tx: Connection, **request: Any) -> KeyLookup:
    """The same, at once."""
    return prefetch_outcome(tx, **request)()


def _known(row: Any, *, user_id: int, key: str, fingerprint: bytes) -> KeyLookup:
    if row is None:
        raise NotFound(f"There is no user number {user_id}.", field="user_id")
    if row.fingerprint is None:
        return KeyLookup(row.user_name, None)
    if row.fingerprint != fingerprint:
        raise IdempotencyKeyReused(
            "This key was used before, for something else. Nothing was done now.", key=key
        )
    outcome = json.loads(row.outcome)
    if row.refused:
        raise ReplayedRefusal(refusal_from(**outcome))
    return KeyLookup(row.user_name, outcome)


class ReplayedRefusal(Exception):
    """A remembered refusal, on its way out of the transaction."""

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
    """Write the key's outcome down, in the transaction of what it led to."""
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
    """Whoever waited too long for the first request with the key is told so, and not just that
    the database is busy."""
    try:
        yield
    except Busy as busy:
        cause: Any = getattr(busy.__cause__, "orig", None)
        where = getattr(getattr(cause, "diag", None), "context", None) or ""
        if getattr(cause, "sqlstate", None) == "55P03" and requests.name in where:
            raise IdempotencyInProgress(
                "The first request with this key is still being worked on. Try again in a moment."
            ) from busy
        raise


def remember_refusal(tx: Connection, refusal: Refusal, **request: Any) -> None:
    """Write down that the key was refused, and why."""
    outcome = {"code": refusal.code, "detail": refusal.detail, "figures": refusal.figures}
    store_outcome(tx, outcome=outcome, refused=True, **request)
