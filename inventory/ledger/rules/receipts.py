"""Rules for receiving stock."""

from __future__ import annotations

from typing import Any, NoReturn

from inventory.common.errors import (
    DuplicateLot,
    InvalidInput,
    LotExpired,
    NotFound,
    QcBlocked,
    QtyConflict,
    StateConflict,
    TooManyDecimals,
)
from inventory.common.messages import Message, message
from inventory.common.quantity import parse_qty
from inventory.ledger.commands import Receive
from inventory.ledger.unit_of_work import UnitOfWork
from inventory.models import Kind, QcStatus, TxnType
from inventory.stock.entities import Item, Lot


def receive(uow: UnitOfWork, request: Receive) -> None:
    """Plan a receipt.

    A lot of which every operation was reversed is as if new. Checks, in this order: the item, the
    quantity, the lot, what its QC status allows.

    Raises:
        InvalidInput: wrong `kind`.
        StateConflict: archived item, or a field that contradicts the lot.
        DuplicateLot: the lot exists and `add_to_lot` is not set.
        LooksLike: the code of a new lot looks like another lot's.
        QcBlocked, LotExpired: nothing can be added to the lot.
        NotFound: unknown item, or no such lot to add to.
    """
    if request.kind not in (Kind.RECEIPT, Kind.IMPORT):
        raise InvalidInput(
            message("A receipt or a customer return is expected here."), field="kind"
        )
    item = uow.item(request.item)
    qty = _parse_qty(uow, item, request)
    if item.archived_at is not None:
        raise StateConflict(
            message("%(item)s is archived. It cannot be received.", item=item.code), field="item"
        )
    code = request.lot_code
    lot = uow.find_lot(item, code) if request.add_to_lot else uow.codes.get((item.id, code))
    renewed = False
    if lot is None:
        if request.add_to_lot:
            raise NotFound(
                message(
                    "There is no lot %(code)s of %(item)s to add to.", code=code, item=item.code
                ),
                field="lot_code",
            )
        uow.require_distinct_code(item, code, allow_lookalike=request.allow_lookalike)
        lot = new_lot(uow, item, request)
    elif renewed := uow.is_void(lot):
        pass
    elif not request.add_to_lot:
        _raise_duplicate(lot)
    else:
        _require_open_to_more(uow, lot, request)
    operation = uow.add_operation(request.kind, request)
    if renewed:
        uow.renew(operation, lot, new_lot(uow, item, request))
    operation.warnings += lot.warnings(uow.today)
    if lot.id is None and lot.lot_seq == 0:
        uow.add_lot(operation, lot)
    uow.append_entry(operation, TxnType.RECEIVE, lot, qty)


def _parse_qty(uow: UnitOfWork, item: Item, request: Receive) -> int:
    """Return the quantity; its refusal is stored as long as the item's decimals can change."""
    try:
        return parse_qty(request.qty, decimals=item.decimals, unit=item.unit)
    except TooManyDecimals as refusal:
        if uow.read_is_used(item.id):
            raise
        raise QtyConflict(refusal.detail, **refusal.figures) from None


def new_lot(uow: UnitOfWork, item: Item, request: Receive) -> Lot:
    """Return a new lot; in quarantine if the item requires QC or the command says so."""
    in_quarantine = item.qc_required or request.quarantine
    return Lot(
        id=None,
        item=item,
        lot_code=request.lot_code,
        qc_status=QcStatus.QUARANTINE if in_quarantine else QcStatus.APPROVED,
        expires_on=request.expires_on,
        supplier_lot=request.supplier_lot,
        location=request.location,
        parent_lot_id=None,
        received_at=uow.now,
    )


def _raise_duplicate(lot: Lot) -> NoReturn:
    raise DuplicateLot(
        message(
            "Lot %(lot)s of %(item)s already exists. Add to that lot, or enter another lot number.",
            lot=lot.lot_code,
            item=lot.item.code,
        ),
        lot_id=lot.id,
        lot_code=lot.lot_code,
        qc_status=lot.qc_status,
        item=lot.item.code,
    )


def _require_open_to_more(uow: UnitOfWork, lot: Lot, request: Receive) -> None:
    fields = {"lot_id": lot.id, "lot_code": lot.lot_code, "qc_status": lot.qc_status}
    if lot.item.qc_required and lot.qc_status != QcStatus.QUARANTINE:
        raise QcBlocked(
            message(
                "Lot %(lot)s has been inspected: uninspected goods cannot be added to it. Receive"
                " them as a new lot.",
                lot=lot.lot_code,
            ),
            **fields,
        )
    if lot.qc_status == QcStatus.REJECTED:
        raise QcBlocked(
            message("Lot %(lot)s is rejected: nothing can be added to it.", lot=lot.lot_code),
            **fields,
        )
    if lot.expired(uow.today):
        raise LotExpired(
            message(
                "Lot %(lot)s expired on %(expires_on)s: nothing can be added to it.",
                lot=lot.lot_code,
                expires_on=lot.expires_on,
            ),
            **fields,
        )
    for name in ("expires_on", "supplier_lot", "location"):
        said, known = getattr(request, name), getattr(lot, name)
        if said is not None and said != known:
            raise StateConflict(describe_difference(name, lot.lot_code, known, said), field=name)


def describe_difference(name: str, lot_code: str, known: Any, said: Any) -> Message:
    """Describe that a lot has another expiry date, supplier lot or location than a receipt."""
    if name == "expires_on":
        if known is None:
            return message(
                "Lot %(lot)s is stored without an expiry date, not with %(said)s.",
                lot=lot_code,
                said=said,
            )
        return message(
            "Lot %(lot)s expires on %(known)s, not on %(said)s.",
            lot=lot_code,
            known=known,
            said=said,
        )
    figures = {"lot": lot_code, "known": known or "–", "said": said}
    if name == "supplier_lot":
        return message(
            "Lot %(lot)s has the supplier's lot number %(known)s, not %(said)s.", **figures
        )
    return message("Lot %(lot)s has the location %(known)s, not %(said)s.", **figures)
