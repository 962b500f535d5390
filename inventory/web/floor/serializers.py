"""Items, lots and reservations as compact JSON, without empty fields."""

from __future__ import annotations

from datetime import date
from typing import Any

from inventory.barcodes import CodeLink, ScanResolution
from inventory.common.quantity import format_qty
from inventory.http.languages import translate
from inventory.stock.entities import Item, Lot, Reservation


def item_record(item: Item) -> dict[str, Any]:
    """Return an item."""
    return {
        "id": item.id,
        "code": item.code,
        "name": item.name,
        "unit": item.unit,
        "decimals": item.decimals,
        "qc": item.qc_required,
    }


def link_record(link: CodeLink) -> dict[str, Any]:
    """Return a linked barcode."""
    record = {
        "code": link.code,
        "item": link.item_code,
        "lot_code": link.lot_code,
        "qty": format_qty(link.qty),
    }
    return {name: value for name, value in record.items() if value is not None}


def found_record(found: ScanResolution) -> dict[str, Any]:
    """Return the meaning of a scan; its lots and items are sent beside it."""
    record = {
        "kind": found.kind,
        "item": found.item and found.item.code,
        "lot_code": found.lot.lot_code if found.lot else found.scan.lot_code,
        "expires_on": found.scan.usable_until and found.scan.usable_until.isoformat(),
        "location": found.scan.own.location if found.scan.own else None,
        "qty": None if found.qty is None else format_qty(found.qty),
        "linkable": found.linkable,
        "warnings": [translate(warning.detail) for warning in found.warnings],
        "choices": [
            {"item": choice.item.code, "lot_code": choice.lot.lot_code}
            for choice in found.choices
            if choice.item and choice.lot
        ],
    }
    return {name: value for name, value in record.items() if value is not None}


def lot_record(lot: Lot, today: date) -> dict[str, Any]:
    """Return a lot with its balance."""
    record = {
        "id": lot.id,
        "item": lot.item.code,
        "lot_code": lot.lot_code,
        "qc": lot.qc_status,
        "hold": lot.hold_reason(today),
        "expires_on": lot.expires_on and lot.expires_on.isoformat(),
        "location": lot.location,
        "on_hand": format_qty(lot.on_hand),
        "reserved": format_qty(lot.reserved),
        "free": format_qty(lot.free(today)),
        "seq": lot.lot_seq,
    }
    return {name: value for name, value in record.items() if value is not None}


def reservation_record(reservation: Reservation) -> dict[str, Any]:
    """Return the open and the issued quantity of a reservation, by lot."""
    return {
        "id": reservation.id,
        "item": reservation.item.code,
        "reference": reservation.reference,
        "lots": [
            {
                "lot_code": line.lot.lot_code,
                "open": format_qty(line.open),
                "issued": format_qty(line.issued),
            }
            for line in reservation.lines
            if line.open or line.issued
        ],
    }
