"""Import of linked barcodes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory import audit
from inventory.barcodes.links import CodeLink, codes, describe_link, linkable, read_links
from inventory.barcodes.parser import parse_scan
from inventory.common.chunks import chunks
from inventory.common.errors import DuplicateCode, InvalidInput, NotFound, NotReversible, Refusal
from inventory.common.lookalikes import look_key
from inventory.common.messages import message
from inventory.common.progress import Progress
from inventory.common.quantity import parse_qty
from inventory.imports.column_mapping import Row
from inventory.imports.row_checks import RowCheckResult, item_suggester, with_suggestion
from inventory.models import CodeKind
from inventory.stock import queries as stock
from inventory.stock.entities import Item, Lot, choose_by_code
from inventory.stock.statements import items, lots


@dataclass(slots=True)
class _Known:
    """Items, lots and links of the database that the file names."""

    items: dict[str, Item]
    lots: dict[tuple[int, str], Lot]
    links: dict[str, CodeLink]
    #: Barcodes that are the code of an item, or of a lot of these items.
    item_codes: set[str] = field(default_factory=set)
    lot_codes: dict[str, set[int]] = field(default_factory=dict)


def check_rows(
    conn: Connection, rows: Sequence[Row], *, lock: bool, progress: Progress
) -> RowCheckResult:
    """Plan links for new barcodes; those with the same link already are skipped."""
    found = RowCheckResult(plan=[])
    keys: list[str | None] = []
    for index, row in enumerate(rows):
        try:
            keys.append(linkable(parse_scan(row.values["code"])))
        except Refusal as refusal:
            keys.append(None)
            found.refuse(index, refusal)
    known = _look_up(conn, rows, [key for key in keys if key])
    suggester = item_suggester(conn)
    seen: dict[str, int] = {}
    progress.start(message("Validating"), len(rows))
    for index, (row, key) in enumerate(zip(rows, keys, strict=True)):
        if key is None:
            continue
        try:
            if key in seen:
                raise InvalidInput(
                    message("Line %(line)s has the same barcode.", line=seen[key]), field="code"
                )
            seen[key] = row.line
            if row.values["item"] not in known.items:
                reason = message("There is no item %(item)s.", item=row.values["item"])
                near = suggester.near(row.values["item"])
                raise NotFound(with_suggestion(reason, near), field="item")
            _check_rows(found, known, key, row.values)
        except Refusal as refusal:
            found.refuse(index, refusal)
        if index % 500 == 499:
            progress.step(500)
    return found


def _check_rows(found: RowCheckResult, known: _Known, key: str, fields: dict[str, Any]) -> None:
    item = known.items[fields["item"]]
    is_gtin = parse_scan(fields["code"]).gtin is not None
    lot_id = _lot_id(known, item, fields["lot_code"], is_gtin)
    qty = parse_qty(fields["qty"] or "1", decimals=item.decimals, unit=item.unit)
    link = known.links.get(key)
    if link is not None:
        if (link.item_id, link.lot_id, link.qty) == (item.id, lot_id, qty):
            found.same += 1
            return
        raise DuplicateCode(describe_link(key, item=link.item_code, lot=link.lot_code))
    if key in known.item_codes:
        raise DuplicateCode(message("%(key)s is the code of an item.", key=key))
    if known.lot_codes.get(key, set()) - {lot_id}:
        raise DuplicateCode(message("%(key)s is a lot number.", key=key))
    kind = (CodeKind.GTIN if is_gtin else CodeKind.TEXT).value
    found.plan.append({"code": key, "kind": kind, "item_id": item.id, "lot_id": lot_id, "qty": qty})
    found.new += 1


def _lot_id(known: _Known, item: Item, lot_code: str | None, is_gtin: bool) -> int | None:
    if lot_code is None:
        return None
    if is_gtin:
        raise InvalidInput(
            message("A GTIN identifies an item, not a lot. Leave the lot empty."), field="lot_code"
        )
    lot = known.lots.get((item.id, lot_code))
    if lot is None:
        raise NotFound(
            message("There is no lot %(lot_code)s of %(item)s.", lot_code=lot_code, item=item.code),
            field="lot_code",
        )
    return lot.id


def _look_up(conn: Connection, rows: Sequence[Row], keys: Sequence[str]) -> _Known:
    named = sorted({row.values["item"] for row in rows})
    found = stock.find_items(conn, named)
    pairs = [
        (found[row.values["item"]].id, row.values["lot_code"])
        for row in rows
        if row.values["lot_code"] and row.values["item"] in found
    ]
    alike: dict[tuple[int, str], list[Lot]] = {}
    for lot in stock.read_lookalike_lots(conn, pairs):
        alike.setdefault((lot.item.id, look_key(lot.lot_code)), []).append(lot)
    its_lots = {
        (item_id, code): meant
        for item_id, code in pairs
        if (meant := choose_by_code(alike.get((item_id, look_key(code)), ()), code))
    }
    known = _Known(found, its_lots, {link.code: link for link in _links(conn, keys)})
    for some in chunks(sorted(set(keys))):
        chosen = sa.select(items.c.code).where(items.c.code.in_(some))
        known.item_codes.update(conn.execute(chosen).scalars())
        named_lots = sa.select(lots.c.lot_code, lots.c.id).where(stock.with_lot_code(some))
        for code, lot_id in conn.execute(named_lots):
            known.lot_codes.setdefault(code, set()).add(lot_id)
    return known


def _links(conn: Connection, keys: Iterable[str]) -> list[CodeLink]:
    return [link for some in chunks(sorted(set(keys))) for link in read_links(conn, codes_=some)]


def write(
    tx: Connection, judgement: RowCheckResult, *, user_id: int, now: datetime, progress: Progress
) -> dict[str, Any]:
    """Write the planned links and return the data for an undo."""
    progress.start(message("Writing"), len(judgement.plan))
    for some in chunks(judgement.plan):
        tx.execute(
            sa.insert(codes), [{**row, "user_id": user_id, "created_at": now} for row in some]
        )
        progress.step(len(some))
    made = _links(tx, [row["code"] for row in judgement.plan])
    changes = [(f"item {link.item_code}", link.to_dict()) for link in made]
    audit.record_all(tx, user_id=user_id, action="code linked", changes=changes)
    return {"created": [[link.id, link.code, link.item_id, link.lot_id, link.qty] for link in made]}


def undo(tx: Connection, undo: dict[str, Any], *, user_id: int) -> None:
    """Delete the links that the import created.

    Links that were deleted since are skipped.

    Raises:
        NotReversible: a barcode was linked again since.
    """
    now = {link.code: link for link in _links(tx, [row[1] for row in undo["created"]])}
    gone: list[CodeLink] = []
    for id, code, *stood_for in undo["created"]:
        link = now.get(code)
        if link is None:
            continue
        if link.id != id or [link.item_id, link.lot_id, link.qty] != stood_for:
            raise NotReversible(
                message("%(code)s was linked again after the import.", code=code), operations=[]
            )
        gone.append(link)
    for some in chunks(gone):
        tx.execute(sa.delete(codes).where(codes.c.id.in_([link.id for link in some])))
    changes = [(f"item {link.item_code}", link.to_dict()) for link in gone]
    audit.record_all(tx, user_id=user_id, action="code unlinked", changes=changes)
