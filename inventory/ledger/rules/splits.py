"""Rules for splitting a lot."""

from __future__ import annotations

from inventory.common.quantity import parse_qty
from inventory.ledger import refusals
from inventory.ledger.commands import Split
from inventory.ledger.rules.receipts import _raise_duplicate
from inventory.ledger.unit_of_work import UnitOfWork
from inventory.models import Kind, TxnType
from inventory.stock.entities import Lot


def split(uow: UnitOfWork, request: Split) -> None:
    """Plan a split.

    The new lot has its parent's item, expiry, QC status and receipt date. Reserved stock stays in
    the parent.

    Raises:
        DuplicateLot: the item has a lot with this code.
        LooksLike: the code looks like another lot's.
        InsufficientStock: more than the lot has available.
        NotFound: unknown lot.
        InvalidQty: a malformed quantity.
    """
    parent = uow.lot(request.lot_id)
    qty = parse_qty(request.qty, decimals=parent.item.decimals, unit=parent.item.unit)
    if twin := uow.codes.get((parent.item.id, request.lot_code)):
        _raise_duplicate(twin)
    uow.require_distinct_code(
        parent.item, request.lot_code, allow_lookalike=request.allow_lookalike
    )
    if qty > parent.available:
        holders = uow.reservations_in(parent)
        refusals.raise_insufficient_in_lot(parent, qty, parent.available, holders, today=uow.today)
    operation = uow.add_operation(Kind.SPLIT, request)
    child = Lot(
        id=None,
        item=parent.item,
        lot_code=request.lot_code,
        qc_status=parent.qc_status,
        expires_on=parent.expires_on,
        supplier_lot=parent.supplier_lot,
        location=request.location or parent.location,
        parent_lot_id=parent.id,
        received_at=parent.received_at,
    )
    operation.shows_lot = child
    uow.add_lot(operation, child, reason=f"split from {parent.lot_code}")
    uow.append_entry(operation, TxnType.ISSUE, parent, qty)
    uow.append_entry(operation, TxnType.RECEIVE, child, qty)
