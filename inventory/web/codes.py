"""The codes of an item: which are linked, linking one more, and unlinking."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response
from wtforms import SelectChoice

from inventory import codes, stock
from inventory.db import connection
from inventory.errors import NotFound
from inventory.figures import Item
from inventory.listing import list_codes
from inventory.web import living
from inventory.web import stock_forms as forms
from inventory.web.acting import Act, Answer, Done, operate
from inventory.web.choosing import choose
from inventory.web.roles import requires
from inventory.web.searching import page_links, page_of

blueprint = Blueprint("codes", __name__)


def _item(item_id: int) -> Item:
    found = stock.read_items(connection(), ids=[item_id])
    if not found:
        raise NotFound(f"There is no item number {item_id}.", item_id=item_id)
    return found[0]


def _code(code_id: int) -> codes.Link:
    found = codes.read_links(connection(), ids=[code_id])
    if not found:
        raise NotFound("This code is not linked to anything any more.", code_id=code_id)
    return found[0]


def _load_link(form: Any, item_id: int) -> dict[str, Any]:
    item = _item(item_id)
    there = sorted(stock.stocked_lots_of(connection(), [item_id]), key=lambda lot: lot.lot_code)
    form.lot_id.choices = [SelectChoice("", f"{item.code}, whatever the lot")]
    form.lot_id.choices += [SelectChoice(lot.id, f"Lot {lot.lot_code} alone") for lot in there]
    return {"item": item}


def _link(form: Any, who: dict[str, Any], item_id: int) -> dict[str, Any]:
    lot_id = form.lot_id.data
    target = {"lot_id": lot_id} if lot_id else {"item": _item(item_id).code}
    return codes.link(code=form.code.data, qty=form.qty.data, **target, **who)[0]


def _unlink(form: Any, who: dict[str, Any], code_id: int) -> dict[str, Any]:
    return codes.unlink(code_id=code_id, **who)[0]


def _linked(record: dict[str, Any]) -> Done:
    return _done(record, f"{record['code']} is linked to {record['item']}.")


def _unlinked(record: dict[str, Any]) -> Done:
    return _done(record, f"{record['code']} is unlinked: nothing is known of it now.")


def _done(record: dict[str, Any], text: str) -> Done:
    item = stock.get_item(connection(), record["item"])
    return Done(text, url_for("codes.index", item_id=item.id), "See all")


LINK = Act(
    endpoint="codes.link", word="Link a code", icon="plus", form=forms.LinkCodeForm,
    fields="codes/_link_fields.html", load=_load_link, send=_link, done=_linked,
)  # fmt: skip
UNLINK = Act(
    endpoint="codes.unlink", word="Unlink", icon="x", form=forms.UnlinkCodeForm,
    fields="codes/_unlink_fields.html", load=lambda form, code_id: {"link": _code(code_id)},
    send=_unlink, done=_unlinked, leaves=True, danger=True,
)  # fmt: skip


@living.part("codes.index", "codes/_live.html")
def read_codes(query: MultiDict[str, str], item_id: int) -> dict[str, Any]:
    item = _item(item_id)
    page = list_codes(connection(), item=item.code, **page_of(query))
    return {"item": item, "page": page, "may": UNLINK.may(), **page_links(query, page)}


@blueprint.get("/items/<int:item_id>/codes/")
def index(item_id: int) -> Response:
    here = url_for("codes.index", item_id=item_id)
    return living.respond(
        "codes/index.html", acting=lambda: choose([LINK], here, {}, item_id=item_id)
    )


@blueprint.route("/items/<int:item_id>/codes/link/", methods=["GET", "POST"])
@requires("operator")
def link(item_id: int) -> Answer:
    return operate(LINK, item_id=item_id)


@blueprint.route("/codes/<int:code_id>/unlink/", methods=["GET", "POST"])
@requires("operator")
def unlink(code_id: int) -> Answer:
    return operate(UNLINK, code_id=code_id)
