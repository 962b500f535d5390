"""Download page of all lists: the same files as `flask export` writes."""

from __future__ import annotations

from flask import Blueprint, abort, render_template
from flask_login import current_user
from werkzeug.wrappers import Response

from inventory.exports import lists
from inventory.exports.formats import KINDS
from inventory.web.downloads import download_list

blueprint = Blueprint("exports", __name__, url_prefix="/files")

#: Description of each list.
WORDS = {
    "items": "Every item with its stock",
    "lots": "Every lot there ever was, with its figures",
    "reservations": "Every reservation there ever was",
    "references": "Every job or order with something open",
    "operations": "Every operation: what users did, newest first",
    "codes": "Every linked code",
    "ledger": "The whole ledger with its hashes, newest entry first",
    "audit": "Who logged in, was refused, changed accounts or records",
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
