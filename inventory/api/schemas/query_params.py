"""Query parameters of the list endpoints."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from inventory.api.schemas.codes import Raw
from inventory.api.schemas.field_types import (
    Code,
    Day,
    FieldType,
    FlagInQuery,
    IdInQuery,
    Limit,
    Reference,
    RequestModel,
    Timestamp,
    invalid,
    text,
)
from inventory.api.schemas.responses import QC, TxnType


def _check_cursor(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise invalid("This is not a cursor. Use the nextCursor of the previous page.")
    return value


Cursor = Annotated[str, FieldType(_check_cursor, {"type": "string", "minLength": 1})]


#: What the scanner sends for FNC1.
Separator = Annotated[str, text(10)]


class PageQuery(RequestModel):
    limit: Limit | None = Field(None, description="How many rows; 50 by default.")
    cursor: Cursor | None = Field(None, description="The nextCursor of the previous page.")

    def filters(self) -> dict[str, Any]:
        """Return the filters that were sent, as arguments of the core's lists."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class Items(PageQuery):
    q: Reference | None = Field(None, description="Part of the code or the name.")
    low_stock: FlagInQuery | None = Field(
        None, description="Whether the free quantity is at or below the reorder point."
    )
    archived: FlagInQuery | None = None


class Lots(PageQuery):
    item: Code | None = None
    qc_status: QC | None = None
    q: Reference | None = Field(None, description="Part of the lot code or supplier lot.")
    expiring_before: Day | None = Field(
        None, description="Lots that expire before that day, soonest first."
    )
    with_stock: FlagInQuery | None = Field(None, description="Whether the lot has stock on hand.")


class Reservations(PageQuery):
    item: Code | None = None
    reference: Reference | None = None
    open: FlagInQuery | None = Field(
        None, description="Whether the reservation has an open quantity."
    )
    at_risk: FlagInQuery | None = Field(None, description="Whether some of it is in a lot on hold.")
    q: Reference | None = Field(None, description="Part of the reference.")


class Entries(PageQuery):
    item: Code | None = None
    lot: IdInQuery | None = None
    reservation: IdInQuery | None = None
    type: TxnType | None = None
    reference: Reference | None = None
    user: Reference | None = Field(None, description="The user's name.")
    since: Timestamp | None = Field(None, alias="from", description="Posted at or after this time.")
    until: Timestamp | None = Field(None, alias="to", description="Posted before this time.")


class Codes(PageQuery):
    item: Code | None = None
    lot: IdInQuery | None = None
    q: Reference | None = Field(None, description="Part of the code.")


class Scan(RequestModel):
    raw: Raw = Field(description="The text from the scanner, with its symbology identifier if any.")
    separator: Separator | None = Field(
        None, description="What the scanner sends for FNC1, besides GS and its usual names."
    )


class AsOf(RequestModel):
    as_of: Timestamp | None = Field(
        None, description="Quantities and QC status at that time. Other fields are current."
    )
