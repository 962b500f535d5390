"""The core's records as JSON. What each looks like: schemas.py."""

from __future__ import annotations

from datetime import date
from typing import Any

from inventory import barcodes, catalog, ledger, queries
from inventory.common import clock
from inventory.common.quantity import format_qty
from inventory.http.json_codec import camel, camel_name
from inventory.models import Kind
from inventory.stock import entities

Json = dict[str, Any]


def item(one: entities.Item) -> Json:
    return _object(catalog.item_record(one))


def stocked_item(one: queries.StockedItem) -> Json:
    return item(one.item) | stock(one.totals) | {"lowStock": one.is_low}


def stock(sums: entities.Totals) -> Json:
    names = ("on_hand", "reserved", "available", "on_hold", "free")
    return {camel_name(name): format_qty(getattr(sums, name)) for name in names}


def lot(one: entities.Lot, day: date | None = None) -> Json:
    """What may be used of it is judged by `day`, or by today."""
    return _object(one.record(day or clock.today()))


def reservation(one: entities.Reservation) -> Json:
    return _object(one.record(clock.today()))


def code(one: barcodes.Link) -> Json:
    return _object(one.record())


def found(one: barcodes.Found) -> Json:
    return _object(one.record(clock.today()))


def decision(one: queries.Decision) -> Json:
    return {
        "status": one.status,
        "fromStatus": one.from_status,
        "reason": one.reason,
        "user": one.user_name,
        "decidedAt": entities.utc(one.decided_at),
        "operationId": one.operation_id,
    }


def entry(one: entities.Entry) -> Json:
    return {
        "id": one.id,
        "operationId": one.operation_id,
        "kind": one.kind,
        "item": one.item_code,
        "lotId": one.lot_id,
        "lotCode": one.lot_code,
        "lotSeq": one.lot_seq,
        "txnType": one.txn_type,
        "qty": format_qty(one.qty),
        "onHandAfter": format_qty(one.on_hand_after),
        "reservedAfter": format_qty(one.reserved_after),
        "reservationId": one.reservation_id,
        "reference": one.reference,
        "user": one.user_name,
        "timestamp": entities.utc(one.timestamp),
        "hash": one.hash.hex(),
    }


def operation(one: entities.Operation, *, replayed: bool = False) -> Json:
    return {
        "id": one.id,
        "kind": one.kind,
        "replayed": replayed,
        "reference": one.reference,
        "reason": one.reason,
        "note": one.note,
        "user": one.user_name,
        "recordedAt": entities.utc(one.recorded_at),
        "occurredAt": one.occurred_at and entities.utc(one.occurred_at),
        "reverses": one.reverses_id,
        "entries": [entry(row) for row in one.entries],
    }


def written(posting: ledger.Posting) -> list[Json]:
    """The answer to each request of a posting."""
    return [
        _written(one, shown, posting.replayed)
        for one, shown in zip(posting.operations, posting.shown, strict=True)
    ]


def _written(one: entities.Operation, shown: Json, replayed: bool) -> Json:
    reservations, lot_shown = camel(shown["reservations"]), camel(shown["lot"])
    if one.kind in (Kind.RESERVATION, Kind.UNRESERVATION):
        return {**reservations[0], "operationId": one.id}
    if one.kind == Kind.QC:
        return {
            **lot_shown,
            "reservations": reservations,
            **_settlement(shown),
            "operationId": one.id,
        }
    more = {"lot": lot_shown, "reservations": reservations}
    return operation(one, replayed=replayed) | more


def _settlement(shown: Json) -> Json:
    """Answers that were stored before there were these lists have none."""
    return {"moved": [], "unreserved": [], "kept": []} | camel(shown.get("settlement") or {})


def page(found: queries.Page[Any], row: Any) -> Json:
    return {"data": [row(one) for one in found.rows], "nextCursor": found.next_cursor}


def _object(record: Json) -> Json:
    return {camel_name(name): camel(value) for name, value in record.items()}
