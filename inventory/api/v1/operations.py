"""Endpoints of receipts, issues, returns, reversals and batches."""

from __future__ import annotations

from typing import Any

from inventory import ledger
from inventory.api import serializers
from inventory.api.auth import require_role
from inventory.api.endpoints import ApiRequest, Json, WriteResult
from inventory.api.schemas import (
    batch as schemas_batch,
)
from inventory.api.schemas import (
    operations as schemas_operations,
)
from inventory.api.schemas import (
    responses,
)
from inventory.api.v1.blueprint import v1
from inventory.common.errors import (
    IdempotencyInProgress,
    IdempotencyKeyReused,
    InvalidInput,
    Refusal,
)
from inventory.db import connection
from inventory.models import Kind
from inventory.stock import queries as stock

_FREE = ("INSUFFICIENT_STOCK", "QC_BLOCKED", "LOT_EXPIRED")
#: Operations of a batch that require a higher role than operator.
_ROLES = {"qc": "inspector"}
#: Largest number of lots in all operations of a batch.
MAX_LOTS = 10_000


@v1.write(
    "POST", "/receipts", responses.WrittenOperation, role="operator",
    body=schemas_operations.ReceiptBody,
    tag="operations", refusals=("DUPLICATE_LOT", "LOOKS_LIKE", "QC_BLOCKED", "LOT_EXPIRED"),
)  # fmt: skip
def receive(call: ApiRequest) -> WriteResult:
    """Receive goods into a new lot, or into one that exists with `addToLot`.

    A new lot of an item that requires QC starts in quarantine.
    """
    return call.post()


@v1.write(
    "POST", "/customer-returns", responses.WrittenOperation, role="operator",
    body=schemas_operations.CustomerReturnBody, tag="operations",
    refusals=("DUPLICATE_LOT", "LOOKS_LIKE", "QC_BLOCKED", "LOT_EXPIRED", "OVER_RETURN"),
)  # fmt: skip
def return_from_customer(call: ApiRequest) -> WriteResult:
    """Take goods back from a customer; a reason is needed.

    `returnOf` names the operation that issued them, `reference` the job or order that they were
    issued to. More than was issued and is not back yet is refused, unless `unmatched` says that the
    goods match no issue. They go into the lot that they came from; where it takes no more
    (inspected, rejected, expired), or with `quarantine`, into a new child lot: `lot` in the
    answer.
    """
    return call.post(**_returned_lot(call.body))


@v1.write(
    "POST", "/issues", responses.WrittenOperation, role="operator",
    body=schemas_operations.IssueBody,
    tag="operations", refusals=(*_FREE, "OVER_ISSUE"),
)  # fmt: skip
def issue(call: ApiRequest) -> WriteResult:
    """Issue goods: against a reservation, or of an item's free stock.

    A reservation keeps what is not issued of it, unless `closeRemainder` unreserves it. Free
    stock is never what is reserved.
    """
    return call.post()


@v1.write(
    "POST", "/scraps", responses.WrittenOperation, role="operator",
    body=schemas_operations.ScrapBody,
    tag="operations", refusals=("INSUFFICIENT_STOCK",),
)  # fmt: skip
def scrap(call: ApiRequest) -> WriteResult:
    """Take goods of any lot out for good; a reason is needed."""
    return call.post()


@v1.write(
    "POST", "/supplier-returns", responses.WrittenOperation, role="operator",
    body=schemas_operations.SupplierReturnBody, tag="operations", refusals=("INSUFFICIENT_STOCK",),
)  # fmt: skip
def return_to_supplier(call: ApiRequest) -> WriteResult:
    """Send goods of any lot back to where they came from; a reason is needed."""
    return call.post()


@v1.get("/operations/{id}", responses.Operation, tag="operations")
def get_operation(call: ApiRequest, id: int) -> Json:
    """Get an operation with its entries."""
    operation = stock.get_operation(connection(), id)
    received = operation.entries if operation.kind in (Kind.RECEIPT, Kind.CUSTOMER_RETURN) else ()
    lots = stock.read_lots(connection(), {entry.lot_id for entry in received})
    return serializers.operation(operation) | {"warnings": serializers.warnings(lots)}


@v1.write(
    "POST", "/operations/{id}/reversal", responses.WrittenOperation, role="operator",
    body=schemas_operations.ReversalBody, body_needed=False, tag="operations",
    refusals=("NOT_REVERSIBLE", "QC_BLOCKED", "LOT_EXPIRED"),
)  # fmt: skip
def reverse(call: ApiRequest, id: int) -> WriteResult:
    """Take an operation back by its opposite, dated now.

    Refused when it was taken back already, or when the stock was used meanwhile: the operations
    in the way are named.
    """
    return call.post(operation_id=id, own_minutes=call.own_minutes)


@v1.write(
    "POST", "/batch", responses.Results, role="operator", body=schemas_batch.Batch,
    tag="operations",
    refusals=(
        *_FREE, "OVER_ISSUE", "OVER_UNRESERVE", "DUPLICATE_LOT", "QC_TRANSITION", "STALE_LOT",
        "NOT_REVERSIBLE",
    ),
)  # fmt: skip
def batch(call: ApiRequest) -> WriteResult:
    """Do up to 1,000 operations in their order, all of them or none.

    Each has the fields of its own endpoint, and what that has in its path: `lotId`,
    `reservation` or `operation`. A refusal names the `index` of the operation it is about. QC
    decisions need the role inspector. Operators reverse their own recent operations,
    administrators all.
    """
    operations = call.body.operations
    for operation in operations:
        require_role(call.caller, _ROLES.get(operation.op, "operator"))
    if sum(len(getattr(operation, "lots", None) or ()) for operation in operations) > MAX_LOTS:
        raise InvalidInput(
            f"All operations together name at most {MAX_LOTS} lots.", field="operations"
        )
    try:
        commands = [_command(call, operation) for operation in operations]
        posting = ledger.post(commands, **call.write)
    except Refusal as refusal:
        _tell_place(refusal, only=len(operations) == 1)
        raise
    return WriteResult({"results": serializers.written(posting)}, posting.replayed)


def _command(call: ApiRequest, operation: Any) -> ledger.Request:
    more: dict[str, Any] = {}
    if operation.op == "reversal":
        more = {"own_minutes": call.own_minutes}
    elif operation.op == "customer-return":
        more = _returned_lot(operation)
    command: ledger.Request = operation.to_command(**more)
    return command


def _returned_lot(body: schemas_operations.CustomerReturnBody) -> dict[str, str]:
    """Return item and lot code if the body names the lot by its id; neither ever changes."""
    if body.lot_id is None:
        return {}
    lot = stock.get_lot(connection(), body.lot_id)
    return {"item": lot.item.code, "lot_code": lot.lot_code}


def _tell_place(refusal: Refusal, *, only: bool) -> None:
    """Add the operation's index and field path to a refusal of a batch."""
    if only and not isinstance(refusal, IdempotencyKeyReused | IdempotencyInProgress):
        refusal.figures["index"] = 0
    if "index" in refusal.figures and "field" in refusal.figures:
        name = refusal.figures["field"].removeprefix("operation_id") or "operation"
        refusal.figures["field"] = f"operations[{refusal.figures['index']}].{name}"
