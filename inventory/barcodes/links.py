"""Linked barcodes: a GTIN or any other code for an item or a lot."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory import audit
from inventory.barcodes.parser import Scan, parse_scan
from inventory.common import validation
from inventory.common.errors import DuplicateCode, InvalidCode, InvalidInput, NotFound
from inventory.common.messages import Message, message
from inventory.common.quantity import format_qty, parse_qty
from inventory.idempotency.run_once import run_once
from inventory.models import Code, CodeKind, table
from inventory.stock import queries as stock
from inventory.stock.entities import Item, format_utc
from inventory.stock.statements import items, lots, users

codes = table(Code)

_LINKS = (
    sa.select(
        codes.c.id,
        codes.c.code,
        codes.c.kind,
        codes.c.item_id,
        items.c.code.label("item_code"),
        codes.c.lot_id,
        lots.c.lot_code,
        codes.c.qty,
        users.c.name.label("user_name"),
        codes.c.created_at,
    )
    .join(items, items.c.id == codes.c.item_id)
    .join(lots, lots.c.id == codes.c.lot_id, isouter=True)
    .join(users, users.c.id == codes.c.user_id)
    .order_by(codes.c.id)
)


@dataclass(frozen=True, slots=True)
class CodeLink:
    """A linked barcode; `qty` is the quantity of one scan, in 10^-6 units."""

    id: int
    code: str
    kind: str
    item_id: int
    item_code: str
    lot_id: int | None
    lot_code: str | None
    qty: int
    user_name: str
    created_at: datetime

    def to_dict(self) -> dict[str, Any]:
        """Return the link, ready for JSON."""
        return {
            "id": self.id,
            "code": self.code,
            "kind": self.kind,
            "item": self.item_code,
            "lot_id": self.lot_id,
            "lot_code": self.lot_code,
            "qty": format_qty(self.qty),
            "user": self.user_name,
            "created_at": format_utc(self.created_at),
        }


def link(
    *,
    user_id: int,
    key: str,
    code: object,
    item: object = None,
    lot_id: object = None,
    qty: object = "1",
    dry_run: bool = False,
) -> tuple[dict[str, Any], bool]:
    """Link a barcode to an item or a lot.

    Args:
        code: the scan; of a GS1 message the GTIN is linked.
        qty: the quantity of one scan.

    Returns:
        (the link's record, whether it was replayed).

    Raises:
        InvalidCode: the code cannot be read or linked.
        InvalidInput: not exactly one of item and lot, or a GTIN for a lot.
        InvalidQty: not a quantity of the item.
        NotFound: unknown item or lot.
        DuplicateCode: the code is linked already, or is the code of an item or a lot.
    """
    if (item is None) == (lot_id is None):
        raise InvalidInput(
            message("Name either the item or the lot that the barcode identifies."), field="item"
        )
    try:
        found = parse_scan(code)
    except InvalidCode as refusal:
        refusal.figures["field"] = refusal.field = "code"
        raise
    fields = {
        "code": linkable(found),
        "gtin": found.gtin is not None,
        "item": None if item is None else validation.validate_code(item, field="item"),
        "lot_id": None if lot_id is None else validation.validate_id(lot_id, field="lot_id"),
        "qty": qty,
    }
    if fields["gtin"] and lot_id is not None:
        raise InvalidInput(
            message("A GTIN identifies an item, not a lot. Link it to the item."), field="lot_id"
        )
    return run_once(_link, user_id=user_id, key=key, fields=fields, dry_run=dry_run)


def unlink(
    *, user_id: int, key: str, code_id: object, dry_run: bool = False
) -> tuple[dict[str, Any], bool]:
    """Delete a link.

    Returns:
        (the link's record, whether it was replayed).

    Raises:
        NotFound: unknown link.
    """
    fields = {"code_id": validation.validate_id(code_id, field="code_id")}
    return run_once(_unlink, user_id=user_id, key=key, fields=fields, dry_run=dry_run)


def read_links(
    conn: Connection,
    *,
    ids: Iterable[int] = (),
    codes_: Iterable[str] = (),
    item_id: int | None = None,
) -> list[CodeLink]:
    """Return the links with these ids or codes, or of this item, oldest first."""
    wanted = sa.or_(
        codes.c.id.in_([id for id in ids if 0 < id <= validation.MAX_ID]),
        codes.c.code.in_(list(codes_)),
        codes.c.item_id == item_id if item_id is not None else sa.false(),
    )
    return [CodeLink(**row._mapping) for row in conn.execute(_LINKS.where(wanted))]


def find_link(conn: Connection, code: object) -> CodeLink | None:
    """Return the link of a scanned code, or None.

    Raises:
        InvalidCode: the code cannot be read.
    """
    key = parse_scan(code).key
    found = read_links(conn, codes_=[key]) if key else []
    return found[0] if found else None


def gtin_of(links: Iterable[CodeLink]) -> str | None:
    """Return the GTIN of a single unit, which labels carry, or None."""
    single = parse_qty(1, decimals=0)
    return next((one.code for one in links if one.kind == "GTIN" and one.qty == single), None)


def linkable(found: Scan) -> str:
    """Return the part of a scan that is linked: a GTIN, SSCC or the code itself.

    Raises:
        InvalidCode: our own label, a wrong check digit, or nothing to link.
    """
    if found.own:
        raise InvalidCode(
            message("This is a label of this system. It needs no link."),
            problem="OWN",
            field="code",
        )
    if found.expected_digit:
        raise InvalidCode(
            message(
                "%(text)s looks like a GTIN, but its last digit should be %(expected_digit)s:"
                " check it.",
                text=found.text,
                expected_digit=found.expected_digit,
            ),
            problem="CHECK_DIGIT",
            field="code",
            expected=found.expected_digit,
        )
    if found.key is None:
        raise InvalidCode(
            message("This label has neither a GTIN nor a pallet number that can be linked."),
            problem="NOTHING_TO_LINK",
            field="code",
        )
    return found.key


def _link(
    tx: Connection,
    *,
    user_id: int,
    now: datetime,
    code: str,
    gtin: bool,
    item: str | None,
    lot_id: int | None,
    qty: object,
) -> dict[str, Any]:
    lot = None if lot_id is None else stock.get_lot(tx, lot_id)
    target = lot.item if lot else stock.get_item(tx, item or "")
    _require_unused(tx, code, target, lot_id)
    values = {
        "code": code,
        "kind": (CodeKind.GTIN if gtin else CodeKind.TEXT).value,
        "item_id": target.id,
        "lot_id": lot_id,
        "qty": parse_qty(qty, decimals=target.decimals, unit=target.unit),
    }
    id = tx.execute(
        sa.insert(codes).values(user_id=user_id, created_at=now, **values).returning(codes.c.id)
    ).scalar_one()
    record = read_links(tx, ids=[id])[0].to_dict()
    audit.record(tx, user_id=user_id, action="code linked", subject=f"item {target.code}", **record)
    return record


def _unlink(tx: Connection, *, user_id: int, now: datetime, code_id: int) -> dict[str, Any]:
    tx.execute(sa.select(codes.c.id).where(codes.c.id == code_id).with_for_update()).all()
    found = read_links(tx, ids=[code_id])
    if not found:
        raise NotFound(message("This barcode is not linked."), code_id=code_id)
    record = found[0].to_dict()
    tx.execute(sa.delete(codes).where(codes.c.id == code_id))
    subject = f"item {found[0].item_code}"
    audit.record(tx, user_id=user_id, action="code unlinked", subject=subject, **record)
    return record


def _require_unused(tx: Connection, code: str, item: Item, lot_id: int | None) -> None:
    for one in read_links(tx, codes_=[code]):
        raise DuplicateCode(
            describe_link(code, item=one.item_code, lot=one.lot_code),
            item=one.item_code,
            lot_code=one.lot_code,
            code_id=one.id,
        )
    for known in stock.read_items(tx, codes=[code]):
        raise DuplicateCode(message("%(code)s is the code of an item.", code=code), item=known.code)
    others = tx.execute(
        sa.select(lots.c.id, items.c.code)
        .join(items, items.c.id == lots.c.item_id)
        .where(stock.with_lot_code([code]))
        .limit(2)
    ).all()
    for other in others:
        if other.id != lot_id:
            raise DuplicateCode(
                message(
                    "%(code)s is the lot number of a lot of %(code_2)s.",
                    code=code,
                    code_2=other.code,
                ),
                item=other.code,
            )


def describe_link(code: str, *, item: str, lot: str | None) -> Message:
    """Describe that a barcode is linked already."""
    if lot:
        return message(
            "%(code)s is already linked to lot %(lot)s of %(item)s. Unlink it there first.",
            code=code,
            lot=lot,
            item=item,
        )
    return message(
        "%(code)s is already linked to item %(item)s. Unlink it there first.", code=code, item=item
    )
