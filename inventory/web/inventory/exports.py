"""Download page of all lists: the same files as `flask export` writes."""

from __future__ import annotations

from flask import Blueprint, abort, render_template
from flask_login import current_user
from werkzeug.wrappers import Response

from inventory.exports import lists
from inventory.exports.formats import KINDS
from inventory.http.languages import lazy_gettext as _l
from inventory.web.downloads import download_list

blueprint = Blueprint("exports", __name__, url_prefix="/files")

#: Description of each list.
WORDS = {
    "items": _l("Items with their stock"),
    "lots": _l("Lots with their stock, including empty lots"),
    "reservations": _l("Reservations, including closed ones"),
    "references": _l("Jobs and orders with open reservations"),
    "operations": _l("Operations, newest first"),
    "codes": _l("Linked barcodes"),
    "ledger": _l("Ledger entries with their hashes, newest first"),
    "audit": _l("Audit log: sign-ins, refused requests, changes to accounts and records"),
}


@blueprint.get("/")
def index() -> str:
    """Show the lists that the user's role allows."""
    shown = {
        name: words
        for name, words in WORDS.items()
        if current_user.has_role(lists.LISTS[name].role)
    }
    return render_template("inventory/exports/index.html", lists=shown, kinds=KINDS)


@blueprint.get("/<name>.<kind>")
def download(name: str, kind: str) -> Response:
    """Download a whole list."""
    if name not in lists.LISTS:
        abort(404)
    return download_list(kind, name)
