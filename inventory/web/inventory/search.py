"""Search for items, lots, reservations and operation forms.

Exact and scanned matches come first, so that Enter opens them.
"""

from __future__ import annotations

from typing import NamedTuple

from flask import Blueprint, render_template, request, url_for

from inventory import barcodes
from inventory.common.errors import InvalidCode
from inventory.db import connection
from inventory.http.languages import format_quantity
from inventory.http.languages import gettext as _
from inventory.http.languages import lazy_gettext as _l
from inventory.queries import StockedItem, list_items, list_lots, list_reservations, stocked_items
from inventory.stock.entities import Lot, Reservation
from inventory.web.htmx import wants_partial
from inventory.web.inventory import items, operations
from inventory.web.list_params import search_param

blueprint = Blueprint("search", __name__)

_MAX_SHOWN = 6
_QC_STATUS = {
    "APPROVED": _l("approved"),
    "QUARANTINE": _l("in quarantine"),
    "REJECTED": _l("rejected"),
}
#: Shorter texts are in nearly every code and cannot use an index: each keystroke would scan all
#: lots and reservations. Exact matches are found regardless.
_SHORTEST = 3


class SearchHit(NamedTuple):
    """A search result."""

    icon: str
    name: str
    about: str
    url: str


@blueprint.get("/search/")
def index() -> str:
    """Show the results for `?q=`, as a page or as the partial of the search palette."""
    q = search_param(request.args)
    found = [*_matching_actions(q), *(_matches(q) if q else [])]
    if q:
        found = list(dict.fromkeys([*_exact_matches(q), *found]))
    message = {"q": q, "found": found, "is_short": 0 < len(q) < _SHORTEST}
    if wants_partial():
        return render_template("inventory/search/_results.html", id="found", **message)
    return render_template("inventory/search/index.html", id="found-here", **message)


def _matching_actions(q: str) -> list[SearchHit]:
    """Return the operations that the user's role allows and whose label matches."""
    acts = (
        operations.RECEIVE, operations.RESERVE, operations.ISSUE, operations.CUSTOMER_RETURN,
        items.CREATE,
    )  # fmt: skip
    return [
        SearchHit(action.icon, action.word, "", url_for(action.endpoint))
        for action in acts
        if action.is_allowed() and q.casefold() in str(action.word).casefold()
    ]


def _exact_matches(q: str) -> list[SearchHit]:
    """Return what has exactly this barcode, code or reference."""
    conn = connection()
    try:
        scanned = barcodes.resolve(conn, q)
        ones = scanned.choices or (scanned,)
    except InvalidCode:
        ones = ()
    items_ = [one.item.id for one in ones if one.item and not one.lot]
    lots = [one.lot for one in ones if one.lot]
    held = list_reservations(conn, reference=q, open=True, limit=_MAX_SHOWN).rows
    named = stocked_items(conn, [id for id in items_ if id is not None])
    return [*map(_item, named), *map(_lot, lots[:_MAX_SHOWN]), *map(_reservation, held)]


def _matches(q: str) -> list[SearchHit]:
    conn = connection()
    found = [*map(_item, list_items(conn, q=q, limit=_MAX_SHOWN).rows)]
    if len(q) < _SHORTEST:
        return found
    return [
        *found,
        *map(_lot, list_lots(conn, q=q, limit=_MAX_SHOWN).rows),
        *map(_reservation, list_reservations(conn, q=q, limit=_MAX_SHOWN).rows),
    ]


def _item(row: StockedItem) -> SearchHit:
    free = _("%(qty)s free", qty=format_quantity(row.totals.free, row.item.unit))
    about = f"{row.item.name} · {free}"
    return SearchHit(
        "package", row.item.code, about, url_for("inventory.items.item", item_id=row.item.id)
    )


def _lot(lot: Lot) -> SearchHit:
    on_hand = _("%(qty)s on hand", qty=format_quantity(lot.on_hand, lot.item.unit))
    about = f"{lot.item.code} · {_QC_STATUS[lot.qc_status]} · {on_hand}"
    return SearchHit("map-pin", lot.lot_code, about, url_for("inventory.lots.lot", lot_id=lot.id))


def _reservation(one: Reservation) -> SearchHit:
    still_open = _("%(qty)s open", qty=format_quantity(one.open, one.item.unit))
    about = f"{one.item.code} · {still_open}"
    url = url_for("inventory.reservations.reservation", reservation_id=one.id)
    return SearchHit("bookmark", one.reference, about, url)
