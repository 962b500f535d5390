"""Help: the user guide, keyboard shortcuts, and the part of the guide for each page."""

from __future__ import annotations

from flask import Blueprint, Response, abort, current_app, render_template, request, url_for
from flask_babel import lazy_gettext as _l

from inventory.web import guide
from inventory.web.htmx import wants_partial

blueprint = Blueprint("help", __name__, url_prefix="/help")

_DEFAULT = "index"
#: Pictures change with an update only; one hour later every browser has the new ones.
_PICTURE_CACHE_CONTROL = "private, max-age=3600"
#: The pages of the guide in the order of the table of contents, with their titles.
TITLES = {
    "index": _l("First steps"),
    "receiving": _l("Receiving"),
    "reserving-and-issuing": _l("Reserving and issuing"),
    "quality": _l("Quality"),
    "counting": _l("Counting and corrections"),
    "tablet": _l("Tablet app"),
    "importing": _l("Importing"),
    "reports": _l("Ledger, reports and labels"),
    "administration": _l("Administration"),
    "keyboard": _l("Keyboard shortcuts"),
    "glossary": _l("Glossary"),
}
#: The part of the guide (page#anchor) for an endpoint, or else for its blueprint.
GUIDE_PARTS = {
    "inventory.dashboard": "index#the-figures",
    "inventory.search": "index#search",
    "inventory.items": "index#items-and-lots",
    "inventory.items.create": "administration#items",
    "inventory.items.edit": "administration#items",
    "inventory.lots": "index#items-and-lots",
    "inventory.lots.decide": "quality#qc-decisions",
    "inventory.lots.count": "counting#count-a-lot",
    "inventory.lots.move": "counting#move-a-lot",
    "inventory.lots.edit": "counting#edit-a-lot",
    "inventory.lots.split": "counting#split-a-lot",
    "inventory.lots.scrap": "counting#scrap-stock",
    "inventory.lots.supplier_return": "counting#return-stock-to-a-supplier",
    "inventory.reservations": "reserving-and-issuing#reservations",
    "inventory.reservations.issue": "reserving-and-issuing#issue-reserved-stock",
    "inventory.reservations.unreserve": "reserving-and-issuing#unreserve",
    "inventory.references": "reserving-and-issuing#jobs-and-pick-lists",
    "inventory.ledger": "reports#the-ledger",
    "inventory.operations": "reports#correct-an-error",
    "inventory.operations.receive": "receiving#receive-a-lot",
    "inventory.operations.customer_return": "counting#post-a-customer-return",
    "inventory.operations.reserve": "reserving-and-issuing#reserve-stock",
    "inventory.operations.issue": "reserving-and-issuing#issue-stock",
    "inventory.codes": "receiving#barcodes",
    "inventory.pictures": "administration#items",
    "inventory.labels": "reports#labels",
    "inventory.recalls": "quality#recalls",
    "inventory.analytics": "reports#reports",
    "inventory.reports": "reports#reports",
    "inventory.reports.stock": "reports#past-dates",
    "inventory.exports": "reports#exports",
    "inventory.imports": "importing",
    "inventory.help": "index",
    "inventory.settings": "administration",
    "inventory.saved_views": "reports#save-a-view",
    "admin.users": "administration#users-and-roles",
    "admin.users.all_tokens": "administration#api-tokens",
    "admin.audit_log": "administration#audit-log",
    "admin.webhooks": "administration#webhooks",
    "admin.health": "administration#health",
    "auth": "administration#your-account",
    "auth.account": "administration#your-account",
    "auth.account.own_tokens": "administration#api-tokens",
    "auth.account.create_token": "administration#api-tokens",
    "auth.two_factor": "administration#two-factor-authentication",
    "api_v1": "administration#api-tokens",
}


def guide_url(endpoint: str) -> str:
    """Return the URL of the part of the guide for a page; the default is the first page."""
    part = GUIDE_PARTS.get(endpoint) or GUIDE_PARTS.get(endpoint.rpartition(".")[0]) or _DEFAULT
    name, _, anchor = part.partition("#")
    return f"{_url(name)}#{anchor}" if anchor else _url(name)


@blueprint.get("/")
def index() -> str:
    """Show the first page of the guide."""
    return _show(_DEFAULT)


@blueprint.get("/<name>/")
def page(name: str) -> str:
    """Show a page of the guide."""
    if name == _DEFAULT or name not in TITLES:
        abort(404)
    return _show(name)


@blueprint.get("/pictures/<name>.png")
def picture(name: str) -> Response:
    """Return a picture of the guide."""
    path = guide.find_picture(current_app.extensions["inventory"].root_path, name)
    if path is None:
        abort(404)
    response = Response(path.read_bytes(), content_type="image/png")
    response.headers["Cache-Control"] = _PICTURE_CACHE_CONTROL
    response.add_etag()
    response.make_conditional(request)
    return response


@blueprint.get("/shortcuts/")
def shortcuts() -> str:
    """Show keyboard shortcuts and figures, as a page or as the content of the dialog."""
    if wants_partial():
        return render_template("inventory/help/_shortcuts.html", is_dialog=True)
    return render_template("inventory/help/shortcuts.html", is_dialog=False)


def _show(name: str) -> str:
    root = current_app.extensions["inventory"].root_path
    return render_template(
        "inventory/help/page.html",
        title=TITLES[name],
        text=guide.read_page(root, name).html,
        contents=[(title, _url(one), one == name) for one, title in TITLES.items()],
    )


def _url(name: str) -> str:
    if name == _DEFAULT:
        return url_for("inventory.help.index")
    return url_for("inventory.help.page", name=name)
