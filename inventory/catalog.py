"""Master data of items and lots; every change is audited."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory import audit
from inventory.common import clock, validation
from inventory.common.chunks import chunks
from inventory.common.errors import DuplicateItem, InvalidInput, LooksLike, NotFound
from inventory.common.lookalikes import look_key
from inventory.common.messages import Message, join_sentences, message
from inventory.common.quantity import SCALE, format_qty, parse_qty
from inventory.common.search_keys import item_key, lot_key
from inventory.common.sort_keys import natural_key
from inventory.idempotency.run_once import run_once
from inventory.stock import queries as stock
from inventory.stock.entities import Item
from inventory.stock.statements import items, lots
from inventory.webhooks import low_stock

#: Fields of an item that cannot change once it has entries in the ledger, like its code.
FROZEN = ("unit", "decimals")

#: Endings that an item code must not have, because `/items/{code}/stock` is a path of the API.
_RESERVED_ENDS = ("/stock",)


def item_record(item: Item) -> dict[str, Any]:
    """Return the item's master data, ready for JSON."""
    return {
        "code": item.code,
        "name": item.name,
        "unit": item.unit,
        "decimals": item.decimals,
        "qc_required": item.qc_required,
        "reorder_point": None if item.reorder_point is None else format_qty(item.reorder_point),
        "archived": item.archived_at is not None,
    }


def create_item(
    *,
    user_id: int,
    key: str,
    code: object,
    name: object,
    unit: object = "pcs",
    decimals: object = 0,
    qc_required: object = False,
    reorder_point: object = None,
    allow_lookalike: object = None,
    dry_run: bool = False,
) -> tuple[dict[str, Any], bool]:
    """Create an item.

    Args:
        decimals: 0 to 6 decimals of the item's quantities.
        reorder_point: in the item's unit.
        allow_lookalike: the code may look like another item's.

    Returns:
        (the item's record, whether it was replayed).

    Raises:
        DuplicateItem: the code already exists.
        LooksLike: the code looks like another item's.
        InvalidInput: a field is malformed.
        InvalidQty: `reorder_point` is not a quantity of the item.
        IdempotencyKeyReused: the key was used with other content.
        Busy: the database is locked for too long, full or unreachable.
    """
    fields: dict[str, Any] = {
        "code": validate_item_code(code),
        "name": validation.validate_text(name, field="name", max_length=200, required=True),
        "unit": validation.validate_text(unit, field="unit", max_length=16, required=True),
        "decimals": _decimals(decimals),
        "qc_required": validation.validate_bool(qc_required, field="qc_required"),
    }
    fields["reorder_point"] = _reorder_point(reorder_point, fields["decimals"])
    if allow_lookalike:
        fields["allow_lookalike"] = validation.validate_bool(
            allow_lookalike, field="allow_lookalike"
        )
    return run_once(_create_item, user_id=user_id, key=key, fields=fields, dry_run=dry_run)


def update_item(
    *, user_id: int, key: str, item: str, dry_run: bool = False, **changes: object
) -> tuple[dict[str, Any], bool]:
    """Change fields of an item.

    Args:
        changes: `name`, `unit`, `reorder_point`, `qc_required`, `decimals`, `code` or `archived`.
            Code, unit and decimals are fixed once the item has a lot. With `allow_lookalike` the
            new code may look like another item's.

    Returns:
        (the item's record, whether it was replayed).

    Raises:
        NotFound: unknown item.
        DuplicateItem: the new code already exists.
        LooksLike: the new code looks like another item's.
        InvalidInput: a field is malformed or can no longer change.
        InvalidQty: `reorder_point` is not a quantity of the item.
        IdempotencyKeyReused: the key was used with other content.
        Busy: the database is locked for too long, full or unreachable.
    """
    unknown = set(changes) - set(_ITEM_CHANGES)
    if unknown:
        raise InvalidInput(message("This field cannot be changed."), field=min(unknown))
    cleaned = {name: _ITEM_CHANGES[name](value) for name, value in changes.items()}
    fields = {"item": validation.validate_code(item, field="item"), "changes": cleaned}
    return run_once(_update_item, user_id=user_id, key=key, fields=fields, dry_run=dry_run)


def update_lot(
    *, user_id: int, key: str, lot_id: int, dry_run: bool = False, **changes: object
) -> tuple[dict[str, Any], bool]:
    """Change fields of a lot.

    Args:
        changes: `location` (a move), `expires_on` or `supplier_lot`.

    Returns:
        (the lot's record, whether it was replayed).

    Raises:
        NotFound: unknown lot.
        InvalidInput: a field is malformed or cannot be changed.
        IdempotencyKeyReused: the key was used with other content.
        Busy: the database is locked for too long, full or unreachable.
    """
    unknown = set(changes) - set(_LOT_CHANGES)
    if unknown:
        raise InvalidInput(message("This field cannot be changed."), field=min(unknown))
    cleaned = {name: _LOT_CHANGES[name](value) for name, value in changes.items()}
    fields = {"lot_id": validation.validate_id(lot_id, field="lot_id"), "changes": cleaned}
    return run_once(_update_lot, user_id=user_id, key=key, fields=fields, dry_run=dry_run)


def _create_item(
    tx: Connection,
    *,
    user_id: int,
    now: datetime,
    allow_lookalike: bool = False,
    **fields: Any,
) -> dict[str, Any]:
    keys = _require_new_code(tx, fields["code"], allow_lookalike=allow_lookalike)
    keys |= text_keys(fields["code"], fields["name"])
    tx.execute(sa.insert(items).values(created_at=now, **fields, **keys))
    audit.record(
        tx, user_id=user_id, action="item created", subject=f"item {fields['code']}", **fields
    )
    item = stock.get_item(tx, fields["code"])
    if item.reorder_point is not None:
        low_stock.update_low_stock_events(tx, [item.id])
    return item_record(item)


def describe_frozen(name: str, item: Item) -> Message:
    """Describe that a field of an item can no longer change, with its value."""
    figures = {"item": item.code, "value": getattr(item, name)}
    if name == "unit":
        what = message("The unit of %(item)s is %(value)s and can no longer change.", **figures)
    elif name == "decimals":
        what = message(
            "The number of decimal places of %(item)s is %(value)s and can no longer change.",
            **figures,
        )
    else:
        what = message("The code of %(item)s can no longer change.", item=item.code)
    return join_sentences(what, message("The item has entries in the ledger."))


def _update_item(
    tx: Connection, *, user_id: int, now: datetime, item: str, changes: dict[str, Any]
) -> dict[str, Any]:
    before = stock.get_item(tx, item)
    tx.execute(sa.select(items.c.id).where(items.c.id == before.id).with_for_update()).all()
    before = stock.get_item(tx, before.code)
    used = stock.is_used(tx, before.id)
    for frozen in ("code", *FROZEN):
        if used and frozen in changes and changes[frozen] != getattr(before, frozen):
            raise InvalidInput(describe_frozen(frozen, before), field=frozen)
    new_code, allow_lookalike = changes.get("code", before.code), changes.get("allow_lookalike")
    values = {
        name: value
        for name, value in changes.items()
        if name not in ("archived", "allow_lookalike")
    }
    keys: dict[str, Any] = {}
    if "code" in values or "name" in values:
        keys = text_keys(new_code, values.get("name", before.name))
    if new_code != before.code:
        keys |= _require_new_code(
            tx, new_code, allow_lookalike=bool(allow_lookalike), except_id=before.id
        )
    if "reorder_point" in values:
        decimals = values.get("decimals", before.decimals)
        values["reorder_point"] = _reorder_point(values["reorder_point"], decimals)
    if "archived" in changes:
        was = before.archived_at
        values["archived_at"] = (was or now) if changes["archived"] else None
    if values:
        tx.execute(sa.update(items).where(items.c.id == before.id).values(**values, **keys))
        _audit_change(tx, user_id, "item changed", f"item {before.code}", before, values)
        low_stock.update_low_stock_events(tx, [before.id])
    return item_record(stock.get_item(tx, new_code))


def _update_lot(
    tx: Connection, *, user_id: int, now: datetime, lot_id: int, changes: dict[str, Any]
) -> dict[str, Any]:
    locked = tx.execute(
        sa.select(lots.c.id).where(lots.c.id == lot_id).with_for_update(key_share=True)
    ).first()
    if locked is None:
        raise NotFound(
            message("There is no lot with the ID %(lot_id)s.", lot_id=lot_id), lot_id=lot_id
        )
    before = stock.get_lot(tx, lot_id)
    if changes:
        key = lot_key(before.lot_code, changes.get("supplier_lot", before.supplier_lot))
        values = changes | {"search_key": key}
        tx.execute(sa.update(lots).where(lots.c.id == lot_id).values(**values))
        _audit_change(tx, user_id, "lot changed", f"lot {lot_id}", before, changes)
        if "expires_on" in changes:
            low_stock.update_low_stock_events(tx, [before.item.id])
    return stock.get_lot(tx, lot_id).to_dict(clock.today())


def _audit_change(
    tx: Connection, user_id: int, action: str, subject: str, before: Any, values: dict[str, Any]
) -> None:
    old = {name: getattr(before, name) for name in values}
    audit.record(
        tx,
        user_id=user_id,
        action=action,
        subject=subject,
        before=_plain(old),
        after=_plain(values),
    )


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value if value is None or isinstance(value, str | int) else str(value)
        for name, value in values.items()
    }


def text_keys(code: str, name: str) -> dict[str, str]:
    """Return the columns of an item by which its name is sorted, and code and name are found."""
    return {"name_key": natural_key(name), "search_key": item_key(code, name)}


def _require_new_code(
    tx: Connection, code: str, *, allow_lookalike: bool, except_id: int | None = None
) -> dict[str, Any]:
    """Return the columns that find and sort the code.

    Raises:
        DuplicateItem: the code already exists.
        LooksLike: the code looks like another item's, without `allow_lookalike`.
    """
    found = stock.read_lookalike_items(tx, [code])
    if any(item.code == code for item in found):
        raise DuplicateItem(message("Item %(code)s already exists.", code=code), item=code)
    alike = [item for item in found if item.id != except_id]
    if alike and not allow_lookalike:
        raise LooksLike(
            message(
                "%(code)s looks like the existing item %(code_2)s. Use that item, or confirm"
                " that this is a new one.",
                code=code,
                code_2=alike[0].code,
            ),
            field="code",
            item=alike[0].code,
        )
    return CodeKeys(tx, [code]).next_of(code)


class CodeKeys:
    """Keys of new codes, which are numbered among the items whose codes look alike."""

    def __init__(self, tx: Connection, codes: Iterable[str]) -> None:
        """Read the numbers that are in use for codes that look like these."""
        self._next: dict[str, int] = {}
        for some in chunks(sorted(set(map(look_key, codes)))):
            chosen = sa.select(items.c.look_key, sa.func.max(items.c.look_no).label("last"))
            chosen = chosen.where(items.c.look_key.in_(some)).group_by(items.c.look_key)
            self._next.update({row.look_key: row.last + 1 for row in tx.execute(chosen)})

    def next_of(self, code: str) -> dict[str, Any]:
        """Return the columns `look_key`, `look_no` and `sort_key` of a new code."""
        key = look_key(code)
        number = self._next.get(key, 0)
        self._next[key] = number + 1
        return {"look_key": key, "look_no": number, "sort_key": natural_key(code)}


def validate_item_code(value: object) -> str:
    """Return the code of a new item.

    Raises:
        InvalidInput: malformed, or a path that the API uses otherwise.
    """
    code = validation.validate_new_code(value, field="code")
    segments = code.split("/")
    if any(part in ("", ".", "..") for part in segments) or code.endswith(_RESERVED_ENDS):
        raise InvalidInput(
            message("An item code must not begin or end with a slash, or end in /stock."),
            field="code",
        )
    return code


def _decimals(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= SCALE:
        raise InvalidInput(message("The decimal places must be 0 to 6."), field="decimals")
    return value


def _reorder_point(value: object, decimals: int) -> int | None:
    if value is None or value == "":
        return None
    return parse_qty(value, decimals=decimals, field="reorder_point", allow_zero=True)


_ITEM_CHANGES: dict[str, Callable[[object], Any]] = {
    "code": validate_item_code,
    "name": lambda value: validation.validate_text(
        value, field="name", max_length=200, required=True
    ),
    "unit": lambda value: validation.validate_text(
        value, field="unit", max_length=16, required=True
    ),
    "decimals": _decimals,
    "qc_required": lambda value: validation.validate_bool(value, field="qc_required"),
    "reorder_point": lambda value: None if value in (None, "") else value,
    "archived": lambda value: validation.validate_bool(value, field="archived"),
    "allow_lookalike": lambda value: validation.validate_bool(value, field="allow_lookalike"),
}
_LOT_CHANGES: dict[str, Callable[[object], Any]] = {
    "location": lambda value: validation.validate_visible_text(
        value, field="location", max_length=64
    ),
    "expires_on": lambda value: validation.validate_expiry_date(value, field="expires_on"),
    "supplier_lot": lambda value: validation.validate_visible_text(
        value, field="supplier_lot", max_length=64
    ),
}
