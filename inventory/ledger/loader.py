"""Lock the lots of the commands in id order, and load a unit of work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import partial
from itertools import chain
from typing import Any, TypeGuard

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.common.chunks import chunks
from inventory.common.lookalikes import case_key, look_key
from inventory.db import exact_sum
from inventory.ledger.commands import (
    REALLOCATE,
    Count,
    DecideQc,
    HoldLot,
    Issue,
    Receive,
    ReleaseHold,
    Request,
    Reserve,
    Reverse,
    Split,
)
from inventory.ledger.unit_of_work import ReturnableQty, ReversalTarget, UnitOfWork
from inventory.models import Kind, QcDecision, TxnType, table
from inventory.stock import genealogy, recall
from inventory.stock import queries as stock
from inventory.stock.balance_filters import lot_balances, open_lines
from inventory.stock.entities import Lot, Reservation
from inventory.stock.statements import (
    is_effective,
    items,
    ledger,
    lots,
    operations,
    reservations,
)

decisions = table(QcDecision)

_IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
_LOCK_LOTS = (
    sa.select(lots.c.id)
    .where(lots.c.id.in_(_IDS))
    .order_by(lots.c.id)
    .with_for_update(key_share=True)
)
_STOCKED_BESIDE = sa.select(lot_balances.c.lot_id).where(
    lot_balances.c.item_id.in_(sa.select(lots.c.item_id).where(lots.c.id.in_(_IDS))),
    lot_balances.c.stocked,
)
#: Keeps an item's decimals from changing while the first entries that rely on them are written.
_HOLD_ITEMS = (
    sa.select(items.c.id)
    .where(items.c.look_key.in_(sa.bindparam("keys", expanding=True)))
    .order_by(items.c.id)
    .with_for_update(read=True, key_share=True)
)


def lock_lots(tx: Connection, ids: Iterable[int]) -> None:
    """Lock the lots in id order until the end of the transaction.

    FOR NO KEY UPDATE on PostgreSQL. On SQLite BEGIN IMMEDIATE has locked the database already.
    """
    ids = sorted(ids)
    if ids and tx.dialect.name != "sqlite":
        for some in chunks(ids):
            tx.execute(_LOCK_LOTS, {"ids": some})


def lock_items(tx: Connection, codes: Iterable[str]) -> None:
    """Lock the items' decimals, unit and state until the end of the transaction.

    A shared lock on PostgreSQL. On SQLite BEGIN IMMEDIATE has locked the database already.
    """
    if tx.dialect.name != "sqlite":
        for some in chunks(sorted(set(map(look_key, codes)))):
            tx.execute(_HOLD_ITEMS, {"keys": some})


def referenced_lot_ids(tx: Connection, requests: Sequence[Request]) -> set[int]:
    """Return the ids of the existing lots that the commands refer to."""
    named: set[int] = set()
    codes: set[tuple[str, str]] = set()
    for request in requests:
        if lot_id := getattr(request, "lot_id", None):
            named.add(lot_id)
        named.update(part.lot_id for part in getattr(request, "lots", None) or ())
        if isinstance(request, Receive) and (request.add_to_lot or _is_return(request)):
            codes.add((request.item, request.lot_code))
    named |= _lots_to_move_to(tx, requests)
    named |= stock.lot_ids_of_reservations(tx, _reservation_ids(requests))
    reversed_lots = {
        entry.lot_id
        for past in stock.read_operations(tx, _operation_ids(requests))
        for entry in past.entries
    }
    named |= reversed_lots | _parents(tx, reversed_lots)
    if codes:
        named.update(lot.id for lot in _lookalike_lots(tx, codes) if lot.id)
    families, decided = _recalled(tx, requests)
    named.update(lot_id for family in families.values() for lot_id in family)
    return named | {one.lot_id for found in decided.values() for one in found}


def _parents(tx: Connection, lot_ids: set[int]) -> set[int]:
    """Return the ids of the lots from which these were split off or came back."""
    chosen = sa.select(lots.c.parent_lot_id).where(lots.c.id.in_(_IDS))
    found: set[int] = set()
    for some in chunks(sorted(lot_ids)):
        found.update(id for id in tx.execute(chosen, {"ids": some}).scalars() if id is not None)
    return found


def _lots_to_move_to(tx: Connection, requests: Sequence[Request]) -> set[int]:
    """Return the stocked lots that decisions can move reservations to.

    They are locked with all others, in id order, so that two decisions cannot deadlock.
    """
    ids = [request.lot_id for request in requests if _moves_reservations(request)]
    if not ids:
        return set()
    return set(tx.execute(_STOCKED_BESIDE, {"ids": ids}).scalars())


def _moves_reservations(request: Request) -> TypeGuard[DecideQc]:
    return isinstance(request, DecideQc) and request.on_reservations == REALLOCATE


def _recalled(
    tx: Connection, requests: Sequence[Request]
) -> tuple[dict[int, list[int]], dict[int, list[recall.LotQcDecision]]]:
    """Return the descendants of lots to hold, and the decisions of holds to lift."""
    held = {request.lot_id for request in requests if isinstance(request, HoldLot)}
    ended = {request.operation_id for request in requests if isinstance(request, ReleaseHold)}
    return (
        {lot_id: list(genealogy.get_descendants(tx, lot_id)) for lot_id in held},
        {operation_id: recall.decisions_of(tx, operation_id) for operation_id in ended},
    )


def load_unit_of_work(
    tx: Connection,
    requests: Sequence[Request],
    *,
    locked: Iterable[int],
    fully_loaded_item_ids: set[int],
    now: datetime,
    today: date,
    user_id: int = 0,
) -> UnitOfWork:
    """Load what the rules need for the commands.

    Args:
        locked: ids of the lots that are locked.
        fully_loaded_item_ids: items whose lots are read from the ledger, not found by the balance
            tables.
        now: UTC.
        today: the site's date.
        user_id: the user of the commands.
    """
    uow = UnitOfWork(now=now, today=today, user_id=user_id, complete=fully_loaded_item_ids)
    uow.read_holders = partial(read_holders, tx)
    uow.read_reserved_for = partial(_reserved_for, tx)
    uow.read_arrival = partial(stock.arrival_of, tx)
    uow.read_is_used = partial(stock.is_used, tx)
    uow.read_returnable = partial(_returnable, tx)
    uow.read_returns = partial(_returns_of, tx)
    uow.read_has_code = partial(_has_code, tx)
    uow.read_is_void = partial(_is_void, tx)
    codes = {request.item for request in requests if isinstance(request, Receive | Reserve)}
    codes |= {
        request.item
        for request in requests
        if isinstance(request, Issue) and request.item is not None
    }
    receipts = {request.item for request in requests if isinstance(request, Receive)}
    lock_items(tx, receipts)
    expired = stock.prefetch_expired(tx, now=now)
    uow.families, uow.decided = _recalled(tx, requests)
    _register(uow, stock.read_lots(tx, {*locked, *chain(*uow.families.values())}))
    known = {lot.item.code: lot.item for lot in uow.lots.values() if lot.item.code in codes}
    unknown = sorted(codes - set(known))
    uow.items = known | stock.find_items(tx, unknown)
    _read_stocked(tx, uow, requests)
    new_codes = {
        (request.item, request.lot_code) for request in requests if isinstance(request, Receive)
    } | {
        (uow.lots[request.lot_id].item.code, request.lot_code)
        for request in requests
        if isinstance(request, Split) and request.lot_id in uow.lots
    }
    for lot in _register(uow, _lookalike_lots(tx, new_codes)):
        uow.register_code(lot)
    ids = _reservation_ids(requests)
    _read_past(tx, uow, requests, ids)
    _keep_reservations(tx, uow, ids)
    _read_quality(tx, uow, requests)
    returned = {one.return_of for one in requests if isinstance(one, Receive) and one.return_of}
    uow.issues_returned = {found.id: found for found in stock.read_operations(tx, returned)}
    # A command that unreserves can name an expired reservation; an issue must find it expired.
    by_hand = ids - {request.reservation_id for request in requests if isinstance(request, Issue)}
    uow.expired = _keep_reservations(tx, uow, set(expired(uow.lots.values())) - by_hand)
    return uow


def _register(uow: UnitOfWork, found: Iterable[Lot]) -> list[Lot]:
    """Return one Lot object per lot, however often the lot was read."""
    return [uow.lots.setdefault(lot.id or 0, lot) for lot in found]


def _lookalike_lots(tx: Connection, codes: set[tuple[str, str]]) -> list[Lot]:
    """Return the lots with these (item code, lot code) pairs and those that look alike, by id."""
    if not codes:
        return []
    known = stock.find_items(tx, {item for item, _ in codes})
    named = ((known[item].id, lot_code) for item, lot_code in codes if item in known)
    return stock.read_lookalike_lots(tx, named)


def _read_stocked(tx: Connection, uow: UnitOfWork, requests: Sequence[Request]) -> None:
    """Load the lots to allocate from, for commands that name no lots."""
    wanted = {
        uow.items[request.item].id
        for request in requests
        if isinstance(request, Reserve | Issue)
        and request.lots is None
        and request.item in uow.items
    } | {
        uow.lots[request.lot_id].item.id
        for request in requests
        if _moves_reservations(request) and request.lot_id in uow.lots
    }
    found = stock.get_stocked_lots_from_ledger(tx, wanted & uow.complete)
    if partly := wanted - uow.complete:
        found += stock.get_stocked_lots(tx, partly)
    for lot in _register(uow, found):
        uow.stocked.setdefault(lot.item.id, []).append(lot)


def _reservation_ids(requests: Sequence[Request]) -> set[int]:
    ids = {getattr(request, "reservation_id", None) for request in requests}
    for request in requests:
        if isinstance(request, Count):
            ids.update(cut.reservation_id for cut in request.unreserve or ())
    return {id for id in ids if id is not None}


def _operation_ids(requests: Sequence[Request]) -> set[int]:
    return {request.operation_id for request in requests if isinstance(request, Reverse)}


def _keep_reservations(tx: Connection, uow: UnitOfWork, ids: Iterable[int]) -> list[Reservation]:
    """Return one object per reservation, its lines on the unit of work's lots."""
    ids = sorted(ids)
    found = stock.read_reservations(
        tx, set(ids) - set(uow.reservations), lots_known=uow.lots.values()
    )
    for reservation in found:
        for line in reservation.lines:
            line.lot = uow.lots.setdefault(line.lot.id or 0, line.lot)
        uow.reservations[reservation.id or 0] = reservation
    return [uow.reservations[id] for id in ids if id in uow.reservations]


def read_holders(tx: Connection, uow: UnitOfWork, lot_id: int) -> list[Reservation]:
    """Return the reservations that hold stock in the lot, from the ledger.

    The balance tables find them. If their lines do not add up to what the ledger has reserved in
    the lot, every reservation that ever was in the lot is read.
    """
    ids = stock.open_reservation_ids(tx, lot_id=lot_id)
    lines = stock.open_qty_by_reservation(tx, lot_id, ids)
    if sum(lines.values()) != stock.get_lot(tx, lot_id).reserved:
        ids = stock.all_reservation_ids_of_lot(tx, lot_id)
    return _keep_reservations(tx, uow, ids)


def read_expired(tx: Connection, uow: UnitOfWork) -> None:
    """Load the expired reservations in the loaded lots."""
    expired = stock.prefetch_expired(tx, now=uow.now)
    uow.expired = _keep_reservations(tx, uow, expired(uow.lots.values()))


def _read_past(
    tx: Connection, uow: UnitOfWork, requests: Sequence[Request], reservation_ids: set[int]
) -> None:
    ids = _operation_ids(requests)
    if not ids:
        return
    reversed_by = {
        row.reverses_id: row.id
        for row in tx.execute(
            sa.select(operations.c.id, operations.c.reverses_id).where(
                operations.c.reverses_id.in_(ids)
            )
        )
    }
    for past in stock.read_operations(tx, ids):
        last = {entry.lot_id: entry.lot_seq for entry in past.entries}
        later = partial(_later_operations, tx, last)
        root, depth = past, 0
        while root.reverses_id is not None:
            root, depth = stock.get_operation(tx, root.reverses_id), depth + 1
        uow.reversal_targets[past.id] = ReversalTarget(
            past, reversed_by.get(past.id), later, root, depth
        )
        reservation_ids.update(e.reservation_id for e in past.entries if e.reservation_id)


def _is_return(request: Request) -> bool:
    return isinstance(request, Receive) and request.kind == Kind.CUSTOMER_RETURN


def _has_code(tx: Connection, item_id: int, code: str) -> bool:
    return bool(stock.read_lookalike_lots(tx, [(item_id, code)]))


def _reserved_for(
    tx: Connection, uow: UnitOfWork, item_id: int, reference: str
) -> list[Reservation]:
    chosen = (
        sa.select(reservations.c.id, reservations.c.reference)
        .distinct()
        .join(open_lines, reservations.c.id == open_lines.c.reservation_id)
        .where(open_lines.c.item_id == item_id)
    )
    ids = [row.id for row in tx.execute(chosen.where(reservations.c.reference == reference))]
    if not ids:
        wanted = case_key(reference)
        ids = [row.id for row in tx.execute(chosen) if case_key(row.reference) == wanted]
    return _keep_reservations(tx, uow, ids)


def _is_void(tx: Connection, lot_id: int) -> bool:
    effective = (
        sa.select(operations.c.id)
        .join(ledger, ledger.c.operation_id == operations.c.id)
        .where(ledger.c.lot_id == lot_id, operations.c.kind != Kind.REVERSAL.value)
        .where(is_effective(operations))
        .limit(1)
    )
    return tx.execute(effective).first() is None


def _returnable(tx: Connection, lot_id: int, reference: str | None) -> ReturnableQty:
    """Return what was issued of the lot and came back, without what was reversed.

    What came back is in the lot, or was the first entry of a child lot. The first entry of the lot
    itself came back from an earlier lot, or matched no issue.
    """
    sums = []
    for kind, txn_type, where in (
        (Kind.ISSUE, TxnType.ISSUE, ledger.c.lot_id == lot_id),
        (Kind.CUSTOMER_RETURN, TxnType.RECEIVE, _came_back_of(lot_id)),
    ):
        chosen = (
            sa.select(exact_sum(ledger.c.qty))
            .select_from(ledger)
            .join(operations, operations.c.id == ledger.c.operation_id)
            .join(lots, lots.c.id == ledger.c.lot_id)
            .where(where, ledger.c.txn_type == txn_type.value, operations.c.kind == kind.value)
            .where(is_effective(operations))
        )
        if reference is not None:
            chosen = chosen.where(operations.c.reference == reference)
        sums.append(tx.execute(chosen).scalar_one())
    return ReturnableQty(*sums)


def _came_back_of(lot_id: int) -> sa.ColumnElement[bool]:
    """Return the condition for entries of returns that came back of a lot."""
    in_lot = sa.and_(ledger.c.lot_id == lot_id, ledger.c.lot_seq > 1)
    return sa.or_(in_lot, sa.and_(lots.c.parent_lot_id == lot_id, ledger.c.lot_seq == 1))


def _returns_of(tx: Connection, lot_id: int) -> list[dict[str, Any]]:
    chosen = (
        sa.select(operations.c.id, operations.c.kind, operations.c.reference)
        .distinct()
        .join(ledger, ledger.c.operation_id == operations.c.id)
        .join(lots, lots.c.id == ledger.c.lot_id)
        .where(_came_back_of(lot_id), operations.c.kind == Kind.CUSTOMER_RETURN.value)
        .where(is_effective(operations))
        .order_by(operations.c.id.desc())
        .limit(20)
    )
    return [_named(row) for row in tx.execute(chosen)]


def _named(row: Any) -> dict[str, Any]:
    return {"operation_id": row.id, "kind": row.kind, "reference": row.reference}


def _later_operations(tx: Connection, last: dict[int, int], lot_id: int) -> list[dict[str, Any]]:
    """Return operations that issued or reserved stock of the lot later, newest first.

    Args:
        last: lot id to the sequence number after which to look.
    """
    reversal = operations.alias()
    rows = tx.execute(
        sa.select(operations.c.id, operations.c.kind, operations.c.reference)
        .distinct()
        .join(ledger, ledger.c.operation_id == operations.c.id)
        .where(
            ledger.c.lot_id == lot_id,
            ledger.c.lot_seq > last[lot_id],
            ledger.c.txn_type.in_(["ISSUE", "RESERVE"]),
            operations.c.kind != "REVERSAL",
            ~sa.exists().where(reversal.c.reverses_id == operations.c.id),
        )
        .order_by(operations.c.id.desc())
        .limit(20)
    )
    return [_named(row) for row in rows]


def _read_quality(tx: Connection, uow: UnitOfWork, requests: Sequence[Request]) -> None:
    """Load the last QC decisions, and the quantities on hand that counts saw."""
    ids = {request.lot_id for request in requests if isinstance(request, DecideQc)}
    ids.update(chain(*uow.families.values()))
    ids.update(one.lot_id for one in chain(*uow.decided.values()))
    # A receipt into an empty lot can give it a new status.
    ids.update(lot.id for lot in uow.codes.values() if lot.id and not lot.on_hand)
    if ids:
        newest = (
            sa.select(decisions.c.lot_id, sa.func.max(decisions.c.decision_seq).label("seq"))
            .where(decisions.c.lot_id.in_(ids))
            .group_by(decisions.c.lot_id)
            .subquery()
        )
        rows = tx.execute(
            sa.select(decisions.c.lot_id, decisions.c.decision_seq, decisions.c.hash).join(
                newest,
                sa.and_(
                    decisions.c.lot_id == newest.c.lot_id,
                    decisions.c.decision_seq == newest.c.seq,
                ),
            )
        )
        uow.last_decisions = {row.lot_id: (row.decision_seq, row.hash) for row in rows}
    for request in requests:
        if isinstance(request, Count) and request.lot_seq is not None:
            on_hand = tx.execute(
                sa.select(ledger.c.on_hand_after).where(
                    ledger.c.lot_id == request.lot_id, ledger.c.lot_seq == request.lot_seq
                )
            ).scalar()
            if on_hand is not None:
                uow.seen[request.lot_id, request.lot_seq] = on_hand
