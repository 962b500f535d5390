"""What was in stock at a moment, of every item: for balance sheets and stock-takes.

Read from the ledger alone, as it stood then: an operation of later changes nothing in it. QC
states are those of then and what had expired by its day is on hold; master data are those of today.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

from sqlalchemy.engine import Connection

from inventory import clock, stock
from inventory.figures import Lot, totals
from inventory.listing import MOST_ROWS, Page, StockedItem, list_items


def day_at(at: datetime) -> date:
    """The site's day at a moment: the one that expiry dates are compared with."""
    return at.astimezone(clock.zone()).date()


def moment_in(text: datetime) -> datetime:
    """A moment as it is written on the site's clock, unless it says its zone."""
    return (text if text.tzinfo else text.replace(tzinfo=clock.zone())).astimezone(UTC)


def items_at(conn: Connection, at: datetime, **page: object) -> Page[StockedItem]:
    """Items by code with what there was of them at that moment; filters and pages as in
    `list_items`."""
    found = list_items(conn, **page)  # type: ignore[arg-type]
    lots: dict[int, list[Lot]] = {one.item.id: [] for one in found.rows}
    for lot in stock.lots_of(conn, lots, at=at):
        lots[lot.item.id].append(lot)
    day = day_at(at)
    rows = [StockedItem(one.item, totals(lots[one.item.id], day)) for one in found.rows]
    return Page(rows, found.next_cursor)


def every_item_at(conn: Connection, at: datetime) -> Iterator[StockedItem]:
    """Every item of which something was on hand, by code."""
    cursor = None
    while True:
        page = items_at(conn, at, limit=MOST_ROWS, cursor=cursor)
        yield from (one for one in page.rows if one.totals.on_hand)
        if (cursor := page.next_cursor) is None:
            return


def every_lot_at(conn: Connection, at: datetime) -> Iterator[Lot]:
    """Every lot of which something was on hand, by item code, oldest first."""
    cursor = None
    while True:
        page = list_items(conn, limit=MOST_ROWS, cursor=cursor)
        found = stock.lots_of(conn, [one.item.id for one in page.rows], at=at)
        found.sort(key=lambda lot: (lot.item.code, lot.id))
        yield from (lot for lot in found if lot.on_hand)
        if (cursor := page.next_cursor) is None:
            return
