"""QC decisions: who may use a lot, and what becomes of the reservations in it."""

from __future__ import annotations

from inventory.errors import InvalidInput, NotFound, NotReversible, QcTransition
from inventory.figures import Lot
from inventory.ledger import refusing
from inventory.ledger.book import Book, NewOperation
from inventory.ledger.requests import KEEP, REALLOCATE, Decide, Hold, Release
from inventory.models import Kind, QcStatus, TxnType
from inventory.recall import held_by_a_hold, is_hold

ALLOWED = {
    QcStatus.QUARANTINE: {QcStatus.APPROVED, QcStatus.REJECTED},
    QcStatus.APPROVED: {QcStatus.QUARANTINE, QcStatus.REJECTED},
    QcStatus.REJECTED: {QcStatus.QUARANTINE},
}


def decide(book: Book, request: Decide) -> None:
    """Checks, in this order: the transition, the reason, what the reservations need."""
    lot = book.lot(request.lot_id)
    status = QcStatus(request.status)
    if status not in ALLOWED[QcStatus(lot.qc_status)]:
        raise QcTransition(
            f"Lot {lot.lot_code} is {lot.qc_status.lower()}: it cannot become {status.lower()}.",
            lot_id=lot.id,
            lot_code=lot.lot_code,
            qc_status=lot.qc_status,
            allowed=sorted(ALLOWED[QcStatus(lot.qc_status)]),
        )
    first_approval = status == QcStatus.APPROVED and book.last_decisions[request.lot_id][0] == 1
    if not request.reason and not first_approval:
        raise InvalidInput("A reason is needed for this decision.", field="reason")
    operation = book.start(Kind.QC, request)
    operation.shows_lot = lot
    book.decide(operation, lot, status)
    if status == QcStatus.APPROVED or request.on_reservations == KEEP:
        operation.shows += book.holders_in(lot) if lot.reserved else []
        return
    _move_reservations(book, operation, lot, reallocate=request.on_reservations == REALLOCATE)


def _move_reservations(book: Book, operation: NewOperation, lot: Lot, *, reallocate: bool) -> None:
    """Empty the lot of reservations, oldest first; all of them find a place or nothing is done."""
    for reservation in book.holders_in(lot):
        operation.shows.append(reservation)
        qty = reservation.line_in(lot).open
        taken: list[tuple[Lot, int]] | None = []
        if reallocate:
            taken = book.allocate(lot.item, qty, "fefo")
            if taken is None:
                lots = book.stocked.get(lot.item.id, [])
                raise refusing.too_little_of_item(
                    lot.item, qty, lots, [reservation], today=book.today
                )
        book.append(operation, TxnType.UNRESERVE, lot, qty, reservation)
        for other, part in taken or []:
            book.append(operation, TxnType.RESERVE, other, part, reservation)


def hold(book: Book, request: Hold) -> None:
    """A recall. What is in quarantine or rejected already stays as it is."""
    lot = book.lot(request.lot_id)
    held = held_by_a_hold(lot, [book.lot(id) for id in book.families[request.lot_id]])
    if not held:
        raise QcTransition(
            f"Nothing to put on hold: neither {lot.lot_code} nor anything left of what was split"
            " off it is approved.",
            lot_id=lot.id,
            lot_code=lot.lot_code,
            qc_status=lot.qc_status,
            allowed=sorted(ALLOWED[QcStatus(lot.qc_status)]),
        )
    operation = book.start(Kind.QC, request)
    operation.shows_lot = lot
    for one in held:
        book.decide(operation, one, QcStatus.QUARANTINE)
        operation.shows += book.holders_in(one) if one.reserved else []


def release(book: Book, request: Release) -> None:
    """Checks, in this order: whether it was a hold, and whether each lot still is as it left it."""
    decided = book.decided[request.operation_id]
    if not is_hold(decided):
        raise NotFound(
            f"Operation {request.operation_id} put nothing on hold.",
            field="operation_id",
            operation_id=request.operation_id,
        )
    moved_on = [
        one.lot_code
        for one in decided
        if not one.is_last or book.lot(one.lot_id).qc_status != QcStatus.QUARANTINE
    ]
    if moved_on:
        raise NotReversible(
            f"QC has decided on {', '.join(moved_on[:3])} since: this hold cannot be ended as one."
            " Decide on each lot.",
            operation_id=request.operation_id,
            operations=[],
            lots=moved_on,
        )
    operation = book.start(Kind.QC, request)
    operation.shows_lot = book.lot(decided[0].lot_id)
    for one in decided:
        book.decide(operation, book.lot(one.lot_id), QcStatus.APPROVED)
