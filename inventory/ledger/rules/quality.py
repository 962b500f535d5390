"""Rules for QC decisions, holds, and the reservations in the lots."""

from __future__ import annotations

from inventory.common.errors import InvalidInput, NotFound, NotReversible, QcTransition
from inventory.common.messages import Message, message
from inventory.ledger.commands import KEEP, REALLOCATE, UNRESERVE, DecideQc, HoldLot, ReleaseHold
from inventory.ledger.planned import PlannedOperation
from inventory.ledger.unit_of_work import UnitOfWork
from inventory.models import Kind, QcStatus, TxnType
from inventory.stock.entities import Lot, Reservation
from inventory.stock.recall import is_hold, lots_to_hold
from inventory.stock.settlement import Settlement, Share

ALLOWED = {
    QcStatus.QUARANTINE: {QcStatus.APPROVED, QcStatus.REJECTED},
    QcStatus.APPROVED: {QcStatus.QUARANTINE, QcStatus.REJECTED},
    QcStatus.REJECTED: {QcStatus.QUARANTINE},
}


def decide_qc(uow: UnitOfWork, request: DecideQc) -> None:
    """Plan a QC decision.

    Checks, in this order: the transition, the reason. Stock in other lots is never a condition.

    Raises:
        QcTransition: the lot cannot change to this status.
        InvalidInput: the reason is missing.
        NotFound: unknown lot.
    """
    lot = uow.lot(request.lot_id)
    status = QcStatus(request.status)
    if status not in ALLOWED[QcStatus(lot.qc_status)]:
        raise QcTransition(
            _describe_transition(lot, status),
            lot_id=lot.id,
            lot_code=lot.lot_code,
            qc_status=lot.qc_status,
            allowed=sorted(ALLOWED[QcStatus(lot.qc_status)]),
        )
    first_approval = status == QcStatus.APPROVED and uow.last_decisions[request.lot_id][0] == 1
    if not request.reason and not first_approval:
        raise InvalidInput(message("Enter a reason for this decision."), field="reason")
    operation = uow.add_operation(Kind.QC, request)
    operation.shows_lot = lot
    uow.decide(operation, lot, status)
    handling = KEEP if status == QcStatus.APPROVED else request.on_reservations
    _settle(uow, operation, lot, handling)


def _describe_transition(lot: Lot, status: QcStatus) -> Message:
    if status == lot.qc_status:
        return describe_status(lot.lot_code, status)
    return message("Lot %(lot)s is rejected: it can only go back to quarantine.", lot=lot.lot_code)


def describe_status(lot_code: str, status: str) -> Message:
    """Describe the QC status that a lot has already."""
    if status == QcStatus.APPROVED:
        return message("Lot %(lot)s is already approved.", lot=lot_code)
    if status == QcStatus.REJECTED:
        return message("Lot %(lot)s is already rejected.", lot=lot_code)
    return message("Lot %(lot)s is already in quarantine.", lot=lot_code)


def _settle(uow: UnitOfWork, operation: PlannedOperation, lot: Lot, handling: str) -> None:
    """Keep, reallocate or unreserve the reservations in the lot, oldest first."""
    settlement = operation.settlement = operation.settlement or Settlement()
    for reservation in uow.reservations_in(lot) if lot.reserved else []:
        if reservation not in operation.shows:
            operation.shows.append(reservation)
        if handling == UNRESERVE:
            qty = reservation.get_or_create_line(lot).open
            uow.append_entry(operation, TxnType.UNRESERVE, lot, qty, reservation)
            settlement.unreserved.append(Share(reservation, lot, qty))
        elif handling == REALLOCATE:
            _move_up_to_stock(uow, operation, settlement, lot, reservation)
        if (rest := reservation.get_or_create_line(lot).open) and lot.hold_reason(uow.today):
            settlement.kept.append(Share(reservation, lot, rest))


def _move_up_to_stock(
    uow: UnitOfWork,
    operation: PlannedOperation,
    settlement: Settlement,
    lot: Lot,
    reservation: Reservation,
) -> None:
    """Move as much of the reservation as fits to other lots.

    The lot is on hold already, so that the allocation cannot choose it again.
    """
    taken = uow.allocate_up_to(lot.item, reservation.get_or_create_line(lot).open, "fefo")
    if taken:
        moved = sum(qty for _, qty in taken)
        uow.append_entry(operation, TxnType.UNRESERVE, lot, moved, reservation)
    for other, qty in taken:
        uow.append_entry(operation, TxnType.RESERVE, other, qty, reservation)
        settlement.moved.append(Share(reservation, other, qty))


def hold(uow: UnitOfWork, request: HoldLot) -> None:
    """Plan a recall; lots in quarantine or rejected stay as they are.

    Raises:
        QcTransition: none of the lots is approved.
        NotFound: unknown lot.
    """
    lot = uow.lot(request.lot_id)
    held = lots_to_hold(lot, [uow.lot(id) for id in uow.families[request.lot_id]])
    if not held:
        raise QcTransition(
            message(
                "Nothing to put on hold: neither %(lot)s nor any lot in stock that was split"
                " from it is approved.",
                lot=lot.lot_code,
            ),
            lot_id=lot.id,
            lot_code=lot.lot_code,
            qc_status=lot.qc_status,
            allowed=sorted(ALLOWED[QcStatus(lot.qc_status)]),
        )
    operation = uow.add_operation(Kind.QC, request, shows_decisions=True)
    operation.shows_lot = lot
    for one in held:
        uow.decide(operation, one, QcStatus.QUARANTINE)
        _settle(uow, operation, one, KEEP)


def release(uow: UnitOfWork, request: ReleaseHold) -> None:
    """Plan the end of a hold.

    Checks, in this order: whether the operation was a hold, whether each lot is still as the hold
    left it.

    Raises:
        NotFound: the operation put nothing on hold.
        NotReversible: QC decided on one of the lots after the hold.
    """
    decided = uow.decided[request.operation_id]
    if not is_hold(decided):
        raise NotFound(
            message(
                "Operation %(operation_id)s put nothing on hold.", operation_id=request.operation_id
            ),
            field="operation_id",
            operation_id=request.operation_id,
        )
    moved_on = [
        one.lot_code
        for one in decided
        if not one.is_last or uow.lot(one.lot_id).qc_status != QcStatus.QUARANTINE
    ]
    if moved_on:
        raise NotReversible(
            message(
                "This hold cannot be lifted as a whole: %(names)s had a QC decision after it."
                " Post a decision for each lot.",
                names=list(moved_on[:3]),
            ),
            operation_id=request.operation_id,
            operations=[],
            lots=moved_on,
        )
    operation = uow.add_operation(Kind.QC, request, shows_decisions=True)
    operation.shows_lot = uow.lot(decided[0].lot_id)
    for one in decided:
        uow.decide(operation, uow.lot(one.lot_id), QcStatus.APPROVED)
