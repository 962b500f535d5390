"""Reports as tables of text, for files and the command line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.common import clock
from inventory.common.quantity import format_qty
from inventory.exports.formats import Row
from inventory.exports.xlsx import columns
from inventory.queries import Page, StockedItem, all_pages, list_items
from inventory.queries.page_reads import Reads
from inventory.reports import analytics
from inventory.reports.stock_as_of import every_item_at, every_lot_at, local_date
from inventory.stock.entities import format_utc
from inventory.stock.recall import Recall
from inventory.webhooks.low_stock import low_items


@dataclass(frozen=True, slots=True)
class Report:
    """A table: column names and rows."""

    headers: Row
    rows: Iterable[Row]


def recall_report(found: Recall) -> Report:
    """Return a recall: movements, reservations and stock of the lot's family."""
    headers = columns(
        "what", "reference", "item", "lot", "qty:number", "unit", "operation:number", "kind",
        "time:time", "user",
        "state",
    )  # fmt: skip
    return Report(headers, _recall_rows(found))


def _recall_rows(found: Recall) -> Iterator[Row]:
    item, unit = found.lot.item.code, found.lot.item.unit
    for movement in found.movements:
        what = "went out" if movement.qty > 0 else "came in"
        state = "" if movement.is_effective else "undone" if movement.undone_by else "undoing"
        yield (
            what, movement.reference or "", item, movement.lot_code,
            format_qty(abs(movement.qty)), unit, str(movement.operation_id), movement.kind,
            format_utc(movement.at), movement.user_name, state,
        )  # fmt: skip
    for holder, lot, qty in found.reserved:
        since = format_utc(holder.created_at)
        yield (
            "reserved", holder.reference, item, lot.lot_code, format_qty(qty), unit, "", "", since,
            "", lot.qc_status,
        )  # fmt: skip
    for member in found.family:
        lot = member.lot
        yield (
            "on hand", "", item, lot.lot_code, format_qty(lot.on_hand), unit, "", "",
            format_utc(lot.received_at), "", lot.qc_status,
        )  # fmt: skip


def reorder_report(reads: Reads) -> Report:
    """Return every low item, with what is missing to its reorder point."""
    headers = columns(
        "item", "name", "unit", "free:number", "reorder point:number", "short:number",
        "on hand:number", "reserved:number", "on hold:number", "low since:time",
    )  # fmt: skip
    return Report(headers, _reorder_rows(reads))


def low_since(conn: Connection, item_ids: Iterable[int]) -> dict[int, datetime]:
    """Return when these items became low, where that is known."""
    chosen = sa.select(low_items).where(low_items.c.item_id.in_(list(item_ids)))
    return {row.item_id: row.since for row in conn.execute(chosen)}


def _low_items(conn: Connection, **page: Any) -> Page[tuple[StockedItem, datetime | None]]:
    """Return a page of low items, with when each became low."""
    found = list_items(conn, low_stock=True, **page)
    since = low_since(conn, [row.item.id for row in found.rows])
    return Page([(row, since.get(row.item.id)) for row in found.rows], found.next_cursor)


def _reorder_rows(reads: Reads) -> Iterator[Row]:
    for one, since in all_pages(reads, _low_items):
        item, sums = one.item, one.totals
        point = item.reorder_point or 0
        short = point - sums.free
        figures = (sums.free, point, short, sums.on_hand, sums.reserved, sums.on_hold)
        named = (item.code, item.name, item.unit)
        yield (*named, *map(format_qty, figures), format_utc(since) if since else "")


_FIGURES = (
    "on hand:number", "reserved:number", "available:number", "on hold:number", "free:number",
)  # fmt: skip


def stock_report(reads: Reads, at: datetime) -> Report:
    """Return the stock at that time, by item."""
    return Report(columns("item", "name", "unit", *_FIGURES), _stock_rows(reads, at))


def _stock_rows(reads: Reads, at: datetime) -> Iterator[Row]:
    for one in every_item_at(reads, at):
        sums = one.totals
        figures = (sums.on_hand, sums.reserved, sums.available, sums.on_hold, sums.free)
        yield (one.item.code, one.item.name, one.item.unit, *map(format_qty, figures))


def lots_report(reads: Reads, at: datetime) -> Report:
    """Return the stock at that time, by lot."""
    named = ("item", "lot", "unit", "state", "expires:date")
    headers = columns(*named, *_FIGURES, "location", "received:time")
    return Report(headers, _lot_rows(reads, at))


def _lot_rows(reads: Reads, at: datetime) -> Iterator[Row]:
    day = local_date(at)
    for lot in every_lot_at(reads, at):
        figures = (lot.on_hand, lot.reserved, lot.available, lot.on_hold(day), lot.free(day))
        state, expires = lot.hold_reason(day) or lot.qc_status, str(lot.expires_on or "")
        named = (lot.item.code, lot.lot_code, lot.item.unit, state, expires)
        yield (*named, *map(format_qty, figures), lot.location or "", format_utc(lot.received_at))


def movement_report(conn: Connection, first: date, last: date, *, item_id: int | None) -> Report:
    """Return what came in and went out on each day.

    Quantities of the item if one is given, otherwise numbers of entries.
    """
    rows = analytics.movement(conn, first, last, item_id=item_id)
    word = str if item_id is None else format_qty
    return Report(
        columns("day:date", "received:number", "issued:number"),
        [(str(row.day), word(row.received), word(row.issued)) for row in rows],
    )


def ageing_report(conn: Connection, *, item_id: int | None) -> Report:
    """Return stock on hand by age group."""
    rows = analytics.ageing(conn, clock.today(), item_id=item_id)
    return Report(
        columns("unit", "days old", "lots:number", "on hand:number"),
        [(row.unit, _days(row.up_to), str(row.lots), format_qty(row.qty)) for row in rows],
    )


def _days(up_to: int | None) -> str:
    return f"up to {up_to}" if up_to is not None else f"over {analytics.AGES[-1]}"


def expiring_report(conn: Connection, *, item_id: int | None) -> Report:
    """Return expired stock and stock that expires in the next weeks, by day."""
    rows = analytics.expiring(conn, clock.today(), item_id=item_id)
    return Report(
        columns("day:date", "unit", "lots:number", "on hand:number", "reserved:number"),
        [
            (
                str(row.day),
                row.unit,
                str(row.lots),
                format_qty(row.on_hand),
                format_qty(row.reserved),
            )
            for row in rows
        ],
    )
