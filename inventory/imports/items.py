"""Import of items and reorder points."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory import audit, catalog, pictures
from inventory.barcodes.links import codes
from inventory.common.chunks import chunks
from inventory.common.errors import InvalidInput, NotFound, NotReversible, Refusal
from inventory.common.lookalikes import look_key
from inventory.common.messages import message, plural_message
from inventory.common.progress import Progress
from inventory.common.quantity import parse_qty
from inventory.imports.column_mapping import Row
from inventory.imports.row_checks import RowCheckResult, item_suggester, with_suggestion
from inventory.stock import queries as stock
from inventory.stock.entities import Item
from inventory.stock.statements import items, lots
from inventory.webhooks import low_stock

_DEFAULTS: dict[str, Any] = {
    "unit": "pcs",
    "decimals": 0,
    "qc_required": False,
    "reorder_point": None,
}
_FACTS = ("code", "name", "unit", "decimals", "qc_required", "reorder_point")


@dataclass(slots=True)
class Changes:
    """New items, and known items with their changes.

    `old` holds each known item that changes, with its new values.
    """

    new: list[dict[str, Any]] = field(default_factory=list)
    old: list[tuple[Item, dict[str, Any]]] = field(default_factory=list)


def check_rows(
    conn: Connection, rows: Sequence[Row], *, kind: str, lock: bool, progress: Progress
) -> RowCheckResult:
    """Plan new and changed items.

    Empty cells of a new item get the defaults; those of a known item change nothing.
    """
    named = "code" if kind == "items" else "item"
    asked = [row.values[named] for row in rows]
    known = _known(conn, kind, asked)
    if lock:
        _lock(conn, known.values())
        known = _known(conn, kind, asked)
    used = _used(conn, known.values()) if kind == "items" else set()
    found = RowCheckResult(plan=Changes())
    codes_by_look = _codes_by_look(conn) if kind == "items" else {}
    suggester = item_suggester(conn)
    progress.start(message("Validating"), len(rows))
    for index, row in enumerate(rows):
        item = known.get(asked[index])
        try:
            if item is not None:
                _update_items(found, item, row.values, used)
            elif kind == "items":
                _create_items(found, index, row.values, codes_by_look)
            else:
                reason = message("There is no item %(item)s.", item=asked[index])
                raise NotFound(with_suggestion(reason, suggester.near(asked[index])), field="item")
        except Refusal as refusal:
            found.refuse(index, refusal)
        if index % 500 == 499:
            progress.step(500)
    return found


def _known(conn: Connection, kind: str, asked: Sequence[str]) -> dict[str, Item]:
    """Return the known items; in a list of items, a code in another case is a new item's."""
    if kind == "items":
        return {item.code: item for item in stock.read_items(conn, codes=asked)}
    return stock.find_items(conn, asked)


def _create_items(
    found: RowCheckResult, index: int, fields: dict[str, Any], codes_by_look: dict[str, list[str]]
) -> None:
    filled: dict[str, Any] = _DEFAULTS | {
        name: value for name, value in fields.items() if value is not None
    }
    code = catalog.validate_item_code(filled["code"])
    point, decimals = filled["reorder_point"], filled["decimals"]
    filled["reorder_point"] = _reorder_point(point, decimals, filled["unit"])
    alike = codes_by_look.setdefault(look_key(code), [])
    if alike:
        found.notes.append(
            (
                index,
                message(
                    "%(code)s is a new item code, but it looks like item %(other)s. If this is the"
                    " same item, fix the code in the file.",
                    code=code,
                    other=alike[0],
                ),
            )
        )
    alike.append(code)
    found.plan.new.append(filled | {"code": code})
    found.new += 1


def _update_items(
    found: RowCheckResult, item: Item, fields: dict[str, Any], used: set[int]
) -> None:
    if item.archived_at is not None:
        raise InvalidInput(
            message(
                "%(item)s is archived. Edit the item and clear “Archived” first.", item=item.code
            ),
            field="code",
        )
    said = {name: fields[name] for name in _FACTS[1:] if fields.get(name) is not None}
    # the file has no other column than the reorder point
    if "reorder_point" in fields and "name" not in fields:
        said["reorder_point"] = fields["reorder_point"]
    if said.get("reorder_point") is not None:
        decimals = said.get("decimals", item.decimals)
        said["reorder_point"] = _reorder_point(said["reorder_point"], decimals, item.unit)
    changes = {name: value for name, value in said.items() if value != getattr(item, name)}
    for frozen in catalog.FROZEN:
        if frozen in changes and item.id in used:
            raise InvalidInput(catalog.describe_frozen(frozen, item), field=frozen)
    if changes:
        found.plan.old.append((item, changes))
        found.changed += 1
    else:
        found.same += 1


def _reorder_point(value: str | None, decimals: int, unit: str) -> int | None:
    if value is None:
        return None
    return parse_qty(value, decimals=decimals, unit=unit, field="reorder_point", allow_zero=True)


def _lock(conn: Connection, known: Iterable[Item]) -> None:
    for some in chunks(sorted(item.id for item in known)):
        chosen = sa.select(items.c.id).where(items.c.id.in_(some)).order_by(items.c.id)
        conn.execute(chosen.with_for_update()).all()


def _used(conn: Connection, known: Iterable[Item]) -> set[int]:
    """Return the ids of these items that have lots."""
    used: set[int] = set()
    for some in chunks([item.id for item in known]):
        has = sa.exists().where(lots.c.item_id == items.c.id)
        used.update(conn.execute(sa.select(items.c.id).where(items.c.id.in_(some), has)).scalars())
    return used


def _with_codes(conn: Connection, item_ids: Iterable[int]) -> set[int]:
    """Return the ids of these items that have linked barcodes."""
    found: set[int] = set()
    for some in chunks(sorted(item_ids)):
        chosen = sa.select(codes.c.item_id).where(codes.c.item_id.in_(some))
        found.update(conn.execute(chosen).scalars())
    return found


def _codes_by_look(conn: Connection) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in conn.execute(sa.select(items.c.look_key, items.c.code).order_by(items.c.look_no)):
        found.setdefault(row.look_key, []).append(row.code)
    return found


def write(
    tx: Connection, judgement: RowCheckResult, *, user_id: int, now: datetime, progress: Progress
) -> dict[str, Any]:
    """Write the planned items and return the data for an undo."""
    plan: Changes = judgement.plan
    progress.start(message("Writing"), len(plan.new) + len(plan.old))
    keys = catalog.CodeKeys(tx, [fields["code"] for fields in plan.new])
    for some in chunks(plan.new):
        rows = [
            fields
            | keys.next_of(fields["code"])
            | catalog.text_keys(fields["code"], fields["name"])
            | {"created_at": now}
            for fields in some
        ]
        tx.execute(sa.insert(items), rows)
        progress.step(len(some))
    created = stock.read_items(tx, codes=[fields["code"] for fields in plan.new])
    for item, changes in plan.old:
        values = changes | catalog.text_keys(item.code, changes.get("name", item.name))
        tx.execute(sa.update(items).where(items.c.id == item.id).values(**values))
        progress.step()
    audit.record_all(
        tx, user_id=user_id, action="item created",
        changes=[(f"item {fields['code']}", fields) for fields in plan.new],
    )  # fmt: skip
    before = [({name: getattr(item, name) for name in new}, new) for item, new in plan.old]
    audit.record_all(
        tx, user_id=user_id, action="item changed",
        changes=[
            (f"item {item.code}", {"before": was, "after": new})
            for (item, _), (was, new) in zip(plan.old, before, strict=True)
        ],
    )  # fmt: skip
    watched = [item.id for item in created if item.reorder_point is not None]
    low_stock.update_low_stock_events(tx, watched + [item.id for item, _ in plan.old])
    return {
        "created": [[item.id, _plain(item)] for item in created],
        "changed": [
            [item.id, was, new] for (item, _), (was, new) in zip(plan.old, before, strict=True)
        ],
    }


def _plain(item: Item) -> dict[str, Any]:
    return {name: getattr(item, name) for name in _FACTS}


def undo(tx: Connection, undo: dict[str, Any], *, user_id: int) -> None:
    """Delete the items that the import created and restore those that it changed.

    Raises:
        NotReversible: an item was used or changed since.
    """
    ids = [id for id, *_ in (*undo["created"], *undo["changed"])]
    _lock(tx, stock.read_items(tx, ids=ids))
    known = {item.id: item for item in stock.read_items(tx, ids=ids)}
    in_use = _used(tx, known.values()) | _with_codes(tx, known)
    in_the_way = [
        known[id].code
        for id, fields in undo["created"]
        if id in known and (id in in_use or _plain(known[id]) != fields)
    ] + [
        known[id].code
        for id, _, after in undo["changed"]
        if id not in known or {name: getattr(known[id], name) for name in after} != after
    ]
    if in_the_way:
        raise NotReversible(
            plural_message(
                "%(num)s of its items has been used or changed since the import: %(items)s.",
                "%(num)s of its items have been used or changed since the import: %(items)s.",
                len(in_the_way),
                items=in_the_way[:5] + ["…"] * (len(in_the_way) > 5),
            ),
            items=in_the_way[:20],
            operations=[],
        )
    gone = [(id, fields) for id, fields in undo["created"] if id in known]
    for some in chunks(gone):
        few = [id for id, _ in some]
        low_stock.delete_low_stock_events(tx, few)
        pictures.delete_of_items(tx, few)
        tx.execute(sa.delete(items).where(items.c.id.in_(few)))
    for id, before, _ in undo["changed"]:
        values = before | catalog.text_keys(known[id].code, before.get("name", known[id].name))
        tx.execute(sa.update(items).where(items.c.id == id).values(**values))
    low_stock.update_low_stock_events(tx, [id for id, *_ in undo["changed"]])
    removed = [(f"item {fields['code']}", fields) for _, fields in gone]
    audit.record_all(tx, user_id=user_id, action="item removed", changes=removed)
    restored = [
        (f"item {known[id].code}", {"before": after, "after": before})
        for id, before, after in undo["changed"]
    ]
    audit.record_all(tx, user_id=user_id, action="item changed", changes=restored)
