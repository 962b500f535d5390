"""Parse the operations of the floor app into ledger requests.

A lot is named by item and lot number, never by id: a lot that was received offline has no id yet.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from inventory import ledger
from inventory.common import clock, validation
from inventory.common.errors import InvalidInput, InvalidQty, NotFound, Refusal
from inventory.common.quantity import TypedQty
from inventory.db import connection
from inventory.http.languages import gettext as _
from inventory.stock import queries as stock
from inventory.stock.entities import Lot

Body = dict[str, Any]

#: The fields of each operation, besides those of all operations.
FIELDS: dict[str, set[str]] = {
    "receive": {
        "item", "lotCode", "qty", "expiresOn", "supplierLot", "location", "addToLot",
        "allowLookalike",
    },
    "reserve": {"item", "lotCode", "qty"},
    "issue": {"item", "lotCode", "qty", "reservation", "reservedFirst", "reason"},
    "count": {"item", "lotCode", "counted", "lotSeq", "resolution", "reason"},
    "move": {"item", "lotCode", "location"},
    "link": {"item", "code", "text", "qty"},
}  # fmt: skip
_OF_ALL = {"op", "key", "user", "reference", "note", "occurredAt"}


def require_known(body: Body) -> str:
    """Return the operation's name.

    Raises:
        InvalidInput: the operation or a field is unknown.
    """
    op = validation.validate_choice(body.get("op"), field="op", choices=tuple(FIELDS))
    unknown = set(body) - FIELDS[op] - _OF_ALL
    if unknown:
        raise InvalidInput(_("The operation has no such field."), field=min(unknown)[:60])
    return op


def request_of(op: str, body: Body) -> ledger.Request:
    """Return the ledger request of an operation.

    Raises:
        InvalidInput: a field is invalid; the error names it.
        NotFound: the lot does not exist.
    """
    return _REQUESTS[op](body)


def get_lot(body: Body) -> Lot:
    """Return the lot with this item and lot number.

    Raises:
        InvalidInput: a code is invalid.
        NotFound: the item or the lot does not exist.
    """
    code = validation.validate_code(body.get("item"), field="item")
    lot_code = validation.validate_code(body.get("lotCode"), field="lotCode")
    item = stock.get_item(connection(), code)
    found = stock.find_lot(connection(), item.id, lot_code)
    if found is None:
        raise NotFound(
            _("There is no lot %(lot)s of %(item)s.", lot=lot_code, item=code),
            item=code,
            lot_code=lot_code,
        )
    return found


def _find_lot(body: Body) -> Lot | None:
    try:
        return get_lot(body)
    except Refusal:
        return None


def _receive(body: Body) -> ledger.Request:
    return ledger.Receive(
        item=body.get("item", ""),
        lot_code=body.get("lotCode", ""),
        qty=typed_qty(body),
        expires_on=_day(body.get("expiresOn")),
        supplier_lot=body.get("supplierLot"),
        location=body.get("location"),
        add_to_lot=body.get("addToLot", False),
        allow_lookalike=body.get("allowLookalike"),
        reference=body.get("reference"),
        note=body.get("note"),
        occurred_at=_happened_at(body),
    )


def _reserve(body: Body) -> ledger.Request:
    lots = [_part(body)] if body.get("lotCode") else None
    return ledger.Reserve(
        item=body.get("item", ""),
        qty=typed_qty(body),
        reference=body.get("reference", ""),
        lots=lots,
        note=body.get("note"),
    )


def _issue(body: Body) -> ledger.Request:
    reservation = body.get("reservation")
    return ledger.Issue(
        reservation_id=reservation,
        item=body.get("item", "") if reservation is None else None,
        lots=[_part(body)],
        reference=body.get("reference"),
        reason=body.get("reason"),
        note=body.get("note"),
        occurred_at=_happened_at(body),
        reserved_first=body.get("reservedFirst"),
    )


def _count(body: Body) -> ledger.Request:
    return ledger.Count(
        lot_id=_number(get_lot(body)),
        counted=typed_qty(body, "counted"),
        lot_seq=body.get("lotSeq"),
        resolution=body.get("resolution"),
        reason=body.get("reason"),
        note=body.get("note"),
    )


_REQUESTS: dict[str, Callable[[Body], ledger.Request]] = {
    "receive": _receive,
    "reserve": _reserve,
    "issue": _issue,
    "count": _count,
}


def _part(body: Body) -> ledger.LotQuantity:
    return ledger.LotQuantity(lot_id=_number(get_lot(body)), qty=typed_qty(body))


def _number(lot: Lot) -> int:
    assert lot.id is not None
    return lot.id


def typed_qty(body: Body, field: str = "qty") -> str:
    """Return a quantity as it was typed."""
    value = body.get(field)
    if not isinstance(value, str):
        raise InvalidQty(_("Enter a quantity, such as 12 or 12.5."), field=field)
    return TypedQty(value)


def _day(value: object) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        detail = _("Enter a date, such as 2027-03-31.")
        raise InvalidInput(detail, field="expiresOn") from None


def _timestamp(value: object) -> datetime | None:
    if value is None:
        return None
    try:
        when = datetime.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        when = None
    if when is None or when.tzinfo is None:
        raise InvalidInput(_("Enter a time, such as 2027-03-31T10:42:00Z."), field="occurredAt")
    return when


def _happened_at(body: Body) -> datetime | None:
    """Return when the tablet's clock says that it happened, or None if that is impossible.

    No person typed this time. A clock that is wrong must not hold up work that was done.
    """
    when = _timestamp(body.get("occurredAt"))
    if when is None or when > clock.now():
        return None
    lot = _find_lot(body)
    arrived_at = lot and lot.id and stock.arrival_of(connection(), lot.id)
    return None if arrived_at and when < arrived_at else when
