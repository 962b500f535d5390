"""Bodies of item and lot changes."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from inventory.api.schemas.field_types import (
    Code,
    Day,
    Flag,
    ItemCode,
    QtyOrZero,
    RequestModel,
    integer,
    text,
)

Name = Annotated[str, text(200)]
Unit = Annotated[str, text(16)]
Decimals = Annotated[int, integer(0, 6)]
#: Default of fields that can be omitted but not null.
_ABSENT: Any = None


class ItemBody(RequestModel):
    code: ItemCode
    name: Name
    unit: Unit | None = Field(None, description="Default: pcs.")
    decimals: Decimals | None = Field(None, description="Decimals of its quantities; 0 by default.")
    qc_required: Flag | None = None
    reorder_point: QtyOrZero | None = None
    allow_lookalike: Flag | None = Field(
        None, description="The code may look like another item's code."
    )

    def to_fields(self) -> dict[str, Any]:
        """Return the fields that were sent and are not null."""
        return {
            name: getattr(self, name)
            for name in self.model_fields_set
            if getattr(self, name) is not None
        }


class Changes(RequestModel):
    """What shall be different; what is not named stays."""

    def to_fields(self) -> dict[str, Any]:
        """Return the fields that were sent; null clears a field."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class ItemChanges(Changes):
    name: Name = Field(_ABSENT)
    reorder_point: QtyOrZero | None = None
    archived: Flag = Field(_ABSENT)
    qc_required: Flag = Field(_ABSENT)
    code: ItemCode = Field(_ABSENT, description="Only possible before the item has a lot.")
    allow_lookalike: Flag = Field(
        _ABSENT, description="The new code may look like another item's code."
    )
    unit: Unit = Field(_ABSENT, description="Only possible before the item has a lot.")
    decimals: Decimals = Field(_ABSENT, description="Only possible before the item has a lot.")


class LotChanges(Changes):
    location: Code | None = Field(None, description="The location. A change is a move.")
    expires_on: Day | None = Field(None, description="A correction; requires the role inspector.")
    supplier_lot: Code | None = None
