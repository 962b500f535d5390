"""List lots with their balances, and the QC history of a lot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from operator import eq, ge, lt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.common import clock, validation
from inventory.models import QcDecision, QcStatus, table
from inventory.queries.pagination import (
    USUAL_ROWS,
    CursorScope,
    Page,
    SortOrder,
    date_key,
    id_key,
    in_order,
    int_key,
    read_page,
    sort_key,
)
from inventory.queries.search import contains, id_of_item, validate_search
from inventory.stock import queries as stock
from inventory.stock.balance_filters import has_status, is_usable, lot_balances
from inventory.stock.entities import Lot
from inventory.stock.statements import items, lots, operations, users

_decisions = table(QcDecision)


@dataclass(frozen=True, slots=True)
class LotDecision:
    """A QC decision on a lot; the first one is the status at receipt."""

    status: str
    from_status: str | None
    reason: str | None
    user_name: str
    decided_at: datetime
    operation_id: int


def list_lots(
    conn: Connection,
    *,
    item: object = None,
    qc_status: object = None,
    q: object = None,
    expiring_before: object = None,
    expiring_from: object = None,
    expires_on: object = None,
    with_stock: bool | None = None,
    having: object = None,
    unit: object = None,
    sort: object = None,
    limit: int = USUAL_ROWS,
    cursor: object = None,
) -> Page[Lot]:
    """Return lots, newest first or in the order of `sort`.

    Args:
        q: words to find in lot code or supplier lot.
        expiring_before: only lots that expire before this day, soonest first unless `sort` is
            given.
        expiring_from: with `expiring_before`, only lots that expire on this day or later.
        having: "reserved", "on_hold" or "free"; only lots that add to this figure.
        sort: one of LOT_SORTS; a leading "-" reverses the order. No expiry sorts as the latest.
    """
    q = validate_search(q)
    until = validation.validate_date(expiring_before, field="expiring_before")
    usual = "-received" if until is None else "expires"
    since = validation.validate_date(expiring_from, field="expiring_from")
    day = validation.validate_date(expires_on, field="expires_on")
    sort = validation.validate_choice(sort or usual, field="sort", choices=LOT_SORTS)
    filters = {
        "item": item, "qc": qc_status, "q": q, "stock": with_stock,
        "until": until if since is None else f"{since}/{until}",
        "on": day, "having": having, "unit": unit, "sort": sort,
    }  # fmt: skip
    # Lots in stock and all lots have different indexes on the expiry date.
    expires = lot_balances.c.expires_on if with_stock else lots.c.expires_on
    id = lot_balances.c.lot_id if with_stock or until is None else lots.c.id
    dated = expires if until is not None else sa.func.coalesce(expires, _NEVER)
    order = _order(sort.lstrip("-"), sort.startswith("-"), dated, id)
    place = CursorScope("lots", filters, order.keys)
    chosen = sa.select(lot_balances.c.lot_id.label("id")).join(
        lots, lots.c.id == lot_balances.c.lot_id
    )
    chosen = order.apply(chosen, place.position_of(cursor))
    dates = ((lt, until), (ge, since), (eq, day))
    chosen = chosen.where(*(compare(expires, one) for compare, one in dates if one is not None))
    if item is not None:
        chosen = chosen.where(lots.c.item_id == id_of_item(conn, item))
    if qc_status is not None:
        chosen = chosen.where(_has_status(qc_status))
    if with_stock is not None:
        chosen = chosen.where(lot_balances.c.stocked if with_stock else ~lot_balances.c.stocked)
    if having is not None:
        chosen = chosen.where(
            _has(validation.validate_choice(having, field="having", choices=_HAVING))
        )
    if unit is not None:
        chosen = chosen.where(lot_balances.c.item_id.in_(_counted_in(unit)))
    if q:
        chosen = chosen.where(contains(conn, q, lots))
    return read_page(
        conn,
        chosen,
        place,
        limit,
        order.position,
        lambda conn, ids: in_order(stock.read_lots(conn, ids), ids),
    )


def _has_status(value: object) -> sa.ColumnElement[bool]:
    status = validation.validate_choice(value, field="qc_status", choices=tuple(QcStatus))
    return has_status(str(status))


_HAVING = ("reserved", "on_hold", "free")
_SORTED = ("lot", "received", "expires", "on_hand", "reserved", "free")
LOT_SORTS = tuple(f"{sign}{name}" for name in _SORTED for sign in ("", "-"))
_NEVER = sa.literal(date.max, sa.Date)
_available = lot_balances.c.on_hand - lot_balances.c.reserved


def _order(name: str, falls: bool, dated: Any, id: Any) -> SortOrder:
    if name == "received":
        return SortOrder((id,), (id_key,), falls)
    if name == "expires":
        return SortOrder((dated, id), (date_key, id_key), falls)
    if name == "lot":
        return SortOrder((lots.c.sort_key, id), (sort_key, id_key), falls)
    figure = {
        "on_hand": lot_balances.c.on_hand,
        "reserved": lot_balances.c.reserved,
        "free": sa.case((is_usable(clock.today()), _available), else_=0),
    }[name]
    return SortOrder((figure, id), (int_key, id_key), falls)


def _has(figure: str) -> sa.ColumnElement[bool]:
    """Return the condition for lots that add to this figure."""
    if figure == "reserved":
        return lot_balances.c.reserved > 0
    usable = is_usable(clock.today())
    return sa.and_(lot_balances.c.stocked, _available > 0, usable if figure == "free" else ~usable)


def _counted_in(unit: object) -> sa.Select[tuple[int]]:
    cleaned = validation.validate_text(unit, field="unit", max_length=16)
    return sa.select(items.c.id).where(items.c.unit == cleaned)


def decisions_on(conn: Connection, lot_id: int) -> list[LotDecision]:
    """Return a lot's QC decisions, oldest first."""
    rows = conn.execute(
        sa.select(
            _decisions.c.to_status.label("status"),
            _decisions.c.from_status,
            _decisions.c.reason,
            users.c.name.label("user_name"),
            operations.c.recorded_at.label("decided_at"),
            operations.c.id.label("operation_id"),
        )
        .join(operations, operations.c.id == _decisions.c.operation_id)
        .join(users, users.c.id == operations.c.user_id)
        .where(_decisions.c.lot_id == lot_id)
        .order_by(_decisions.c.decision_seq)
    )
    return [LotDecision(**row._mapping) for row in rows]
