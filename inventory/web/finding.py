"""Find anything: an item, a lot, a reservation, or something to do."""

from __future__ import annotations

from typing import NamedTuple

from flask import Blueprint, render_template, request, url_for

from inventory.db import connection
from inventory.listing import list_items, list_lots, list_reservations
from inventory.quantity import format_qty
from inventory.web import items, operations
from inventory.web.htmx import wants_partial
from inventory.web.searching import search_of

blueprint = Blueprint("finding", __name__)

_MOST = 6


class Found(NamedTuple):
    icon: str
    name: str
    about: str
    url: str


@blueprint.get("/search/")
def index() -> str:
    q = search_of(request.args)
    found = [*_doings(q), *(_things(q) if q else [])]
    template = "finding/_found.html" if wants_partial() else "finding/index.html"
    return render_template(template, q=q, found=found)


def _doings(q: str) -> list[Found]:
    """What the viewer may do, by its word."""
    acts = (
        operations.RECEIVE, operations.RESERVE, operations.ISSUE, operations.CUSTOMER_RETURN,
        items.CREATE,
    )  # fmt: skip
    return [
        Found(act.icon, act.word, "", url_for(act.endpoint))
        for act in acts
        if act.may() and q.casefold() in act.word.casefold()
    ]


def _things(q: str) -> list[Found]:
    conn = connection()
    found = [
        Found(
            "package", row.item.code,
            f"{row.item.name} · {format_qty(row.totals.free)} {row.item.unit} free",
            url_for("items.item", item_id=row.item.id),
        )
        for row in list_items(conn, q=q, limit=_MOST).rows
    ]  # fmt: skip
    found += [
        Found(
            "map-pin", lot.lot_code,
            f"{lot.item.code} · {lot.qc_status.lower()} · {format_qty(lot.on_hand)} on hand",
            url_for("lots.lot", lot_id=lot.id),
        )
        for lot in list_lots(conn, q=q, limit=_MOST).rows
    ]  # fmt: skip
    return found + [
        Found(
            "bookmark", one.reference,
            f"{one.item.code} · {format_qty(one.open)} {one.item.unit} open",
            url_for("reservations.reservation", reservation_id=one.id),
        )
        for one in list_reservations(conn, q=q, limit=_MOST).rows
    ]  # fmt: skip
