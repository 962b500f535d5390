"""Validation of commands: types, lengths, choices and required fields."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, get_args

from inventory.common import validation
from inventory.common.errors import InvalidInput, InvalidQty
from inventory.common.messages import message
from inventory.common.quantity import TypedQty
from inventory.idempotency.fingerprint import digest
from inventory.ledger.commands import (
    KEEP,
    KEEP_COUNTED,
    KEEP_DIFFERENCE,
    REALLOCATE,
    UNRESERVE,
    HoldLot,
    LotQuantity,
    RawQuantity,
    ReleaseHold,
    RemoveStock,
    Request,
    ReservationQuantity,
    Reserve,
)
from inventory.models import Kind, QcStatus
from inventory.stock.allocation import STRATEGIES


def _text(
    max_length: int, *, required: bool = False, multiline: bool = False
) -> Callable[..., Any]:
    def check(value: object, *, field: str) -> str | None:
        return validation.validate_text(
            value, field=field, max_length=max_length, required=required, multiline=multiline
        )

    return check


def _choice(*choices: str) -> Callable[..., Any]:
    def check(value: object, *, field: str) -> str:
        return validation.validate_choice(value, field=field, choices=choices)

    return check


def _canonical_quantity(value: object, *, field: str) -> RawQuantity:
    """Return a quantity in canonical form, so that "12.50" equals 12.5."""
    if isinstance(value, str) and len(value) <= 64:
        value = value.plain() if isinstance(value, TypedQty) else value.strip(" ")
        try:
            number = Decimal(value)
        except InvalidOperation:
            return value
        if isinstance(value, TypedQty):
            return value
        if number.is_finite() and value.isascii() and "e" not in value.lower():
            return f"{number.normalize():f}" if abs(number.adjusted()) < 40 else value
        return value
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) < 40:
        return f"{value.normalize():f}"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**40:
        return str(value)
    raise InvalidQty(message("Enter a quantity, such as 12 or 12.5."), field=field)


def _minutes(value: object, *, field: str) -> int | None:
    assert value is None or isinstance(value, int)  # a setting, not input
    return value


def _parts(value: object, *, field: str) -> tuple[Any, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str) or not 0 < len(value) <= 1000:
        raise InvalidInput(message("A list of 1 to 1000 quantities is expected here."), field=field)
    cleaned = tuple(clean(part) for part in value)
    ids = [getattr(part, "lot_id", None) or part.reservation_id for part in cleaned]
    if len(set(ids)) != len(ids):
        raise InvalidInput(message("The list names the same record twice."), field=field)
    return cleaned


def _line(max_length: int) -> Callable[..., Any]:
    def check(value: object, *, field: str) -> str | None:
        return validation.validate_visible_text(value, field=field, max_length=max_length)

    return check


_CHECKS: dict[str, Callable[..., Any]] = {
    "item": validation.validate_code,
    "lot_code": validation.validate_new_code,
    "qty": _canonical_quantity,
    "counted": _canonical_quantity,
    "expires_on": validation.validate_expiry_date,
    "expires_at": validation.validate_datetime,
    "occurred_at": validation.validate_occurred_at,
    "supplier_lot": _line(64),
    "location": _line(64),
    "add_to_lot": validation.validate_bool,
    "allow_lookalike": validation.validate_bool,
    "close_remainder": validation.validate_bool,
    "reference": _line(100),
    "reason": _text(500),
    "note": _text(2000, multiline=True),
    "kind": _choice(*Kind),
    "status": _choice(*QcStatus),
    "on_reservations": _choice(KEEP, REALLOCATE, UNRESERVE),
    "strategy": _choice(*STRATEGIES),
    "resolution": _choice(KEEP_COUNTED, KEEP_DIFFERENCE),
    "lot_id": validation.validate_id,
    "reservation_id": validation.validate_id,
    "operation_id": validation.validate_id,
    "own_minutes": _minutes,
    "return_of": validation.validate_id,
    "unmatched": validation.validate_bool,
    "reserved_first": validation.validate_bool,
    "quarantine": validation.validate_bool,
    "lot_seq": validation.validate_id,
    "lots": _parts,
    "unreserve": _parts,
}

#: The fields of each command, with their defaults.
_FIELDS: dict[type, tuple[tuple[str, Any], ...]] = {
    kind: tuple((field.name, field.default) for field in dataclasses.fields(kind))
    for kind in (*get_args(Request), LotQuantity, ReservationQuantity)
}

#: Fields that are required although the dataclass accepts None or an empty text.
_REQUIRED = {
    (Reserve, "reference"), (RemoveStock, "reason"), (HoldLot, "reason"), (ReleaseHold, "reason"),
}  # fmt: skip


def clean(request: Any) -> Any:
    """Return a copy of the command with every field in canonical form.

    Raises:
        InvalidInput: a field is malformed or missing; `field` names it.
    """
    kind = type(request)
    cleaned: dict[str, Any] = {}
    for name, default in _FIELDS[kind]:
        value = getattr(request, name)
        if value is not None or (default is not None and (kind, name) != (Reserve, "qty")):
            value = _CHECKS[name](value, field=name)
        if value is None and (kind, name) in _REQUIRED:
            raise InvalidInput(validation.describe_missing(name), field=name)
        cleaned[name] = value
    return kind(**cleaned)


def fingerprint(requests: Sequence[Request]) -> bytes:
    """Return the digest of all fields of all commands.

    Two writes under one key are the same if their digests are equal.
    """
    return digest([[type(request).__name__, request] for request in requests])
