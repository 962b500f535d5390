"""Changes outside the ledger under an idempotency key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.engine import Connection

from inventory.common import clock, instrumentation
from inventory.common.errors import Refusal
from inventory.db import atomic
from inventory.idempotency import store
from inventory.idempotency.fingerprint import digest


def run_once(
    func: Callable[..., dict[str, Any]],
    *,
    user_id: int,
    key: str,
    fields: dict[str, Any],
    dry_run: bool,
) -> tuple[dict[str, Any], bool]:
    """Run a change in one transaction, or return the outcome stored under the key.

    A business refusal is stored too, and raised again by a repeat with the same content.

    Args:
        func: gets the connection, `user_id`, `now` (UTC) and `fields`; returns the outcome, ready
            for JSON.
        fields: the content of the change. With the function's name it identifies a repeat.
        dry_run: roll back at the end.

    Returns:
        (outcome, whether it was replayed).

    Raises:
        IdempotencyKeyMissing: `key` is empty.
        IdempotencyKeyReused: the key was used with other content.
        IdempotencyInProgress: the first write with this key is not finished yet.
        InvalidInput: the key is malformed.
        NotFound: unknown user.
        Refusal: what `func` raises.
        Busy: the database is locked for too long, full or unreachable.
    """
    key = store.validate_key(key)
    try:
        with store.map_key_lock_timeout():
            outcome, replayed = _run_once(
                func, user_id=user_id, key=key, fields=fields, dry_run=dry_run
            )
    except store.ReplayedRefusal as replay:
        replay.refusal.replayed = True
        instrumentation.request_refused.send(code=replay.refusal.code)
        raise replay.refusal from None
    if isinstance(outcome, Refusal):
        instrumentation.request_refused.send(code=outcome.code)
        raise outcome
    return outcome, replayed


@atomic
def _run_once(
    tx: Connection,
    func: Callable[..., dict[str, Any]],
    *,
    user_id: int,
    key: str,
    fields: dict[str, Any],
    dry_run: bool,
) -> tuple[dict[str, Any] | Refusal, bool]:
    now = clock.now()
    request: dict[str, Any] = {"user_id": user_id, "key": key}
    request["fingerprint"] = digest([func.__name__, fields])
    known = store.find_outcome(tx, **request)
    if known.outcome is not None:
        return known.outcome, True
    try:
        outcome = func(tx, user_id=user_id, now=now, **fields)
    except Refusal as refusal:
        if not refusal.remembered:
            raise
        store.remember_refusal(tx, refusal, at=now, **request)
        return refusal, False
    store.store_outcome(tx, outcome=outcome, at=now, **request)
    return outcome, False
