"""Convert records of the core to JSON; the models are in schemas/responses.py."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from inventory import barcodes, catalog, ledger, queries
from inventory.common import clock
from inventory.common.quantity import format_qty
from inventory.http.json_codec import camel_name, to_camel_case
from inventory.models import Kind
from inventory.stock import entities
from inventory.stock import recall as recalls

Json = dict[str, Any]


def item(source: entities.Item) -> Json:
    """Return an item."""
    return _object(catalog.item_record(source))


def stocked_item(source: queries.StockedItem) -> Json:
    """Return an item with its stock."""
    return item(source.item) | stock(source.totals) | {"lowStock": source.is_low}


def stock(sums: entities.StockTotals) -> Json:
    """Return stock quantities."""
    names = ("on_hand", "reserved", "available", "on_hold", "free")
    return {camel_name(name): format_qty(getattr(sums, name)) for name in names}


def lot(source: entities.Lot, day: date | None = None) -> Json:
    """Return a lot; its hold is as of `day`, by default today."""
    return _object(source.to_dict(day or clock.today()))


def warnings(lots: Iterable[entities.Lot], day: date | None = None) -> list[Json]:
    """Return the warnings of these lots as of `day`, by default today."""
    return [warning for source in lots for warning in source.warnings(day or clock.today())]


def reservation(source: entities.Reservation) -> Json:
    """Return a reservation."""
    return _object(source.to_dict(clock.today()))


def code(source: barcodes.CodeLink) -> Json:
    """Return a linked barcode."""
    return _object(source.to_dict())


def scan_result(source: barcodes.ScanResolution) -> Json:
    """Return the meaning of a scan."""
    return _object(source.to_dict(clock.today()))


def decision(source: queries.LotDecision) -> Json:
    """Return a QC decision."""
    return {
        "status": source.status,
        "fromStatus": source.from_status,
        "reason": source.reason,
        "user": source.user_name,
        "decidedAt": entities.format_utc(source.decided_at),
        "operationId": source.operation_id,
    }


def entry(source: entities.Entry) -> Json:
    """Return a ledger entry."""
    return {
        "id": source.id,
        "operationId": source.operation_id,
        "kind": source.kind,
        "item": source.item_code,
        "lotId": source.lot_id,
        "lotCode": source.lot_code,
        "lotSeq": source.lot_seq,
        "txnType": source.txn_type,
        "qty": format_qty(source.qty),
        "onHandAfter": format_qty(source.on_hand_after),
        "reservedAfter": format_qty(source.reserved_after),
        "reservationId": source.reservation_id,
        "reference": source.reference,
        "user": source.user_name,
        "timestamp": entities.format_utc(source.timestamp),
        "hash": source.hash.hex(),
    }


def operation(source: entities.Operation, *, replayed: bool = False) -> Json:
    """Return an operation with its entries."""
    return {
        "id": source.id,
        "kind": source.kind,
        "replayed": replayed,
        "reference": source.reference,
        "reason": source.reason,
        "note": source.note,
        "user": source.user_name,
        "recordedAt": entities.format_utc(source.recorded_at),
        "occurredAt": source.occurred_at and entities.format_utc(source.occurred_at),
        "reverses": source.reverses_id,
        "entries": [entry(row) for row in source.entries],
    }


def written(posting: ledger.PostingResult) -> list[Json]:
    """Return the result of each command of a posting."""
    return [
        _written(one, shown, posting.replayed)
        for one, shown in zip(posting.operations, posting.details, strict=True)
    ]


def _written(one: entities.Operation, shown: Json, replayed: bool) -> Json:
    reservations, lot_shown = to_camel_case(shown["reservations"]), to_camel_case(shown["lot"])
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
    more["warnings"] = shown.get("warnings", [])
    if one.kind == Kind.ISSUE:
        more["openReservations"] = to_camel_case(shown.get("open_reservations", []))
    return operation(one, replayed=replayed) | more


def hold(one: entities.Operation, shown: Json, *, replayed: bool) -> Json:
    """Return an operation that put lots on hold, or lifted the hold."""
    return operation(one, replayed=replayed) | {
        "lots": to_camel_case(shown.get("decided", [])),
        "reservations": to_camel_case(shown["reservations"]),
        "warnings": [],
    }


def recall(found: recalls.Recall) -> Json:
    """Return where a lot and its family went."""
    return {
        "lot": lot(found.lot),
        "parents": [lot(one) for one in found.parents],
        "family": [lot(member.lot) for member in found.family],
        "onHandQty": format_qty(found.on_hand),
        "receivedQty": format_qty(found.came_in),
        "issuedQty": format_qty(max(0, found.issued)),
        "removedQty": format_qty(found.taken_out),
        "countedQty": format_qty(found.counted_off),
        "destinations": [
            {
                "reference": one.reference,
                "issuedQty": format_qty(one.issued),
                "returnedQty": format_qty(one.returned),
                "firstAt": entities.format_utc(one.first),
                "lastAt": entities.format_utc(one.last),
            }
            for one in found.destinations
        ],
        "reservations": [
            {
                "reservationId": holder.id,
                "reference": holder.reference,
                "lotId": held.id,
                "lotCode": held.lot_code,
                "qty": format_qty(qty),
            }
            for holder, held, qty in found.reserved
        ],
    }


def _settlement(shown: Json) -> Json:
    """Return the settlement's lists; empty for results stored before they existed."""
    return {"moved": [], "unreserved": [], "kept": []} | to_camel_case(
        shown.get("settlement") or {}
    )


def page(found: queries.Page[Any], row: Any) -> Json:
    """Return a page of a list."""
    return {"data": [row(one) for one in found.rows], "nextCursor": found.next_cursor}


def _object(record: Json) -> Json:
    return {camel_name(name): to_camel_case(value) for name, value in record.items()}
