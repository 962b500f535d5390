"""What was in stock at a moment, of every item: for balance sheets and stock-takes.

Read from the ledger alone, as it stood then: an operation of later changes nothing in it. QC
states are those of then and what had expired by its day is on hold; master data are those of today.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

from sqlalchemy.engine import Connection

from inventory.common import clock
from inventory.queries import Page, StockedItem, all_pages, list_items
from inventory.queries.page_reads import Reads
from inventory.stock import queries as stock
from inventory.stock.entities import Lot, totals


def local_date(at: datetime) -> date:
    """The site's day at a moment: the one that expiry dates are compared with."""
    return at.astimezone(clock.zone()).date()


def parse_as_of(text: datetime) -> datetime:
    """A moment as it is written on the site's clock, unless it says its zone."""
    return (text if text.tzinfo else text.replace(tzinfo=clock.zone())).astimezone(UTC)


def items_at(conn: Connection, at: datetime, **page: object) -> Page[StockedItem]:
    """Items by code with what there was of them at that moment; filters and pages as in
    `list_items`."""
    found = list_items(conn, **page)  # type: ignore[arg-type]
    lots: dict[int, list[Lot]] = {row.item.id: [] for row in found.rows}
    for lot in stock.get_lots_of_items(conn, lots, at=at):
        lots[lot.item.id].append(lot)
    day = local_date(at)
    rows = [StockedItem(row.item, totals(lots[row.item.id], day)) for row in found.rows]
    return Page(rows, found.next_cursor)


def every_item_at(reads: Reads, at: datetime) -> Iterator[StockedItem]:
    """Every item of which something was on hand, by code."""
    found = all_pages(reads, items_at, at)
    return (one for one in found if one.totals.on_hand)


def every_lot_at(reads: Reads, at: datetime) -> Iterator[Lot]:
    """Every lot of which something was on hand, by item code, oldest first."""
    return all_pages(reads, _lots_at, at)


def _lots_at(conn: Connection, at: datetime, **page: object) -> Page[Lot]:
    """The lots on hand of a page of items."""
    items = list_items(conn, **page)  # type: ignore[arg-type]
    found = stock.get_lots_of_items(conn, [row.item.id for row in items.rows], at=at)
    found.sort(key=lambda lot: (lot.item.code, lot.id))
    return Page([lot for lot in found if lot.on_hand], items.next_cursor)
