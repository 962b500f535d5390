"""Rules for goods that come back from a customer."""

from __future__ import annotations

from typing import NoReturn

from inventory.common.errors import InvalidInput, NotFound, OverReturn, StateConflict
from inventory.common.messages import join_sentences, message
from inventory.common.quantity import Qty, format_qty, parse_qty
from inventory.ledger.commands import Receive
from inventory.ledger.rules.receipts import new_lot
from inventory.ledger.unit_of_work import ReturnableQty, UnitOfWork
from inventory.models import Kind, QcStatus, TxnType
from inventory.stock.entities import Item, Lot

#: Between the code of a lot and the number of its child lot for returned goods.
_SUFFIX = "-R"
_MAX_CODE = 64


def return_from_customer(uow: UnitOfWork, request: Receive) -> None:
    """Plan a customer return.

    The goods go into the lot that they came from. Where that lot takes no more (inspected, rejected
    or expired), or with `quarantine`, they go into a child lot, so that recalls and holds of the
    lot reach them.

    Checks, in this order: the reason, the item, the quantity, the lot, what went out of it.

    Raises:
        InvalidInput: no reason.
        StateConflict: archived item.
        LooksLike: the code of a new lot looks like another lot's.
        OverReturn: more than went out and is not back yet, without `unmatched`.
        NotFound: unknown item or operation; without `unmatched` also an unknown lot.
    """
    if not request.reason:
        raise InvalidInput(message("Enter a reason for the return."), field="reason")
    item = uow.item(request.item)
    qty = parse_qty(request.qty, decimals=item.decimals, unit=item.unit)
    if item.archived_at is not None:
        raise StateConflict(
            message("%(item)s is archived. It cannot be received.", item=item.code), field="item"
        )
    lot = uow.find_lot(item, request.lot_code)
    reference = request.reference
    if request.return_of is not None:
        issued_for = _issue_of(uow, request.return_of, lot)
        reference = reference or issued_for
    if not request.unmatched:
        _require_returnable(uow, item, lot, request, qty, reference)
    if lot is None:
        uow.require_distinct_code(item, request.lot_code, allow_lookalike=request.allow_lookalike)
        target = new_lot(uow, item, request)
    else:
        target = _target(uow, lot, request)
    operation = uow.add_operation(Kind.CUSTOMER_RETURN, request, reference=reference)
    operation.warnings += target.warnings(uow.today)
    operation.shows_lot = target
    if target.id is None and target.lot_seq == 0:
        from_lot = f"returned goods of {lot.lot_code}" if lot else None
        uow.add_lot(operation, target, reason=from_lot)
    uow.append_entry(operation, TxnType.RECEIVE, target, qty)


def _issue_of(uow: UnitOfWork, operation_id: int, lot: Lot | None) -> str | None:
    """Return the reference of the issue, which must have issued from the lot."""
    operation = uow.issues_returned.get(operation_id)
    if operation is None or operation.kind != Kind.ISSUE:
        raise NotFound(
            message("There is no issue number %(operation_id)s.", operation_id=operation_id),
            field="return_of",
        )
    if lot is None or all(entry.lot_id != lot.id for entry in operation.entries):
        raise NotFound(
            message(
                "Operation %(operation_id)s did not issue stock from that lot.",
                operation_id=operation_id,
            ),
            field="return_of",
            operation_id=operation_id,
        )
    return operation.reference


def _require_returnable(
    uow: UnitOfWork, item: Item, lot: Lot | None, request: Receive, qty: int, reference: str | None
) -> None:
    if lot is None or lot.id is None:
        raise NotFound(
            message(
                "There is no lot %(lot)s of %(item)s. If the returned stock matches no issue,"
                " confirm that.",
                lot=request.lot_code,
                item=item.code,
            ),
            field="lot_code",
        )
    uow.decided_by.add(lot)
    went_out = uow.read_returnable(lot.id, reference)
    returned = went_out.returned + uow.returned_in_plan(lot, reference)
    went_out = went_out._replace(returned=returned)
    possible = went_out.issued - went_out.returned
    if request.return_of is not None:
        operation = uow.issues_returned[request.return_of]
        possible = min(
            possible,
            sum(
                entry.qty
                for entry in operation.entries
                if entry.lot_id == lot.id and entry.txn_type == TxnType.ISSUE
            ),
        )
    if qty > possible:
        _raise_over_return(lot, request, qty, max(0, possible), reference, went_out)


def _raise_over_return(
    lot: Lot, request: Receive, qty: int, possible: int, reference: str | None, out: ReturnableQty
) -> NoReturn:
    unit = lot.item.unit
    figures = {
        "issued": Qty(out.issued, unit),
        "returned": Qty(out.returned, unit),
        "qty": Qty(qty, unit),
        "lot": lot.lot_code,
    }
    if reference:
        what = message(
            "%(issued)s of %(lot)s were issued for %(reference)s, %(returned)s were returned:"
            " %(qty)s cannot be returned.",
            reference=reference,
            **figures,
        )
    else:
        what = message(
            "%(issued)s of %(lot)s were issued, %(returned)s were returned: %(qty)s cannot be"
            " returned.",
            **figures,
        )
    raise OverReturn(
        join_sentences(what, message("If the returned stock matches no issue, confirm that.")),
        item=lot.item.code,
        lot_id=lot.id,
        lot_code=lot.lot_code,
        reference=reference,
        return_of=request.return_of,
        requested=format_qty(qty),
        issued=format_qty(out.issued),
        returned=format_qty(out.returned),
        returnable=format_qty(possible),
    )


def _target(uow: UnitOfWork, lot: Lot, request: Receive) -> Lot:
    """Return the lot itself if it takes more, otherwise a new child lot."""
    inspected = lot.item.qc_required and lot.qc_status != QcStatus.QUARANTINE
    closed = inspected or lot.qc_status == QcStatus.REJECTED or lot.expired(uow.today)
    if not closed and (not request.quarantine or lot.qc_status == QcStatus.QUARANTINE):
        return lot
    suspect = lot.item.qc_required or request.quarantine or lot.qc_status != QcStatus.APPROVED
    return Lot(
        id=None,
        item=lot.item,
        lot_code=_child_code(uow, lot),
        qc_status=QcStatus.QUARANTINE if suspect else QcStatus.APPROVED,
        expires_on=lot.expires_on,
        supplier_lot=lot.supplier_lot,
        location=request.location or lot.location,
        parent_lot_id=lot.id,
        received_at=uow.now,
    )


def _child_code(uow: UnitOfWork, lot: Lot) -> str:
    number = 1
    while True:
        suffix = f"{_SUFFIX}{number}"
        code = lot.lot_code[: _MAX_CODE - len(suffix)] + suffix
        if not uow.has_lot_code(lot.item, code):
            return code
        number += 1
