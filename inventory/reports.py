"""Reports as tables of text: heads and rows, for files and for the command line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.csv_files import Row
from inventory.figures import utc
from inventory.listing import MOST_ROWS, list_items
from inventory.quantity import format_qty
from inventory.recall import Recall
from inventory.reorder import low_items


@dataclass(frozen=True, slots=True)
class Report:
    heads: Row
    rows: Iterable[Row]


def recall_report(found: Recall) -> Report:
    """Everything that a recall has to know of a lot: who has it, who waits for it, what is here."""
    heads = (
        "what", "reference", "item", "lot", "qty", "unit", "operation", "kind", "time", "user",
        "state",
    )  # fmt: skip
    return Report(heads, _recall_rows(found))


def _recall_rows(found: Recall) -> Iterator[Row]:
    item, unit = found.lot.item.code, found.lot.item.unit
    for one in found.movements:
        what = "went out" if one.qty > 0 else "came in"
        state = "" if one.counts else "undone" if one.undone_by else "undoing"
        yield (
            what, one.reference or "", item, one.lot_code, format_qty(abs(one.qty)), unit,
            str(one.operation_id), one.kind, utc(one.at), one.user_name, state,
        )  # fmt: skip
    for holder, lot, qty in found.reserved:
        since = utc(holder.created_at)
        yield (
            "reserved", holder.reference, item, lot.lot_code, format_qty(qty), unit, "", "", since,
            "", lot.qc_status,
        )  # fmt: skip
    for member in found.family:
        lot = member.lot
        yield (
            "on hand", "", item, lot.lot_code, format_qty(lot.on_hand), unit, "", "",
            utc(lot.received_at), "", lot.qc_status,
        )  # fmt: skip


def reorder_report(conn: Connection) -> Report:
    """What has to be bought: every item down to its reorder point."""
    heads = (
        "item", "name", "unit", "free", "reorder point", "short", "on hand", "reserved", "on hold",
        "low since",
    )  # fmt: skip
    return Report(heads, _reorder_rows(conn))


def low_since(conn: Connection, item_ids: Iterable[int]) -> dict[int, datetime]:
    """Since when these items have been low, where that is known."""
    chosen = sa.select(low_items).where(low_items.c.item_id.in_(list(item_ids)))
    return {row.item_id: row.since for row in conn.execute(chosen)}


def _reorder_rows(conn: Connection) -> Iterator[Row]:
    cursor = None
    while True:
        page = list_items(conn, low_stock=True, limit=MOST_ROWS, cursor=cursor)
        since = low_since(conn, [one.item.id for one in page.rows])
        for one in page.rows:
            item, sums = one.item, one.totals
            point = item.reorder_point or 0
            figures = (
                sums.free,
                point,
                point - sums.free,
                sums.on_hand,
                sums.reserved,
                sums.on_hold,
            )
            was = utc(since[item.id]) if item.id in since else ""
            yield (item.code, item.name, item.unit, *map(format_qty, figures), was)
        if (cursor := page.next_cursor) is None:
            return
