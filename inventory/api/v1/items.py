"""Items, and what there is of them."""

from __future__ import annotations

from datetime import datetime

from inventory import catalog, clock, figures, listing, stock, text
from inventory.api import answers, queries, schemas
from inventory.api.endpoints import Answered, Call, Json
from inventory.api.item_bodies import ItemBody, ItemChanges
from inventory.api.v1.routes import v1
from inventory.db import connection
from inventory.http_json import camel


@v1.write(
    "POST", "/items", schemas.Item, role="admin", body=ItemBody, tag="items",
    refusals=("DUPLICATE_ITEM",),
)  # fmt: skip
def create_item(call: Call) -> Answered:
    """Add a new item."""
    record, replayed = catalog.create_item(**call.body.facts(), **call.write)
    return Answered(camel(record), replayed)


@v1.get("/items", schemas.ItemPage, query=queries.Items, tag="items")
def list_items(call: Call) -> Json:
    """List items by code, with their stock."""
    found = listing.list_items(connection(), **call.query.filters())
    return answers.page(found, answers.stocked_item)


@v1.get("/items/{code}", schemas.StockedItem, tag="items")
def get_item(call: Call, code: str) -> Json:
    """Get an item with its stock."""
    item = stock.get_item(connection(), text.clean_code(code, field="code"))
    return answers.stocked_item(listing.stocked_items(connection(), [item.id])[0])


@v1.write(
    "PATCH", "/items/{code}", schemas.Item, role="admin", body=ItemChanges, tag="items", status=200,
    refusals=("DUPLICATE_ITEM",),
)  # fmt: skip
def change_item(call: Call, code: str) -> Answered:
    """Change an item, archive it, or bring it back.

    Its code, unit and decimals stay once something was received of it.
    """
    code = text.clean_code(code, field="code")
    record, replayed = catalog.update_item(item=code, **call.body.facts(), **call.write)
    return Answered(camel(record), replayed)


@v1.get("/items/{code}/stock", schemas.ItemStock, query=queries.AsOf, tag="items")
def get_stock(call: Call, code: str) -> Json:
    """Get the stock of an item, lot by lot, now or as of a moment.

    A moment to come is taken for now: `asOf` in the answer tells which it is.
    """
    item = stock.get_item(connection(), text.clean_code(code, field="code"))
    now = clock.now()
    asked: datetime | None = call.query.as_of
    at = asked if asked is not None and asked < now else None
    found = stock.lots_of(connection(), [item.id], at=at)
    day = (at or now).astimezone(clock.zone()).date()
    return {
        "item": item.code,
        "asOf": figures.utc(at or now),
        **answers.stock(figures.totals(found, day)),
        "lots": [answers.lot(lot, day) for lot in found],
    }
