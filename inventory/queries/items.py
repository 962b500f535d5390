"""List items with their stock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.common import clock, validation
from inventory.queries.pagination import (
    USUAL_ROWS,
    CursorScope,
    Page,
    SortOrder,
    id_key,
    int_key,
    read_page,
    sort_key,
)
from inventory.queries.search import contains, validate_search
from inventory.stock import queries as stock
from inventory.stock.balance_filters import (
    available_sum,
    figures_of_items,
    is_expired,
    is_low_item,
    item_balances,
    lot_balances,
)
from inventory.stock.entities import Item, StockTotals
from inventory.stock.statements import items, ledger


@dataclass(frozen=True, slots=True)
class StockedItem:
    """An item with the sums of its stock."""

    item: Item
    totals: StockTotals
    #: The timestamp of the item's last ledger entry.
    last_move: datetime | None = None

    @property
    def is_low(self) -> bool:
        """Return whether the item is active and its free stock is at the reorder point.

        Stock below the reorder point counts too.
        """
        point = self.item.reorder_point
        return point is not None and self.item.archived_at is None and self.totals.free <= point


def list_items(
    conn: Connection,
    *,
    q: object = None,
    low_stock: bool | None = None,
    archived: bool | None = None,
    unit: object = None,
    sort: object = None,
    limit: int = USUAL_ROWS,
    cursor: object = None,
) -> Page[StockedItem]:
    """Return items with their stock, by code or as `sort` says.

    Args:
        q: words to find in code or name.
        low_stock: free stock is at or below the reorder point; archived items are never low.
        unit: only items with this unit.
        sort: one of ITEM_SORTS; a leading "-" reverses the order.
    """
    q = validate_search(q)
    unit = validation.validate_text(unit, field="unit", max_length=16)
    sort = validation.validate_choice(sort or "code", field="sort", choices=ITEM_SORTS)
    order = _order(sort.lstrip("-"), falls=sort.startswith("-"), today=clock.today())
    filters = {"q": q, "low": low_stock, "archived": archived, "unit": unit, "sort": sort}
    place = CursorScope("items", filters, order.keys)
    chosen = sa.select(items.c.id)
    if sort.lstrip("-") not in ("code", "name"):
        chosen = chosen.join(item_balances, item_balances.c.item_id == items.c.id, isouter=True)
    chosen = order.apply(chosen, place.position_of(cursor))
    if q:
        chosen = chosen.where(contains(conn, q, items))
    if low_stock is not None:
        chosen = chosen.where(
            is_low_item(clock.today()) if low_stock else ~is_low_item(clock.today())
        )
    if archived is not None:
        chosen = chosen.where(items.c.archived_at.is_not(None) == archived)
    if unit is not None:
        chosen = chosen.where(items.c.unit == unit)
    return read_page(conn, chosen, place, limit, order.position, stocked_items)


_FIGURES = ("on_hand", "reserved", "on_hold", "free")
ITEM_SORTS = tuple(f"{sign}{name}" for name in ("code", "name", *_FIGURES) for sign in ("", "-"))


def _order(name: str, *, falls: bool, today: date) -> SortOrder:
    if name == "code":
        return SortOrder((items.c.sort_key, items.c.id), (sort_key, id_key), falls)
    if name == "name":
        return SortOrder((items.c.name_key, items.c.id), (sort_key, id_key), falls)
    figure = sa.func.coalesce(figures_of_items(today)[name], 0)
    return SortOrder((figure, items.c.id), (int_key, id_key), falls)


def suggest_items(conn: Connection, q: object, *, limit: int) -> list[Item]:
    """Return active items that match `q`, by code, to choose from."""
    chosen = sa.select(items.c.id).where(items.c.archived_at.is_(None))
    if q := validate_search(q):
        chosen = chosen.where(contains(conn, q, items))
    ids = list(conn.execute(chosen.order_by(items.c.sort_key, items.c.id).limit(limit)).scalars())
    found = {item.id: item for item in stock.read_items(conn, ids=ids)}
    return [found[id] for id in ids if id in found]


def units(conn: Connection) -> list[str]:
    """Return every unit that an item has."""
    return list(conn.execute(sa.select(items.c.unit).distinct().order_by(items.c.unit)).scalars())


def stocked_items(conn: Connection, ids: Sequence[int]) -> list[StockedItem]:
    """Return these items with their stock, in this order."""
    found = {item.id: item for item in stock.read_items(conn, ids=ids)}
    of = _totals_of(conn, ids, clock.today())
    moved = {row.id: row.last_move for row in conn.execute(_MOVED.where(items.c.id.in_(ids)))}
    return [
        StockedItem(found[id], of.get(id, StockTotals()), moved[id]) for id in ids if id in found
    ]


_LAST_OF_ITEM = (
    sa.select(sa.func.max(ledger.c.id))
    .where(ledger.c.item_id == items.c.id)
    .correlate(items)
    .scalar_subquery()
)
_MOVED = sa.select(
    items.c.id,
    sa.select(ledger.c.timestamp)
    .where(ledger.c.id == _LAST_OF_ITEM)
    .correlate(items)
    .scalar_subquery()
    .label("last_move"),
)


def _totals_of(conn: Connection, ids: Sequence[int], today: date) -> dict[int, StockTotals]:
    """Return the sums of the items' lots from the balance tables.

    The cost of a list must not grow with the number of lots. An item's own page sums up the ledger.
    """
    expired = sa.select(lot_balances.c.item_id, available_sum().label("qty")).where(
        lot_balances.c.item_id.in_(ids), is_expired(today)
    )
    lost = {row.item_id: row.qty for row in conn.execute(expired.group_by(lot_balances.c.item_id))}
    rows = conn.execute(sa.select(item_balances).where(item_balances.c.item_id.in_(ids)))
    return {
        row.item_id: StockTotals(row.on_hand, row.reserved, row.held + lost.get(row.item_id, 0))
        for row in rows
    }
