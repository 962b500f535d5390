"""Linked barcodes of an item: list, link, unlink."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response
from wtforms import SelectChoice

from inventory import barcodes
from inventory.common.errors import NotFound
from inventory.common.sort_keys import natural_key
from inventory.db import connection
from inventory.http.languages import gettext as _
from inventory.http.languages import lazy_gettext as _l
from inventory.queries import list_codes
from inventory.stock import queries as stock
from inventory.stock.entities import Item
from inventory.web import live_updates
from inventory.web.auth.permissions import role_required
from inventory.web.inventory import forms
from inventory.web.list_params import cursor_page, page_links
from inventory.web.operation_forms import ActionResult, Answer, FormAction, handle, shown_panel
from inventory.web.operation_panel import Panel, operation_panel

blueprint = Blueprint("codes", __name__)


def _item(item_id: int) -> Item:
    found = stock.read_items(connection(), ids=[item_id])
    if not found:
        raise NotFound(_("There is no item with the ID %(id)s.", id=item_id), item_id=item_id)
    return found[0]


def _code(code_id: int) -> barcodes.CodeLink:
    found = barcodes.read_links(connection(), ids=[code_id])
    if not found:
        raise NotFound(_("This barcode is no longer linked."), code_id=code_id)
    return found[0]


def _load_link(form: Any, item_id: int) -> dict[str, Any]:
    item = _item(item_id)
    there = sorted(
        stock.get_stocked_lots(connection(), [item_id]), key=lambda lot: natural_key(lot.lot_code)
    )
    form.lot_id.choices = [SelectChoice("", _("%(item)s, any lot", item=item.code))]
    form.lot_id.choices += [
        SelectChoice(lot.id, _("Lot %(lot)s only", lot=lot.lot_code)) for lot in there
    ]
    return {"item": item}


def _link(form: Any, actor: dict[str, Any], item_id: int) -> dict[str, Any]:
    lot_id = form.lot_id.data
    target = {"lot_id": lot_id} if lot_id else {"item": _item(item_id).code}
    return barcodes.link(code=form.code.data, qty=form.qty.data, **target, **actor)[0]


def _unlink(form: Any, actor: dict[str, Any], code_id: int) -> dict[str, Any]:
    return barcodes.unlink(code_id=code_id, **actor)[0]


def _linked(record: dict[str, Any]) -> ActionResult:
    names = {"code": record["code"], "item": record["item"]}
    return _done(record, _("Barcode %(code)s linked to %(item)s.", **names))


def _unlinked(record: dict[str, Any]) -> ActionResult:
    return _done(record, _("Barcode %(code)s unlinked.", code=record["code"]))


def _done(record: dict[str, Any], text: str) -> ActionResult:
    item = stock.get_item(connection(), record["item"])
    return ActionResult(text, url_for("inventory.codes.index", item_id=item.id), _("View barcodes"))


LINK = FormAction(
    endpoint="inventory.codes.link", word=_l("Link barcode"), icon="plus",
    form=forms.LinkCodeForm,
    fields="inventory/codes/_link_fields.html", load=_load_link, send=_link, done=_linked,
)  # fmt: skip
UNLINK = FormAction(
    endpoint="inventory.codes.unlink", word=_l("Unlink barcode"), icon="x",
    form=forms.UnlinkCodeForm, fields="inventory/codes/_unlink_fields.html",
    load=lambda form, code_id: {"link": _code(code_id)},
    send=_unlink, done=_unlinked, leaves=True, danger=True,
)  # fmt: skip


@live_updates.live_region("inventory.codes.index", "inventory/codes/_live.html")
def read_codes(query: MultiDict[str, str], item_id: int) -> dict[str, Any]:
    """Return the values of the page's live region."""
    item = _item(item_id)
    page = list_codes(connection(), item=item.code, **cursor_page(query))
    return {"item": item, "page": page, "may": UNLINK.is_allowed(), **page_links(query, page)}


@blueprint.get("/items/<int:item_id>/codes/")
def index(item_id: int) -> Response:
    """Show the linked barcodes of an item."""
    return live_updates.render_live_page("inventory/codes/index.html", acting=shown_panel)


@operation_panel("inventory.codes.index")
def read_panel(item_id: int) -> Panel:
    """Return the operation beside the codes."""
    return Panel([LINK], label=_("Link barcode"))


@blueprint.route("/items/<int:item_id>/codes/link/", methods=["GET", "POST"])
@role_required("operator")
def link(item_id: int) -> Answer:
    """Show and post the form that links a barcode."""
    return handle(LINK, item_id=item_id)


@blueprint.route("/codes/<int:code_id>/unlink/", methods=["GET", "POST"])
@role_required("operator")
def unlink(code_id: int) -> Answer:
    """Show and post the form that unlinks a barcode."""
    return handle(UNLINK, code_id=code_id)
