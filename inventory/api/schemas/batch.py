"""Batch bodies: each operation names its kind in `op`, beside its usual fields."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from inventory.api.schemas import operations as schemas_operations
from inventory.api.schemas.field_types import Id, RequestModel
from inventory.ledger import MAX_COMMANDS


class BatchReceipt(schemas_operations.ReceiptBody):
    op: Literal["receipt"]


class BatchCustomerReturn(schemas_operations.CustomerReturnBody):
    op: Literal["customer-return"]


class BatchReservation(schemas_operations.ReservationBody):
    op: Literal["reservation"]


class BatchUnreserve(schemas_operations.UnreserveBody):
    op: Literal["unreserve"]
    reservation_id: Id = Field(alias="reservation")


class BatchIssue(schemas_operations.IssueBody):
    op: Literal["issue"]


class BatchScrap(schemas_operations.ScrapBody):
    op: Literal["scrap"]


class BatchSupplierReturn(schemas_operations.SupplierReturnBody):
    op: Literal["supplier-return"]


class BatchCount(schemas_operations.CountBody):
    op: Literal["count"]
    lot_id: Id


class BatchSplit(schemas_operations.SplitBody):
    op: Literal["split"]
    lot_id: Id


class BatchQc(schemas_operations.QcBody):
    op: Literal["qc"]
    lot_id: Id


class BatchReversal(schemas_operations.ReversalBody):
    op: Literal["reversal"]
    operation_id: Id = Field(alias="operation")


BatchOperation = Annotated[
    BatchReceipt
    | BatchCustomerReturn
    | BatchReservation
    | BatchUnreserve
    | BatchIssue
    | BatchScrap
    | BatchSupplierReturn
    | BatchCount
    | BatchSplit
    | BatchQc
    | BatchReversal,
    Field(discriminator="op"),
]


class Batch(RequestModel):
    operations: list[BatchOperation] = Field(min_length=1, max_length=MAX_COMMANDS)
