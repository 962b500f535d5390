"""The lots with stock of an item, read once per page."""

from __future__ import annotations

from flask import g, request

from inventory.db import connection
from inventory.stock import queries as stock
from inventory.stock.entities import Lot


def stocked_lots(item_id: int) -> list[Lot]:
    """Return the lots with stock of an item; read once per GET request."""
    if request.method != "GET":
        return stock.get_stocked_lots(connection(), [item_id])
    known: dict[int, list[Lot]] = g.setdefault("stocked_lots", {})
    if item_id not in known:
        known[item_id] = stock.get_stocked_lots(connection(), [item_id])
    return list(known[item_id])
