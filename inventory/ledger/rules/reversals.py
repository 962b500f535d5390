"""Rules for reversals: the opposite entries, dated now; nothing is deleted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NoReturn

from inventory.common.errors import Forbidden, NotReversible
from inventory.common.messages import Message, join_sentences, message, plural_message
from inventory.common.quantity import Qty, format_qty
from inventory.ledger import refusals
from inventory.ledger.commands import Reverse
from inventory.ledger.rules.reservations import line_of
from inventory.ledger.unit_of_work import ReversalTarget, UnitOfWork
from inventory.models import Kind, TxnType
from inventory.stock.entities import Entry, Lot, Operation

OPPOSITE = {
    TxnType.RECEIVE: TxnType.ISSUE,
    TxnType.ISSUE: TxnType.RECEIVE,
    TxnType.RESERVE: TxnType.UNRESERVE,
    TxnType.UNRESERVE: TxnType.RESERVE,
}


def reverse(uow: UnitOfWork, request: Reverse) -> None:
    """Plan the opposite entries of an operation, last one first.

    Checks, in this order: whether the operation was reversed already or is a QC decision, then for
    each entry whether its lot is usable and the stock is still there.

    A reversed issue returns stock to the lot and the reservation that it came from, whatever the
    lot's status is now. A reversed unreserve alone does not reserve a lot on hold again.

    Raises:
        NotReversible: reversed already, a QC decision, or the stock is no longer there.
        QcBlocked, LotExpired: a lot to reserve again is on hold.
        Forbidden: not the user's own, or posted too long ago.
        NotFound: unknown operation.
    """
    past = uow.past_operation(request.operation_id)
    operation = past.operation
    if request.own_minutes is not None:
        _require_own(uow, operation, timedelta(minutes=request.own_minutes))
    if past.reversed_by is not None:
        raise NotReversible(
            message(
                "Operation %(id)s was already reversed by operation %(reversed_by)s.",
                id=operation.id,
                reversed_by=past.reversed_by,
            ),
            operation_id=operation.id,
            operations=[{"operation_id": past.reversed_by, "kind": str(Kind.REVERSAL)}],
        )
    if operation.kind == Kind.QC:
        raise NotReversible(
            message("A QC decision cannot be reversed. Post a new decision."),
            operation_id=operation.id,
            operations=[],
        )
    _require_possible(uow, past)
    _require_returns_covered(uow, past)
    plan = uow.add_operation(
        Kind.REVERSAL, request, reference=operation.reference, reverses_id=operation.id
    )
    for entry in reversed(operation.entries):
        reservation = None
        if entry.reservation_id is not None:
            reservation = uow.reservation(entry.reservation_id)
            if reservation not in plan.shows:
                plan.shows.append(reservation)
        txn_type = OPPOSITE[TxnType(entry.txn_type)]
        uow.append_entry(plan, txn_type, uow.lot(entry.lot_id), entry.qty, reservation)


def _require_own(uow: UnitOfWork, operation: Operation, limit: timedelta) -> None:
    if operation.user_id != uow.user_id:
        raise Forbidden(
            message(
                "%(user_name)s posted operation %(id)s: only administrators can reverse what"
                " others posted.",
                user_name=operation.user_name,
                id=operation.id,
            ),
            operation_id=operation.id,
        )
    if uow.now - operation.recorded_at > limit:
        minutes = int(limit.total_seconds() // 60)
        raise Forbidden(
            message(
                "Operation %(id)s was posted more than %(minutes)s minutes ago: only"
                " administrators can reverse it now.",
                id=operation.id,
                minutes=minutes,
            ),
            operation_id=operation.id,
            minutes=minutes,
        )


#: How much of each figure the reversal of an entry needs, by sign. "available" is a figure of the
#: lot; "open" and "issued" are figures of the reservation in that lot.
_TAKES = {
    TxnType.RECEIVE: {"available": 1, "issued": -1},
    TxnType.ISSUE: {"available": -1, "issued": 1},
    TxnType.RESERVE: {"available": -1, "open": 1},
    TxnType.UNRESERVE: {"available": 1, "open": -1},
}
_Figure = tuple[int, int | None, str]


def _describe_missing(figure: str, values: dict[str, Any]) -> Message:
    if figure == "available":
        return message(
            "The reversal needs %(needed)s of %(lot)s, but only %(there)s are available now.",
            **values,
        )
    if figure == "open":
        return message(
            "The reversal needs %(needed)s of %(lot)s, but only %(there)s are open now.", **values
        )
    return message(
        "The reversal needs %(needed)s of %(lot)s, but only %(there)s are issued now.", **values
    )


def _require_possible(uow: UnitOfWork, past: ReversalTarget) -> None:
    """Check all entries before any is planned.

    A refusal then has the current figures and all that would be needed of each.
    """
    entries = past.operation.entries[::-1]
    needed = _needed(entries)
    returned: set[int] = set()
    for entry in entries:
        lot = uow.lot(entry.lot_id)
        if entry.txn_type == TxnType.UNRESERVE and entry.lot_id not in returned:
            refusals.require_usable(lot, uow.today)
        if entry.txn_type == TxnType.ISSUE:
            returned.add(entry.lot_id)
        for figure in _figures_of(entry):
            there = _there(uow, lot, figure)
            if needed[figure] > there:
                _raise_not_reversible(past, lot, needed[figure], there, figure[2])


def _require_returns_covered(uow: UnitOfWork, past: ReversalTarget) -> None:
    """Refuse to reverse an issue of which goods were returned, or to repeat such a return.

    Returns before an issue cannot be of its goods.
    """
    is_issue = past.root.kind == Kind.ISSUE and past.depth % 2 == 0
    is_return = past.root.kind == Kind.CUSTOMER_RETURN and past.depth % 2 == 1
    if not is_issue and not is_return:
        return
    quantities: Counter[Lot] = Counter()
    for entry in past.root.entries:
        lot = uow.lot(entry.lot_id)
        if is_return and entry.lot_seq == 1 and lot.parent_lot_id is not None:
            lot = uow.lot(lot.parent_lot_id)
        if is_return or entry.txn_type == TxnType.ISSUE:
            quantities[lot] += entry.qty
    for lot, qty in quantities.items():
        uow.decided_by.add(lot)
        in_plan = uow.returned_in_plan(lot, None)
        later = (one["operation_id"] > past.root.id for one in uow.read_returns(lot.id or 0))
        if is_issue and not in_plan and not any(later):
            continue
        for reference in dict.fromkeys((None, past.root.reference)):
            out = uow.read_returnable(lot.id or 0, reference)
            returned = out.returned + uow.returned_in_plan(lot, reference)
            issued_then = out.issued - qty * is_issue
            returned_then = returned + qty * is_return
            if max(0, returned_then - issued_then) > max(0, returned - out.issued):
                _raise_returned(uow, past, lot, out.issued, returned)


def _raise_returned(
    uow: UnitOfWork, past: ReversalTarget, lot: Lot, issued: int, returned: int
) -> NoReturn:
    returns = uow.read_returns(lot.id or 0)
    unit = lot.item.unit
    raise NotReversible(
        join_sentences(
            message(
                "%(issued)s of %(lot)s were issued and %(returned)s were returned: after this"
                " reversal more would be returned than issued.",
                issued=Qty(issued, unit),
                lot=lot.lot_code,
                returned=Qty(returned, unit),
            ),
            _what_to_reverse_first(returns),
        ),
        operation_id=past.operation.id,
        lot_id=lot.id,
        lot_code=lot.lot_code,
        issued=format_qty(issued),
        returned=format_qty(returned),
        operations=returns,
    )


def _what_to_reverse_first(operations: Sequence[dict[str, Any]]) -> str:
    ids = [one["operation_id"] for one in operations[:3]]
    if not ids:
        return ""
    return plural_message(
        "Reverse operation %(ids)s first.", "Reverse operations %(ids)s first.", len(ids), ids=ids
    )


def _needed(entries: Sequence[Entry]) -> dict[_Figure, int]:
    """Return the most that reversing the entries in order needs of each figure."""
    taken: Counter[_Figure] = Counter()
    most: Counter[_Figure] = Counter()
    for entry in entries:
        for figure, sign in _figures_of(entry).items():
            taken[figure] += sign * entry.qty
            most[figure] = max(most[figure], taken[figure])
    return most


def _figures_of(entry: Entry) -> dict[_Figure, int]:
    return {
        (entry.lot_id, None if name == "available" else entry.reservation_id, name): sign
        for name, sign in _TAKES[TxnType(entry.txn_type)].items()
        if name == "available" or entry.reservation_id is not None
    }


def _there(uow: UnitOfWork, lot: Lot, figure: _Figure) -> int:
    _, reservation_id, name = figure
    if reservation_id is None:
        return lot.available
    line = line_of(uow.reservation(reservation_id), lot)
    return line.open if name == "open" else line.issued


def _raise_not_reversible(
    past: ReversalTarget, lot: Lot, needed: int, there: int, figure: str
) -> NoReturn:
    later = past.later(lot.id or 0)
    figures = {
        "needed": Qty(needed, lot.item.unit),
        "lot": lot.lot_code,
        "there": Qty(there, lot.item.unit),
    }
    raise NotReversible(
        join_sentences(_describe_missing(figure, figures), _what_to_reverse_first(later)),
        operation_id=past.operation.id,
        lot_id=lot.id,
        lot_code=lot.lot_code,
        requested=format_qty(needed),
        available=format_qty(there),
        operations=later,
    )
