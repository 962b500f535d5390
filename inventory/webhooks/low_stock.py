"""Events for items whose free stock falls to the reorder point or recovers.

An event is written in the transaction that changes the stock, so that it exists only if the change
was committed. Free stock is what can be reserved or issued now; every list of low items uses it. It
also changes without a transaction when a lot expires: `refresh_low_stock_events` finds these items.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.common import clock
from inventory.common.chunks import chunks
from inventory.common.quantity import format_qty
from inventory.db import atomic
from inventory.models import table
from inventory.models.webhooks import LowItem, WebhookDelivery, WebhookEndpoint, WebhookEvent
from inventory.stock.balance_filters import figures_of_items, is_low_item, item_balances
from inventory.stock.entities import format_utc
from inventory.stock.statements import items

low_items = table(LowItem)
endpoints = table(WebhookEndpoint)
events = table(WebhookEvent)
deliveries = table(WebhookDelivery)

LOW, RECOVERED = "item.low", "item.recovered"
_BATCH_SIZE = 500


def update_low_stock_events(tx: Connection, item_ids: Iterable[int]) -> None:
    """Write an event for each item that crossed its reorder point.

    Runs after a write to these items, in the same transaction.
    """
    crossed: dict[str, list[Any]] = {LOW: [], RECOVERED: []}
    for some in chunks(sorted(item_ids)):
        for row in tx.execute(_figures().where(items.c.id.in_(some))).all():
            is_low = _is_low(row)
            if is_low != row.was_low:
                crossed[LOW if is_low else RECOVERED].append(row)
    for type, rows in crossed.items():
        for few in chunks(rows):
            _write_events(tx, few, type)


def _is_low(row: Any) -> bool:
    watched = row.reorder_point is not None and row.archived_at is None
    return watched and row.free <= row.reorder_point


def delete_low_stock_events(tx: Connection, item_ids: Sequence[int]) -> None:
    """Delete the events and deliveries of items that are deleted."""
    about = sa.select(events.c.id).where(events.c.item_id.in_(item_ids))
    tx.execute(sa.delete(deliveries).where(deliveries.c.event_id.in_(about)))
    tx.execute(sa.delete(events).where(events.c.item_id.in_(item_ids)))
    tx.execute(sa.delete(low_items).where(low_items.c.item_id.in_(item_ids)))


@atomic
def refresh_low_stock_events(tx: Connection) -> int:
    """Write events for items that crossed their reorder point without a write.

    Returns:
        The number of items that were checked.
    """
    was_low = sa.exists().where(low_items.c.item_id == items.c.id)
    crossed = sa.select(items.c.id).where(is_low_item(clock.today()) != was_low)
    ids = list(tx.execute(crossed.order_by(items.c.id).limit(_BATCH_SIZE)).scalars())
    update_low_stock_events(tx, ids)
    return len(ids)


def _figures() -> sa.Select[Any]:
    figures = figures_of_items(clock.today())
    columns = [sa.func.coalesce(figure, 0).label(name) for name, figure in figures.items()]
    return (
        sa.select(
            items.c.id, items.c.code, items.c.name, items.c.unit, items.c.reorder_point,
            items.c.archived_at, *columns, low_items.c.item_id.is_not(None).label("was_low"),
        )
        .join(item_balances, item_balances.c.item_id == items.c.id, isouter=True)
        .join(low_items, low_items.c.item_id == items.c.id, isouter=True)
        .order_by(items.c.id)
    )  # fmt: skip


def _write_events(tx: Connection, rows: Sequence[Any], type: str) -> None:
    now = clock.now()
    if type == LOW:
        tx.execute(sa.insert(low_items), [{"item_id": row.id, "since": now} for row in rows])
    else:
        gone = low_items.c.item_id.in_([row.id for row in rows])
        tx.execute(sa.delete(low_items).where(gone))
    message = [
        {
            "message_id": f"msg_{uuid.uuid4().hex}",
            "type": type,
            "item_id": row.id,
            "body": _body(row, type, now),
            "created_at": now,
        }
        for row in rows
    ]
    tx.execute(sa.insert(events), message)
    messages = [event["message_id"] for event in message]
    to_all = (
        sa.select(
            events.c.id, endpoints.c.id, sa.literal(0), sa.literal(now, events.c.created_at.type)
        )
        .join_from(events, endpoints, sa.true())
        .where(events.c.message_id.in_(messages), endpoints.c.ended_at.is_(None))
        .order_by(events.c.id, endpoints.c.id)
    )
    columns = ["event_id", "endpoint_id", "attempts", "due_at"]
    tx.execute(sa.insert(deliveries).from_select(columns, to_all))


def _body(row: Any, type: str, now: datetime) -> str:
    figures = {
        "onHand": row.on_hand,
        "reserved": row.reserved,
        "onHold": row.on_hold,
        "free": row.free,
        "reorderPoint": row.reorder_point,
    }
    written = {key: None if qty is None else format_qty(qty) for key, qty in figures.items()}
    data = {"item": row.code, "name": row.name, "unit": row.unit, **written}
    return json.dumps(
        {"type": type, "timestamp": format_utc(now), "data": data}, ensure_ascii=False
    )
