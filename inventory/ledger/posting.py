"""Post commands: all of them or none, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy.engine import Connection
from sqlalchemy.pool import QueuePool

from inventory.common import clock, instrumentation
from inventory.common.errors import InvalidInput, QtyConflict, Refusal
from inventory.common.messages import join_sentences, message, plural_message
from inventory.db import atomic, atomic_pipelined
from inventory.idempotency import store
from inventory.ledger import loader, lot_queue, writer
from inventory.ledger.command_validation import clean, fingerprint
from inventory.ledger.commands import (
    Count,
    DecideQc,
    HoldLot,
    Issue,
    Receive,
    ReleaseHold,
    RemoveStock,
    Request,
    Reserve,
    Reverse,
    Split,
    Unreserve,
)
from inventory.ledger.planned import PlannedOperation
from inventory.ledger.rules import (
    counts,
    expiry,
    issues,
    quality,
    receipts,
    reservations,
    returns,
    reversals,
    splits,
)
from inventory.ledger.unit_of_work import CandidatesIncomplete, UnitOfWork
from inventory.models import Kind
from inventory.stock import queries as stock
from inventory.stock.entities import Operation
from inventory.webhooks import low_stock

MAX_COMMANDS = 1000


def _receive(uow: UnitOfWork, request: Receive) -> None:
    is_return = request.kind == Kind.CUSTOMER_RETURN
    (returns.return_from_customer if is_return else receipts.receive)(uow, request)


_RULES: dict[type, Callable[[UnitOfWork, Any], None]] = {
    Receive: _receive,
    DecideQc: quality.decide_qc,
    HoldLot: quality.hold,
    ReleaseHold: quality.release,
    Reserve: reservations.reserve,
    Unreserve: reservations.unreserve,
    Issue: issues.issue,
    RemoveStock: issues.remove_stock,
    Count: counts.count,
    Split: splits.split,
    Reverse: reversals.reverse,
}


@dataclass(frozen=True, slots=True)
class PostingResult:
    """The operations written, one per command and in the same order.

    `shown` has, for each operation, the rest of the answer as it was after the write, ready for
    JSON: `reservations` (the reservation made, or those affected), `lot` and, for a QC decision,
    `settlement` (what was moved, unreserved, or kept at risk).
    """

    operations: tuple[Operation, ...]
    details: tuple[dict[str, Any], ...]
    replayed: bool = False

    @property
    def operation(self) -> Operation:
        """Return the first operation, which is the only one of a single command."""
        return self.operations[0]


@dataclass(frozen=True, slots=True)
class _Refused:
    refusal: Refusal


def post(
    requests: Sequence[Request], *, user_id: int, key: str, dry_run: bool = False
) -> PostingResult:
    """Execute commands in order in one transaction, all or none.

    If a business rule refuses a command, the refusal is stored under the key, and reservations that
    had expired are still unreserved.

    Args:
        requests: 1 to `MOST_REQUESTS` commands.
        user_id, key: identify the write. A repeat with the same content returns the stored result,
            or raises the stored refusal, and writes nothing.
        dry_run: roll back at the end.

    Returns:
        The result; `replayed` is set if it was stored before.

    Raises:
        Refusal: the refusal of the first command that fails; in a batch its figures have the
            command's `index`.
        InvalidInput: no command, too many commands or a malformed key.
        IdempotencyKeyMissing: `key` is empty.
        IdempotencyKeyReused: the key was used with other content.
        IdempotencyInProgress: the first write with this key is not finished yet.
        NotFound: unknown user.
        Busy: the database is locked for too long, full or unreachable.
    """
    try:
        posting = _post_validated(requests, user_id=user_id, key=key, dry_run=dry_run)
    except Refusal as refusal:
        instrumentation.request_refused.send(code=refusal.code)
        kind = _KIND_OF[type(requests[0])] if requests else "NONE"
        instrumentation.operation_finished.send(kind=kind, outcome="refused")
        raise
    outcome = "replayed" if posting.replayed else "dry_run" if dry_run else "posted"
    for operation in posting.operations:
        instrumentation.operation_finished.send(kind=operation.kind, outcome=outcome)
    return posting


#: The operation kind that a refused command has in the metrics.
_KIND_OF: dict[type, Kind] = {
    Receive: Kind.RECEIPT,
    DecideQc: Kind.QC,
    HoldLot: Kind.QC,
    ReleaseHold: Kind.QC,
    Reserve: Kind.RESERVATION,
    Unreserve: Kind.UNRESERVATION,
    Issue: Kind.ISSUE,
    RemoveStock: Kind.SCRAP,
    Count: Kind.COUNT,
    Split: Kind.SPLIT,
    Reverse: Kind.REVERSAL,
}


def _post_validated(
    requests: Sequence[Request], *, user_id: int, key: str, dry_run: bool
) -> PostingResult:
    if not 0 < len(requests) <= MAX_COMMANDS:
        raise InvalidInput(
            message("1 to %(max_commands)s operations at once.", max_commands=MAX_COMMANDS),
            field="operations",
        )
    key = store.validate_key(key)
    requests = [
        _with_request_index(index, len(requests), clean, request)
        for index, request in enumerate(requests)
    ]
    try:
        with store.map_key_lock_timeout():
            outcome = _post(requests, user_id=user_id, key=key, dry_run=dry_run)
    except QtyConflict as refusal:
        # The database refused an item's stock, and the transaction is gone.
        if not dry_run:
            _remember(refusal, requests, user_id=user_id, key=key)
        raise
    except store.ReplayedRefusal as replay:
        replay.refusal.replayed = True
        raise replay.refusal from None
    if isinstance(outcome, _Refused):
        raise outcome.refusal
    return outcome


@atomic_pipelined
def _post(
    tx: Connection, requests: Sequence[Request], *, user_id: int, key: str, dry_run: bool
) -> PostingResult | _Refused:
    now, today = clock.now(), clock.today()
    request: dict[str, Any] = {"user_id": user_id, "key": key}
    request["fingerprint"] = fingerprint(requests)
    try:
        plan = _plan(tx, requests, request, now, today)
    except _ReplayFound as repeat:
        return _replayed_result(tx, repeat.outcome)
    if plan.refusal is None:
        return _write(tx, plan.uow, plan.user_name, request)
    if plan.uow.operations:
        writer.write(tx, plan.uow, user_id=user_id, user_name=plan.user_name)
        low_stock.update_low_stock_events(tx, plan.uow.items_to_watch())
    store.remember_refusal(tx, plan.refusal, at=now, **request)
    return _Refused(plan.refusal)


@atomic
def _remember(
    tx: Connection, refusal: Refusal, requests: Sequence[Request], *, user_id: int, key: str
) -> None:
    request: dict[str, Any] = {"user_id": user_id, "key": key}
    request["fingerprint"] = fingerprint(requests)
    with suppress(store.ReplayedRefusal):
        if store.find_outcome(tx, **request).outcome is None:
            store.remember_refusal(tx, refusal, at=clock.now(), **request)


class _ReplayFound(Exception):
    def __init__(self, outcome: Any) -> None:
        super().__init__()
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class _Plan:
    """The writes to make: all that was requested or, if refused, only the expiries."""

    uow: UnitOfWork
    user_name: str
    refusal: Refusal | None


def _plan(
    tx: Connection,
    requests: Sequence[Request],
    request: dict[str, Any],
    now: datetime,
    today: date,
) -> _Plan:
    """Lock the lots, load them and apply the rules.

    Lots that the allocation chose are locked and then loaded again.
    """
    locked: set[int] = set()
    complete: set[int] = set()
    wanted = loader.referenced_lot_ids(tx, requests)
    while True:
        # A writer that has locks must not wait for a place, whose owner may wait for these locks.
        place = nullcontext() if locked else _place(tx, wanted)
        new, locked = wanted - locked, locked | wanted
        with place, instrumentation.measure_wait("lots"):
            loader.lock_lots(tx, new)
            answer = store.prefetch_outcome(tx, **request)
            uow = loader.load_unit_of_work(
                tx,
                requests,
                locked=locked,
                fully_loaded_item_ids=complete,
                now=now,
                today=today,
                user_id=request["user_id"],
            )
        if (known := answer()).outcome is not None:
            raise _ReplayFound(known.outcome)
        try:
            refusal = _refusal_of(uow, requests)
        except CandidatesIncomplete as look:
            complete.add(look.item.id)
            continue
        wanted = uow.modified_lot_ids()
        if wanted <= locked or tx.dialect.name == "sqlite":
            return _Plan(uow, known.user_name, refusal)


def _place(tx: Connection, lot_ids: set[int]) -> AbstractContextManager[None]:
    """Return a place among the writers of the lots: half of the threads for each lot.

    SQLite has one lock for all writers, and the pool has two connections per thread.
    """
    if tx.dialect.name == "sqlite":
        return nullcontext()
    pool = cast(QueuePool, tx.engine.pool)
    return lot_queue.place(lot_ids, places=max(1, pool.size() // 4))


def _refusal_of(uow: UnitOfWork, requests: Sequence[Request]) -> Refusal | None:
    """Plan the commands; return the first refusal if it is one to store.

    The plan then keeps only the expiry operations, because the refusal's figures count on them.
    """
    expiry.release_expired(uow)
    try:
        for index, one in enumerate(requests):
            _with_request_index(index, len(requests), _RULES[type(one)], uow, one)
    except Refusal as refusal:
        if not refusal.remembered:
            raise
        uow.operations = [plan for plan in uow.operations if plan.by_system]
        return refusal
    return None


def _with_request_index(index: int, total: int, func: Callable[..., Any], *args: Any) -> Any:
    """Call `func`; in a batch, add the command's index to a refusal."""
    try:
        return func(*args)
    except Refusal as refusal:
        if total > 1:
            refusal.figures["index"] = index
        if index and refusal.remembered:
            refusal.detail = join_sentences(
                refusal.detail,
                plural_message(
                    "Nothing was posted. The figures include the operation before this one in the"
                    " request.",
                    "Nothing was posted. The figures include the %(num)s operations before this"
                    " one in the request.",
                    index,
                ),
            )
            refusal.args = (refusal.detail,)
        raise


def _write(
    tx: Connection, uow: UnitOfWork, user_name: str, request: dict[str, Any]
) -> PostingResult:
    written = writer.write(tx, uow, user_id=request["user_id"], user_name=user_name)
    asked = [plan for plan in uow.operations if not plan.by_system]
    operations = written[len(written) - len(asked) :]
    shown = tuple(_shown(uow, plan) for plan in asked)
    low_stock.update_low_stock_events(tx, uow.items_to_watch())
    outcome = {"operations": [operation.id for operation in operations], "shown": shown}
    store.store_outcome(tx, outcome=outcome, at=uow.now, **request)
    return PostingResult(tuple(operations), shown)


def _shown(uow: UnitOfWork, plan: PlannedOperation) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "reservations": [reservation.to_dict(uow.today) for reservation in plan.shows],
        "lot": plan.shows_lot and plan.shows_lot.to_dict(uow.today),
    }
    if plan.open_reservations:
        held = [one for one in plan.open_reservations if one.open]
        shown["open_reservations"] = [one.to_dict(uow.today) for one in held]
    if plan.shows_decisions:
        shown["decided"] = [
            {
                "lot_id": decision.lot.id,
                "lot_code": decision.lot.lot_code,
                "from_status": decision.from_status,
                "status": str(decision.to_status),
            }
            for decision in plan.decisions
        ]
    if plan.from_reserved:
        shown["from_reserved"] = True
    if plan.warnings:
        shown["warnings"] = plan.warnings
    return shown | {"settlement": plan.settlement.to_dict()} if plan.settlement else shown


def _replayed_result(tx: Connection, outcome: Any) -> PostingResult:
    """Read back the result that was stored under the key."""
    operations = stock.read_operations(tx, outcome["operations"])
    return PostingResult(tuple(operations), tuple(outcome["shown"]), replayed=True)


def expire_reservations(*, limit: int = 100) -> int:
    """Unreserve what expired reservations still hold.

    Writes to the same lots do this too, before their own commands.

    Args:
        limit: reservations per transaction.

    Returns:
        The number of reservations.

    Raises:
        Busy: the database is locked for too long, full or unreachable.
    """
    total = 0
    while done := _expire(limit=limit):
        total += done
    return total


@atomic_pipelined
def _expire(tx: Connection, *, limit: int) -> int:
    now, today = clock.now(), clock.today()
    ids = stock.expired_reservation_ids(tx, now=now, limit=limit)
    locked: set[int] = set()
    wanted = stock.lot_ids_of_reservations(tx, ids)
    while wanted:
        loader.lock_lots(tx, wanted - locked)
        locked |= wanted
        uow = loader.load_unit_of_work(
            tx, [], locked=locked, fully_loaded_item_ids=set(), now=now, today=today
        )
        done = expiry.release_expired(uow)
        wanted = uow.modified_lot_ids()
        if wanted <= locked:
            if done:
                writer.write(tx, uow, user_id=0, user_name="")
            return done
    return 0
