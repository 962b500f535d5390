"""Items: the list, one item with its lots, and its master data."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, request, url_for
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from inventory import catalog, pictures
from inventory.common import clock
from inventory.common.errors import NotFound
from inventory.common.messages import join_sentences, message
from inventory.common.quantity import Qty, format_qty
from inventory.common.sort_keys import natural_key
from inventory.db import connection
from inventory.http.languages import gettext as _
from inventory.http.languages import lazy_gettext as _l
from inventory.queries import (
    ITEM_SORTS,
    list_codes,
    list_entries,
    list_items,
    list_lots,
    list_reservations,
    units,
)
from inventory.stock import history
from inventory.stock import queries as stock
from inventory.stock.entities import Item, Lot, totals
from inventory.web import charts, live_updates, refusal_hints
from inventory.web.auth.permissions import role_required
from inventory.web.downloads import download_list
from inventory.web.inventory import activity, forms, operations
from inventory.web.inventory.stocked_lots import stocked_lots
from inventory.web.list_params import (
    allowed_or_default,
    cursor_page,
    date_param,
    datetime_param,
    exclusive_bound,
    export_links,
    page_links,
    search_param,
    sort_links,
)
from inventory.web.operation_forms import ActionResult, Answer, FormAction, handle, shown_panel
from inventory.web.operation_panel import Panel, operation_panel

blueprint = Blueprint("items", __name__, url_prefix="/items")


def get_by_id(item_id: int) -> Item:
    """Return an item.

    Raises:
        NotFound: there is no item with this id.
    """
    found = stock.read_items(connection(), ids=[item_id])
    if not found:
        raise NotFound(_("There is no item with the ID %(id)s.", id=item_id), item_id=item_id)
    return found[0]


def _load_new(form: Any) -> dict[str, Any]:
    return {"used": False}


def _load_item(form: Any, item_id: int) -> dict[str, Any]:
    item = get_by_id(item_id)
    return {"item": item, "used": bool(list_lots(connection(), item=item.code, limit=1).rows)}


def _facts(form: Any) -> dict[str, Any]:
    names = ("code", "name", "unit", "reorder_point", "qc_required")
    return {name: form[name].data for name in names} | {"decimals": form.decimals.data or 0}


def _create(form: Any, actor: dict[str, Any]) -> dict[str, Any]:
    allowed = bool(form.allow_lookalike.data)
    return catalog.create_item(**_facts(form), allow_lookalike=allowed, **actor)[0]


def _update(form: Any, actor: dict[str, Any], item_id: int) -> dict[str, Any]:
    item = get_by_id(item_id)
    if form.archived.data and not item.archived_at and not form.confirmed.data:
        _ask_before_archiving(item)
    fields = _facts(form) | {"archived": form.archived.data}
    if form.allow_lookalike.data:
        fields["allow_lookalike"] = True
    return catalog.update_item(item=item.code, **fields, **actor)[0]


def _ask_before_archiving(item: Item) -> None:
    """Ask for a confirmation if the item has stock.

    Raises:
        ConfirmationNeeded: there is stock on hand.
    """
    sums = totals(stocked_lots(item.id), clock.today())
    if not sums.on_hand:
        return
    figures = {"item": item.code, "qty": Qty(sums.on_hand, item.unit)}
    if sums.reserved:
        what = message(
            "%(item)s has stock: %(qty)s on hand, %(reserved)s reserved.",
            reserved=Qty(sums.reserved, item.unit),
            **figures,
        )
    else:
        what = message("%(item)s has stock: %(qty)s on hand.", **figures)
    raise refusal_hints.ConfirmationNeeded(
        join_sentences(what, message("An archived item can be issued but not received.")),
        steps=[
            refusal_hints.SuggestedAction(_("Archive %(item)s", item=item.code), "confirmed", "y"),
            refusal_hints.SuggestedAction(
                _("View lots of %(item)s", item=item.code),
                url=url_for("inventory.lots.index", item=item.code),
            ),
        ],
    )


def _created(record: dict[str, Any]) -> ActionResult:
    text = _("Item %(item)s created. Next, receive a lot.", item=record["code"])
    return ActionResult(text, _url(record), _("View item"))


def _updated(record: dict[str, Any]) -> ActionResult:
    text = _("Changes to item %(item)s saved.", item=record["code"])
    return ActionResult(text, _url(record), _("View item"))


def _url(record: dict[str, Any]) -> str:
    item = stock.get_item(connection(), record["code"])
    return url_for("inventory.items.item", item_id=item.id)


CREATE = FormAction(
    endpoint="inventory.items.create", word=_l("Create item"), icon="plus", form=forms.ItemForm,
    fields="inventory/items/_item_fields.html", load=_load_new, send=_create, done=_created,
    leaves=True,
)  # fmt: skip
EDIT = FormAction(
    endpoint="inventory.items.edit", word=_l("Edit item"), icon="check", form=forms.ItemChangeForm,
    button=_l("Save changes"),
    fields="inventory/items/_item_fields.html", load=_load_item, send=_update, done=_updated,
    leaves=True,
)  # fmt: skip


def _filters(query: MultiDict[str, str]) -> dict[str, Any]:
    state = allowed_or_default(query.get("state"), ("low", "archived"), "")
    low = True if state == "low" else None
    unit = query.get("unit", "").strip() or None
    archived = state == "archived"
    sort = allowed_or_default(query.get("sort"), ITEM_SORTS, "")
    return {
        "q": search_param(query), "low_stock": low, "archived": archived, "unit": unit, "sort": sort
    }  # fmt: skip


#: Entries that are read for the latest operations of an item, and the operations that are shown.
_ENTRIES = 40
_MAX_OPERATIONS = 10
#: A search that finds nothing counts archived items up to this number.
MAX_ARCHIVED_FOUND = 20


@live_updates.live_region("inventory.items.index", "inventory/items/_live.html")
def read_items(query: MultiDict[str, str]) -> dict[str, Any]:
    """Return the values of the list's live region."""
    filters = _filters(query)
    page = list_items(connection(), **filters, **cursor_page(query))
    hidden = 0
    if filters["q"] and not page.rows and not filters["archived"]:
        also = {"q": filters["q"], "archived": True, "limit": MAX_ARCHIVED_FOUND}
        hidden = len(list_items(connection(), **also).rows)
    return {
        "page": page,
        "pictures": pictures.digests_of(connection(), [row.item.id for row in page.rows]),
        "archived_found": hidden,
        "state": allowed_or_default(query.get("state"), ("low", "archived"), ""),
        "q": query.get("q", ""),
        "unit": query.get("unit", "").strip(),
        "sorts": sort_links(query, ITEM_SORTS, ("code", "name")),
        "may_begin": CREATE.is_allowed(),
        "exports": export_links("inventory.items", query),
        **page_links(query, page),
    }


@blueprint.get("/export.<kind>")
def export(kind: str) -> Response:
    """Download the list with the filters of the page."""
    return download_list(kind, "items", **_filters(request.args))


@blueprint.get("/")
def index() -> Response:
    """Show the list of items."""
    return live_updates.render_live_page(
        "inventory/items/index.html",
        create=url_for("inventory.items.create") if CREATE.is_allowed() else "",
        counted=lambda: {"units": units(connection())},
    )


@live_updates.live_region("inventory.items.item", "inventory/items/_item_live.html")
def read_item(query: MultiDict[str, str], item_id: int) -> dict[str, Any]:
    """Return the values of an item's live region."""
    conn = connection()
    item = get_by_id(item_id)
    at, at_text = datetime_param(query)
    today = date_param(at)
    stocked = _stocked_at(item_id, at)
    show = allowed_or_default(query.get("show"), ("hold", "free", "reserved", "all"), "")
    lots = stock.get_lots_of_items(conn, [item_id], at=at) if show == "all" else stocked
    kept = {
        "hold": lambda lot: lot.on_hold(today),
        "free": lambda lot: lot.free(today),
        "reserved": lambda lot: lot.reserved,
    }.get(show, lambda lot: True)
    return {
        "item": item,
        "today": today,
        "at": at,
        "at_text": at_text,
        "show": show,
        "totals": totals(stocked, today),
        "lots": sorted(filter(kept, lots), key=lambda lot: natural_key(lot.lot_code)),
        "reservations": list_reservations(conn, item=item.code, open=True, limit=20),
        "activities": _history(item.code, at),
        "chart": None if at else _chart(item_id),
        "barcodes": list_codes(conn, item=item.code, limit=3).rows,
    }


def _history(code: str, at: datetime | None) -> list[activity.Activity]:
    """Return the item's latest operations up to a time."""
    until = exclusive_bound(at)
    entries = list_entries(connection(), item=code, until=until, limit=_ENTRIES)
    return activity.fold(entries.rows, is_cut=entries.next_cursor is not None)[:_MAX_OPERATIONS]


def _stocked_at(item_id: int, at: datetime | None) -> list[Lot]:
    if at is None:
        return stocked_lots(item_id)
    return [lot for lot in stock.get_lots_of_items(connection(), [item_id], at=at) if lot.on_hand]


@blueprint.get("/<int:item_id>/")
def item(item_id: int) -> Response:
    """Show an item."""
    edit = url_for("inventory.items.edit", item_id=item_id) if EDIT.is_allowed() else ""
    return live_updates.render_live_page(
        "inventory/items/item.html",
        edit=edit,
        picture=pictures.digests_of(connection(), [item_id]).get(item_id),
        may_change=current_user.has_role("operator"),
        acting=shown_panel,
    )


def _chart(item_id: int) -> dict[str, Any] | None:
    days = history.days_of(connection(), item_id, clock.now().date())
    return charts.stepped_lines(days) if any(day.on_hand for day in days) else None


@operation_panel("inventory.items.item")
def read_panel(item_id: int) -> Panel:
    """Return the operations that the item allows now."""
    item = get_by_id(item_id)
    there = totals(stocked_lots(item_id), clock.today())
    acts = [operations.RECEIVE, operations.RESERVE, operations.ISSUE, operations.CUSTOMER_RETURN]
    if item.archived_at:
        acts.remove(operations.RECEIVE)
    usual = operations.RESERVE if there.free else None
    return Panel(acts, {"item": item.code, "fixed": "1"}, usual=usual)


@blueprint.route("/new/", methods=["GET", "POST"])
@role_required("admin")
def create() -> Answer:
    """Show and post the form of a new item."""
    return handle(CREATE)


@blueprint.route("/<int:item_id>/edit/", methods=["GET", "POST"])
@role_required("admin")
def edit(item_id: int) -> Answer:
    """Show and post the form that edits an item."""
    return handle(EDIT, item_id=item_id, initial=_current_values(item_id))


def _current_values(item_id: int) -> dict[str, Any]:
    item = get_by_id(item_id)
    point = item.reorder_point
    given = {name: str(getattr(item, name)) for name in ("code", "name", "unit", "decimals")}
    given["reorder_point"] = "" if point is None else format_qty(point)
    given |= {"qc_required": "y"} if item.qc_required else {}
    return given | ({"archived": "y"} if item.archived_at else {})
