"""Bodies of write requests, and the ledger commands that they become."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from inventory import ledger
from inventory.api.schemas.field_types import (
    Code,
    Day,
    Flag,
    Id,
    Note,
    Qty,
    QtyOrZero,
    Reason,
    Reference,
    RequestModel,
    Timestamp,
    invalid,
)
from inventory.api.schemas.responses import QC
from inventory.common.errors import InvalidQty
from inventory.models import Kind

Strategy = Literal["fefo", "fifo"]

_SAY_HOW_MUCH: Any = {
    "anyOf": [
        {"required": ["qty"], "properties": {"qty": {"type": ["string", "number"]}}},
        {"required": ["lots"], "properties": {"lots": {"type": "array"}}},
    ]
}


_NAME_ONE_LOT: Any = {
    "oneOf": [
        {
            "required": ["lotId"],
            "properties": {
                "lotId": {"type": "integer"},
                "item": {"type": "null"},
                "lotCode": {"type": "null"},
            },
        },
        {
            "required": ["item", "lotCode"],
            "properties": {
                "item": {"type": "string"},
                "lotCode": {"type": "string"},
                "lotId": {"type": "null"},
            },
        },
    ]
}


class Write(RequestModel):
    """The body of one operation."""

    verb: ClassVar[type[Any]]
    fixed: ClassVar[dict[str, Any]] = {}
    not_in_command: ClassVar[set[str]] = {"op"}

    def to_command(self, **path_params: Any) -> ledger.Request:
        """Return the ledger command; `path_params` are ids of the path.

        Null is the same as a missing field.
        """
        fields = {name: getattr(self, name) for name in self.model_fields_set - self.not_in_command}
        request: ledger.Request = self.verb(
            **{name: _plain(value) for name, value in fields.items() if value is not None},
            **self.fixed,
            **path_params,
        )
        return request


def _plain(value: Any) -> Any:
    return [part.to_command_part() for part in value] if isinstance(value, list) else value


class LotPart(RequestModel):
    """So much of one lot."""

    lot_id: Id
    qty: Qty

    def to_command_part(self) -> ledger.LotQuantity:
        """Return the quantity of a lot for the ledger."""
        return ledger.LotQuantity(lot_id=self.lot_id, qty=self.qty)


class ReservationPart(RequestModel):
    """So much of one reservation."""

    reservation_id: Id
    qty: Qty

    def to_command_part(self) -> ledger.ReservationQuantity:
        """Return the quantity of a reservation for the ledger."""
        return ledger.ReservationQuantity(reservation_id=self.reservation_id, qty=self.qty)


LotParts = Annotated[list[LotPart], Field(min_length=1, max_length=1000)]
Cuts = Annotated[list[ReservationPart], Field(min_length=1, max_length=1000)]


def _require_qty_or_lots(body: ReservationBody | IssueBody) -> None:
    if body.qty is None and body.lots is None:
        raise invalid("Name a qty or lots.", code=InvalidQty.code, field="qty")


_LOOKALIKE = "The code of the new lot may look like another lot's code."


class ReceiptBody(Write):
    verb = ledger.Receive

    item: Code
    lot_code: Code
    qty: Qty
    expires_on: Day | None = None
    supplier_lot: Code | None = None
    location: Code | None = None
    add_to_lot: Flag | None = Field(
        None, description="Add to the existing lot; by default the lot must be new."
    )
    reference: Reference | None = None
    note: Note | None = None
    occurred_at: Timestamp | None = Field(None, description="When it happened; information only.")
    allow_lookalike: Flag | None = Field(None, description=_LOOKALIKE)


class CustomerReturnBody(ReceiptBody):
    model_config = ConfigDict(json_schema_extra=_NAME_ONE_LOT)
    fixed: ClassVar[dict[str, Any]] = {"kind": Kind.CUSTOMER_RETURN}
    not_in_command: ClassVar[set[str]] = {"op", "lot_id"}

    item: Code | None = Field(None, description="With `lotCode`, or use `lotId`.")  # type: ignore[assignment]
    lot_code: Code | None = Field(None, description="The lot that the goods came from.")  # type: ignore[assignment]
    lot_id: Id | None = Field(None, description="The lot, instead of `item` and `lotCode`.")
    return_of: Id | None = Field(None, description="The operation that issued the goods.")
    unmatched: Flag | None = Field(None, description="The goods match no issue.")
    quarantine: Flag | None = Field(None, description="The goods go into quarantine.")
    add_to_lot: Flag | None = Field(None, description="Has no effect on a customer return.")
    reason: Reason

    @model_validator(mode="after")
    def _name_one_lot(self) -> CustomerReturnBody:
        named = [self.item is not None, self.lot_code is not None]
        if any(named) if self.lot_id is not None else not all(named):
            raise invalid("Name either lotId, or item and lotCode.", field="lotId")
        return self


class ReservationBody(Write):
    model_config = ConfigDict(json_schema_extra=_SAY_HOW_MUCH)
    verb = ledger.Reserve

    item: Code
    qty: Qty | None = None
    reference: Reference
    lots: LotParts | None = None
    strategy: Strategy | None = Field(None, description="The order of lots if none are named.")
    expires_at: Timestamp | None = Field(
        None, description="When the reservation ends. What is open then is unreserved."
    )
    note: Note | None = None

    def to_command(self, **path_params: Any) -> ledger.Request:
        """Return the ledger command, with a quantity even if only lots were named."""
        return super().to_command(
            **{"qty": None, **path_params} if self.qty is None else path_params
        )

    @model_validator(mode="after")
    def _requires_qty_or_lots(self) -> Self:
        _require_qty_or_lots(self)
        return self


class UnreserveBody(Write):
    verb = ledger.Unreserve

    qty: Qty | None = Field(None, description="Default: the whole open quantity.")
    lots: LotParts | None = None
    reason: Reason | None = None
    note: Note | None = None


class IssueBody(Write):
    """Against a reservation, or free: an item."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {
                    "required": ["reservation"],
                    "properties": {"reservation": {"type": "integer"}, "item": {"type": "null"}},
                },
                {
                    "required": ["item"],
                    "properties": {
                        "item": {"type": "string"},
                        "reservation": {"type": "null"},
                        "closeRemainder": {"enum": [False, None]},
                    },
                    **_SAY_HOW_MUCH,
                },
            ]
        }
    )
    verb = ledger.Issue

    reservation_id: Id | None = Field(None, alias="reservation")
    item: Code | None = None
    qty: Qty | None = Field(None, description="Default for a reservation: its whole open quantity.")
    lots: LotParts | None = None
    strategy: Strategy | None = None
    close_remainder: Flag | None = Field(
        None, description="Unreserve what this leaves open of the reservation."
    )
    reference: Reference | None = None
    reason: Reason | None = None
    note: Note | None = None
    occurred_at: Timestamp | None = None

    @model_validator(mode="after")
    def _requires_one_form(self) -> Self:
        if (self.reservation_id is None) == (self.item is None):
            field = "reservation" if self.item is None else "item"
            raise invalid("Name either the reservation or the item to issue.", field=field)
        if self.item is not None and self.close_remainder:
            raise invalid(
                "Only an issue against a reservation can close its remainder.",
                field="closeRemainder",
            )
        if self.item is not None:
            _require_qty_or_lots(self)
        return self


class ScrapBody(Write):
    verb = ledger.RemoveStock
    fixed: ClassVar[dict[str, Any]] = {"kind": Kind.SCRAP}

    lot_id: Id
    qty: Qty
    reason: Reason
    reference: Reference | None = None
    note: Note | None = None
    occurred_at: Timestamp | None = None


class SupplierReturnBody(ScrapBody):
    fixed: ClassVar[dict[str, Any]] = {"kind": Kind.SUPPLIER_RETURN}


class CountBody(Write):
    verb = ledger.Count

    counted: QtyOrZero
    lot_seq: Id | None = Field(None, description="The lot's lotSeq when it was counted.")
    resolution: Literal["keep_counted", "keep_difference"] | None = Field(
        None, description="What to post if the lot changed since."
    )
    unreserve: Cuts | None = Field(None, description="The reservations to reduce.")
    reason: Reason | None = None
    note: Note | None = None


class SplitBody(Write):
    verb = ledger.Split

    qty: Qty
    lot_code: Code
    location: Code | None = None
    reason: Reason | None = None
    note: Note | None = None
    allow_lookalike: Flag | None = Field(None, description=_LOOKALIKE)


class QcBody(Write):
    verb = ledger.DecideQc

    status: QC
    reason: Reason | None = None
    on_reservations: Literal["keep", "reallocate", "unreserve"] | None = None
    note: Note | None = None


class ReversalBody(Write):
    verb = ledger.Reverse

    reason: Reason | None = None
    note: Note | None = None


class HoldBody(Write):
    verb = ledger.HoldLot

    reason: Reason
    reference: Reference | None = None
    note: Note | None = None


class LiftHoldBody(Write):
    verb = ledger.ReleaseHold

    reason: Reason
    note: Note | None = None
