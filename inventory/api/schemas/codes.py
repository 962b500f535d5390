"""Body of the request that links a barcode."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator

from inventory.api.schemas.field_types import Code, FieldType, Id, Qty, RequestModel, invalid
from inventory.barcodes import MAX_SCAN


def _check_scan(value: Any) -> str:
    """Check type and length only: scans can contain control characters (GS1)."""
    if not isinstance(value, str) or not value:
        raise invalid("Text is expected here.")
    if len(value) > MAX_SCAN:
        raise invalid(f"At most {MAX_SCAN} characters.")
    return value


Raw = Annotated[
    str, FieldType(_check_scan, {"type": "string", "minLength": 1, "maxLength": MAX_SCAN})
]


class CodeBody(RequestModel):
    """A barcode, and either the item or the lot that it identifies."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {
                    "required": ["item"],
                    "properties": {"item": {"type": "string"}, "lotId": {"type": "null"}},
                },
                {
                    "required": ["lotId"],
                    "properties": {"lotId": {"type": "integer"}, "item": {"type": "null"}},
                },
            ]
        }
    )

    code: Raw = Field(description="As scanned or printed.")
    item: Code | None = None
    lot_id: Id | None = None
    qty: Qty | None = Field(None, description="The quantity of one scan; 1 by default.")

    @model_validator(mode="after")
    def _identifies_one_target(self) -> Self:
        if (self.item is None) == (self.lot_id is None):
            raise invalid("Name either the item or the lot that it identifies.", field="item")
        return self

    def to_fields(self) -> dict[str, Any]:
        """Return the fields that were sent and are not null."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        return {name: value for name, value in given.items() if value is not None}
