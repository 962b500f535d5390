"""Stock of every item at an earlier time, for balance sheets and stock counts.

Read from the ledger as of that time; later operations change nothing. QC statuses and expiry are
those of that time; master data is the current one.
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
    """Return the site's date at that time, which expiry dates are compared with."""
    return at.astimezone(clock.zone()).date()


def parse_as_of(text: datetime) -> datetime:
    """Return the time in UTC; without a zone it is the site's local time."""
    return (text if text.tzinfo else text.replace(tzinfo=clock.zone())).astimezone(UTC)


def items_at(conn: Connection, at: datetime, **page: object) -> Page[StockedItem]:
    """Return the items by code with their stock at that time.

    Filters and pages are those of `list_items`.
    """
    found = list_items(conn, **page)  # type: ignore[arg-type]
    lots: dict[int, list[Lot]] = {row.item.id: [] for row in found.rows}
    for lot in stock.get_lots_of_items(conn, lots, at=at):
        lots[lot.item.id].append(lot)
    day = local_date(at)
    rows = [StockedItem(row.item, totals(lots[row.item.id], day)) for row in found.rows]
    return Page(rows, found.next_cursor)


def every_item_at(reads: Reads, at: datetime) -> Iterator[StockedItem]:
    """Yield every item that had stock on hand, by code."""
    found = all_pages(reads, items_at, at)
    return (one for one in found if one.totals.on_hand)


def every_lot_at(reads: Reads, at: datetime) -> Iterator[Lot]:
    """Yield every lot that had stock on hand, by item code, oldest first."""
    return all_pages(reads, _lots_at, at)


def _lots_at(conn: Connection, at: datetime, **page: object) -> Page[Lot]:
    """Return the lots with stock on hand, for one page of items."""
    items = list_items(conn, **page)  # type: ignore[arg-type]
    found = stock.get_lots_of_items(conn, [row.item.id for row in items.rows], at=at)
    found.sort(key=lambda lot: (lot.item.code, lot.id))
    return Page([lot for lot in found if lot.on_hand], items.next_cursor)
