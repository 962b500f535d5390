"""Operations of the floor app: each is posted once, as the user who entered it."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask_login import current_user

from inventory import barcodes, catalog, ledger
from inventory.common import clock
from inventory.common.errors import IdempotencyKeyMissing, InvalidInput
from inventory.common.quantity import format_qty
from inventory.db import connection
from inventory.http.error_handlers import problem
from inventory.http.json_codec import camel_name
from inventory.http.languages import gettext as _
from inventory.idempotency.store import validate_key
from inventory.stock import queries as stock
from inventory.web import operation_summary
from inventory.web.auth.permissions import role_required
from inventory.web.floor import request_parsing
from inventory.web.floor.blueprint import answer, blueprint, json_body
from inventory.web.floor.serializers import lot_record, reservation_record


@blueprint.post("/operations")
@role_required("operator")
def operate() -> Response:
    """Post an operation: `op`, its fields, its `key` and its `user`.

    The response repeats the key, so that no other page's response is taken for it. An operation of
    another user is refused and its key is not stored: that user can send it later.
    """
    body = json_body()
    if "user" not in body or "key" not in body:
        raise IdempotencyKeyMissing(_("The operation has no key or no user."))
    if body["user"] != current_user.id:
        detail = _(
            "Another user entered this operation. %(name)s is signed in.", name=current_user.name
        )
        return problem("OTHER_USER", detail, {"user": current_user.id})
    key = validate_key(body["key"])
    op = request_parsing.require_known(body)
    others = {"move": _move, "link": _link}
    done = others[op](body, key) if op in others else _post(op, body, key)
    return answer({"key": key} | done)


def _post(op: str, body: request_parsing.Body, key: str) -> dict[str, Any]:
    try:
        posting = ledger.post(
            [request_parsing.request_of(op, body)], user_id=current_user.id, key=key
        )
    except InvalidInput as refusal:
        name = camel_name(refusal.field)
        refusal.figures["field"] = "qty" if name == "lots" else name
        raise
    operation = posting.operation
    ids = {entry.lot_id for entry in operation.entries}
    if op == "count" and (lot := posting.details[0]["lot"]):
        ids.add(lot["id"])
    shown = [
        *posting.details[0]["reservations"],
        *posting.details[0].get("open_reservations", []),
    ]
    reservations = [reservation["id"] for reservation in shown]
    return {
        "replayed": posting.replayed,
        "operation": operation.id,
        "says": " ".join(
            [
                operation_summary.describe_operation(operation, posting.details[0]),
                *_still_reserved(posting.details[0]),
            ]
        ),
        **_current_state(ids, reservations),
    }


def _still_reserved(shown: dict[str, Any]) -> list[str]:
    """Return sentences about what the reference of a free issue still has reserved."""
    ids = [one["id"] for one in shown.get("open_reservations", [])]
    return [
        _(
            "%(reference)s still has %(qty)s %(unit)s reserved in %(lots)s.",
            reference=one.reference,
            qty=format_qty(one.open),
            unit=one.item.unit,
            lots=", ".join(line.lot.lot_code for line in one.lines if line.open),
        )
        for one in stock.read_reservations(connection(), ids)
        if one.open
    ]


def _move(body: request_parsing.Body, key: str) -> dict[str, Any]:
    lot = request_parsing.get_lot(body)
    assert lot.id is not None
    record, replayed = catalog.update_lot(
        user_id=current_user.id, key=key, lot_id=lot.id, location=body.get("location")
    )
    names = {"lot": record["lot_code"], "item": record["item"]}
    says = _("%(lot)s of %(item)s has no location.", **names)
    if location := record["location"]:
        says = _("Moved %(lot)s of %(item)s to %(location)s.", location=location, **names)
    return {
        "replayed": replayed,
        "says": says,
        **_current_state({lot.id}, []),
    }


def _link(body: request_parsing.Body, key: str) -> dict[str, Any]:
    record, replayed = barcodes.link(
        user_id=current_user.id,
        key=key,
        code=body.get("code"),
        item=body.get("item", ""),
        qty=request_parsing.typed_qty(body, "qty") if "qty" in body else "1",
    )
    names = {"code": record["code"], "item": record["item"]}
    return {"replayed": replayed, "says": _("Barcode %(code)s linked to %(item)s.", **names)}


def _current_state(lot_ids: set[int], reservation_ids: list[int]) -> dict[str, Any]:
    """Return the lots and reservations as the tablet must show them from now on."""
    today = clock.today()
    lots = stock.read_lots(connection(), lot_ids)
    reservations = stock.read_reservations(connection(), reservation_ids)
    return {
        "lots": [lot_record(lot, today) for lot in lots],
        "reservations": [reservation_record(reservation) for reservation in reservations],
    }
