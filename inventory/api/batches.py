"""Many operations in one go: each names its kind in `op`, beside its usual fields."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from inventory.api import bodies
from inventory.api.shapes import Body, Id
from inventory.ledger import MOST_REQUESTS


class BatchReceipt(bodies.ReceiptBody):
    op: Literal["receipt"]


class BatchCustomerReturn(bodies.CustomerReturnBody):
    op: Literal["customer-return"]


class BatchReservation(bodies.ReservationBody):
    op: Literal["reservation"]


class BatchUnreserve(bodies.UnreserveBody):
    op: Literal["unreserve"]
    reservation_id: Id = Field(alias="reservation")


class BatchIssue(bodies.IssueBody):
    op: Literal["issue"]


class BatchScrap(bodies.ScrapBody):
    op: Literal["scrap"]


class BatchSupplierReturn(bodies.SupplierReturnBody):
    op: Literal["supplier-return"]


class BatchCount(bodies.CountBody):
    op: Literal["count"]
    lot_id: Id


class BatchSplit(bodies.SplitBody):
    op: Literal["split"]
    lot_id: Id


class BatchQc(bodies.QcBody):
    op: Literal["qc"]
    lot_id: Id


class BatchReversal(bodies.ReversalBody):
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


class Batch(Body):
    operations: list[BatchOperation] = Field(min_length=1, max_length=MOST_REQUESTS)
