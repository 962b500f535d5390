"""Every write request of the API with the data it needs, for tests of all writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from inventory.api.endpoints import Endpoint
from inventory.api.v1 import v1
from tests.api.conftest import Api

#: Method, path and body.
Write = tuple[str, str, Any]


def _with_reservation(api: Api) -> int:
    api.lot("10")
    return api.reservation("4")


def _with_receipt(api: Api) -> int:
    api.lot("10")
    return int(api.get("/ledger").json["data"][0]["operationId"])


def _with_hold(api: Api) -> int:
    return int(api.create(f"/lots/{api.lot()}/hold", {"reason": "cracks"})["id"])


def _batch(api: Api) -> Write:
    lot = api.lot("10")
    operations = [
        {"op": "receipt", "item": "BOLT-M8", "lotCode": "B-1", "qty": "5"},
        {"op": "issue", "item": "BOLT-M8", "qty": "2", "lots": [{"lotId": lot, "qty": "2"}]},
    ]
    return "POST", "/batch", {"operations": operations}


def _with_linked_code(api: Api) -> int:
    return int(api.create("/codes", {"code": "BOX 7", "lotId": api.lot()})["id"])


def _item(api: Api) -> str:
    return f"/items/{api.item()}"


WRITES: dict[str, Callable[[Api], Write]] = {
    "create_item": lambda api: ("POST", "/items", {"code": "NUT", "name": "Nut"}),
    "change_item": lambda api: ("PATCH", _item(api), {"name": "Bolt", "reorderPoint": "5"}),
    "change_lot": lambda api: ("PATCH", f"/lots/{api.lot()}", {"location": "A-1"}),
    "decide": lambda api: (
        "POST", f"/lots/{api.lot(qcRequired=True)}/qc", {"status": "APPROVED"},
    ),
    "count": lambda api: ("POST", f"/lots/{api.lot()}/count", {"counted": "8"}),
    "split": lambda api: ("POST", f"/lots/{api.lot()}/split", {"qty": "3", "lotCode": "L-2"}),
    "hold": lambda api: ("POST", f"/lots/{api.lot()}/hold", {"reason": "cracks"}),
    "lift_hold": lambda api: (
        "POST", f"/operations/{_with_hold(api)}/lift-hold", {"reason": "no cracks"},
    ),
    "reserve": lambda api: (
        api.lot() and "POST", "/reservations",
        {"item": "BOLT-M8", "qty": "4", "reference": "JOB-4711"},
    ),
    "unreserve": lambda api: ("POST", f"/reservations/{_with_reservation(api)}/unreserve", {}),
    "receive": lambda api: (
        "POST", "/receipts", {"item": api.item(), "lotCode": "L-1", "qty": "12.0"},
    ),
    "return_from_customer": lambda api: (
        "POST", "/customer-returns",
        {"item": api.item(), "lotCode": "R-1", "qty": "2", "reason": "wrong size",
         "unmatched": True},
    ),
    "issue": lambda api: ("POST", "/issues", {"reservation": _with_reservation(api)}),
    "scrap": lambda api: ("POST", "/scraps", {"lotId": api.lot(), "qty": "1", "reason": "bent"}),
    "return_to_supplier": lambda api: (
        "POST", "/supplier-returns", {"lotId": api.lot(), "qty": "1", "reason": "bent"},
    ),
    "reverse": lambda api: (
        "POST", f"/operations/{_with_receipt(api)}/reversal", {"reason": "typo"},
    ),
    "batch": _batch,
    "link_code": lambda api: ("POST", "/codes", {"code": "9521123456785", "item": api.item()}),
    "unlink_code": lambda api: ("DELETE", f"/codes/{_with_linked_code(api)}", None),
}  # fmt: skip


def endpoint_of(name: str) -> Endpoint:
    return next(endpoint for endpoint in v1.all if endpoint.name == name)
