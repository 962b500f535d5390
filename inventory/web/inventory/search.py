"""Search for items, lots, jobs, operation forms and pages.

Exact and scanned matches come first, so that Enter opens them.
"""

from __future__ import annotations

from typing import NamedTuple

from flask import Blueprint, render_template, request
from flask_login import current_user

from inventory import barcodes
from inventory.common.errors import InvalidCode
from inventory.common.search_keys import search_words
from inventory.db import connection
from inventory.http.languages import format_quantity
from inventory.http.languages import gettext as _
from inventory.http.languages import lazy_gettext as _l
from inventory.queries import StockedItem, list_items, list_lots, list_reservations, stocked_items
from inventory.stock.entities import Lot, Reservation
from inventory.web import navigation, urls
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
#: Shorter words are in nearly every code and cannot use an index: each keystroke would scan all
#: lots and reservations. Exact matches are found regardless. Dashes do not count (`L-1`).
_SHORTEST = 3


class SearchHit(NamedTuple):
    """A search result."""

    icon: str
    name: str
    about: str
    url: str
    is_code: bool = True


Groups = list[tuple[str, list[SearchHit]]]


@blueprint.get("/search/")
def index() -> str:
    """Show the results for `?q=`, as a page or as the partial of the header's field."""
    q = search_param(request.args)
    message = {"q": q, "groups": _groups(q), "is_short": bool(q) and _is_short(q)}
    if wants_partial():
        return render_template("inventory/search/_results.html", id="found", **message)
    return render_template("inventory/search/index.html", id="found-here", **message)


def _groups(q: str) -> Groups:
    """Return the results by kind, without kinds that have none; each result once."""
    groups = [
        *([(_("Exact match"), _exact_matches(q)), *_matches(q)] if q else []),
        (_("Actions"), _matching_actions(q)),
        (_("Pages"), _matching_pages(q)),
    ]
    seen: set[SearchHit] = set()
    found = []
    for title, hits in groups:
        new = [hit for hit in dict.fromkeys(hits) if hit not in seen]
        seen.update(new)
        if new:
            found.append((title, new))
    return found


def _matching_actions(q: str) -> list[SearchHit]:
    """Return the operations that the user's role allows and whose label matches."""
    acts = (
        operations.RECEIVE, operations.RESERVE, operations.ISSUE, operations.CUSTOMER_RETURN,
        items.CREATE,
    )  # fmt: skip
    return [
        SearchHit(action.icon, str(action.word), "", urls.url_for(action.endpoint), is_code=False)
        for action in acts
        if action.is_allowed() and _has_words(str(action.word), q)
    ]


def _matching_pages(q: str) -> list[SearchHit]:
    """Return the pages that the user can open and whose name or description matches."""
    return [
        SearchHit(page.icon, page.word, page.about, page.url, is_code=False)
        for page in navigation.pages_of(current_user)
        if _has_words(f"{page.word} {page.about}", q)
    ]


def _has_words(text: str, q: str) -> bool:
    """Return whether each word of the search begins a word of the text, in any order and case.

    An empty search has every text; one of signs only has none.
    """
    words, wanted = search_words(text), search_words(q)
    if not wanted:
        return not q
    return all(any(one.startswith(word) for one in words) for word in wanted)


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


def _matches(q: str) -> Groups:
    conn = connection()
    found = [(_("Items"), [*map(_item, list_items(conn, q=q, limit=_MAX_SHOWN).rows)])]
    if _is_short(q):
        return found
    return [
        *found,
        (_("Lots"), [*map(_lot, list_lots(conn, q=q, limit=_MAX_SHOWN).rows)]),
        (_("Jobs"), [*map(_reservation, list_reservations(conn, q=q, limit=_MAX_SHOWN).rows)]),
    ]


def _is_short(q: str) -> bool:
    return all(len(word) < _SHORTEST for word in search_words(q))


def _item(row: StockedItem) -> SearchHit:
    free = _("%(qty)s free", qty=format_quantity(row.totals.free, row.item.unit))
    about = f"{row.item.name} · {free}"
    return SearchHit(
        "package", row.item.code, about, urls.url_for("inventory.items.item", item_id=row.item.id)
    )


def _lot(lot: Lot) -> SearchHit:
    on_hand = _("%(qty)s on hand", qty=format_quantity(lot.on_hand, lot.item.unit))
    about = f"{lot.item.code} · {_QC_STATUS[lot.qc_status]} · {on_hand}"
    return SearchHit(
        "map-pin", lot.lot_code, about, urls.url_for("inventory.lots.lot", lot_id=lot.id)
    )


def _reservation(one: Reservation) -> SearchHit:
    still_open = _("%(qty)s open", qty=format_quantity(one.open, one.item.unit))
    about = f"{one.item.code} · {still_open}"
    url = urls.url_for("inventory.reservations.reservation", reservation_id=one.id)
    return SearchHit("bookmark", one.reference, about, url)
