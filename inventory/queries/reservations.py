"""List reservations, newest first."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.common import clock, validation
from inventory.queries.pagination import USUAL_ROWS, CursorScope, Page, id_key, in_order, read_page
from inventory.queries.search import contains, id_of_item, validate_search
from inventory.stock import queries as stock
from inventory.stock.balance_filters import is_at_risk, open_lines
from inventory.stock.entities import Reservation
from inventory.stock.statements import reservations


def list_reservations(
    conn: Connection,
    *,
    item: object = None,
    reference: object = None,
    open: bool | None = None,
    at_risk: bool | None = None,
    q: object = None,
    limit: int = USUAL_ROWS,
    cursor: object = None,
) -> Page[Reservation]:
    """Return reservations, newest first.

    Args:
        open: the reservation still holds stock.
        at_risk: some stock is in a lot that cannot be issued from now.
        q: words to find in the reference.
    """
    q = validate_search(q)
    reference = validation.validate_text(reference, field="reference", max_length=100)
    filters = {"item": item, "reference": reference, "open": open, "risk": at_risk, "q": q}
    place = CursorScope("reservations", filters, (id_key,))
    id = reservations.c.id
    chosen = sa.select(id).order_by(id.desc())
    if open and not at_risk:
        # The query starts from open lines, because few of all reservations are open.
        id = open_lines.c.reservation_id
        chosen = sa.select(id.label("id")).group_by(id).order_by(id.desc())
        chosen = chosen.join(reservations, reservations.c.id == id)
    if open is False:
        chosen = chosen.where(id.not_in(sa.select(open_lines.c.reservation_id)))
    if at_risk:
        # `+ 0` makes the planner read the few rows by their index and sort them afterward.
        chosen = chosen.where(id.in_(_at_risk(clock.today())))
        chosen = chosen.order_by(None).order_by((id + 0).desc())
    elif at_risk is False:
        chosen = chosen.where(id.not_in(_at_risk(clock.today())))
    if item is not None:
        chosen = chosen.where(reservations.c.item_id == id_of_item(conn, item))
    if reference is not None:
        chosen = chosen.where(reservations.c.reference == reference)
    if q:
        chosen = chosen.where(contains(conn, q, reservations))
    if after := place.position_of(cursor):
        chosen = chosen.where(id < after[0])
    return read_page(
        conn,
        chosen,
        place,
        limit,
        lambda row: (row.id,),
        lambda conn, ids: in_order(stock.read_reservations(conn, ids), ids),
    )


def _at_risk(today: date) -> sa.Select[Any]:
    return sa.select(open_lines.c.reservation_id).where(is_at_risk(today))
