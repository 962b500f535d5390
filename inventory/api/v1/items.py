"""Endpoints of items and their stock."""

from __future__ import annotations

from datetime import datetime

from inventory import catalog, queries
from inventory.api import serializers
from inventory.api.endpoints import ApiRequest, Json, WriteResult
from inventory.api.schemas import query_params, responses
from inventory.api.schemas.items import ItemBody, ItemChanges
from inventory.api.v1.blueprint import v1
from inventory.common import clock, validation
from inventory.db import connection
from inventory.http.json_codec import to_camel_case
from inventory.stock import entities
from inventory.stock import queries as stock


@v1.write(
    "POST", "/items", responses.Item, role="admin", body=ItemBody, tag="items",
    refusals=("DUPLICATE_ITEM", "LOOKS_LIKE"),
)  # fmt: skip
def create_item(call: ApiRequest) -> WriteResult:
    """Add a new item."""
    record, replayed = catalog.create_item(**call.body.to_fields(), **call.write)
    return WriteResult(to_camel_case(record), replayed)


@v1.get("/items", responses.ItemPage, query=query_params.Items, tag="items")
def list_items(call: ApiRequest) -> Json:
    """List items by code, with their stock."""
    found = queries.list_items(connection(), **call.query.filters())
    return serializers.page(found, serializers.stocked_item)


@v1.get("/items/{code}", responses.StockedItem, tag="items")
def get_item(call: ApiRequest, code: str) -> Json:
    """Get an item with its stock."""
    item = stock.get_item(connection(), validation.validate_code(code, field="code"))
    return serializers.stocked_item(queries.stocked_items(connection(), [item.id])[0])


@v1.write(
    "PATCH", "/items/{code}", responses.Item, role="admin", body=ItemChanges, tag="items",
    status=200,
    refusals=("DUPLICATE_ITEM", "LOOKS_LIKE"),
)  # fmt: skip
def change_item(call: ApiRequest, code: str) -> WriteResult:
    """Change an item, archive it, or bring it back.

    Its code, unit and decimals stay once something was received of it.
    """
    code = validation.validate_code(code, field="code")
    record, replayed = catalog.update_item(item=code, **call.body.to_fields(), **call.write)
    return WriteResult(to_camel_case(record), replayed)


@v1.get("/items/{code}/stock", responses.ItemStock, query=query_params.AsOf, tag="items")
def get_stock(call: ApiRequest, code: str) -> Json:
    """Get the stock of an item, lot by lot, now or as of a moment.

    A moment to come is taken for now: `asOf` in the answer tells which it is.
    """
    item = stock.get_item(connection(), validation.validate_code(code, field="code"))
    now = clock.now()
    asked: datetime | None = call.query.as_of
    at = asked if asked is not None and asked < now else None
    found = stock.get_lots_of_items(connection(), [item.id], at=at)
    day = (at or now).astimezone(clock.zone()).date()
    return {
        "item": item.code,
        "asOf": entities.format_utc(at or now),
        **serializers.stock(entities.totals(found, day)),
        "lots": [serializers.lot(lot, day) for lot in found],
        "warnings": serializers.warnings([lot for lot in found if lot.on_hand], day),
    }
