"""Saved views of lists: a name for the filters and the order that a URL has."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import Blueprint, Flask, abort, flash, redirect, request
from flask_login import current_user
from werkzeug.wrappers import Response

from inventory.accounts import saved_views
from inventory.common.errors import InvalidInput
from inventory.db import connection, db
from inventory.http.languages import gettext as _
from inventory.http.languages import translate
from inventory.web import urls
from inventory.web.htmx import is_htmx, shown_url

blueprint = Blueprint("saved_views", __name__, url_prefix="/views")

#: Lists with saved views.
_LISTS = ("/items/", "/lots/", "/reservations/", "/ledger/")


def init_app(app: Flask) -> None:
    """Let the templates of lists read their saved views."""
    app.jinja_env.globals.update(saved_views=_shown)


def _shown() -> dict[str, Any]:
    """Return the views of the requested list: links, whether each is open, and the own query."""
    query = _kept_query(request.query_string.decode("utf-8", "replace"))
    found = saved_views.list_views(connection(), user_id=current_user.id, path=request.path)
    return {
        "path": request.path,
        "query": query,
        "views": [
            (one.id, one.name, urls.list_url(one.path, one.query), one.query == query)
            for one in found
        ],
    }


def _kept_query(query: str) -> str:
    """Return a query without the place in the list, in one order."""
    return urlencode(sorted((n, v) for n, v in parse_qsl(query) if n not in ("cursor", "more")))


@blueprint.post("/")
def save() -> Response:
    """Save the filters and the order of a list under a name."""
    path = request.form.get("path", "")
    if path not in _LISTS:
        abort(404)
    query = request.form.get("query", "")
    # Scripts change the URL of a list without loading the page again.
    here = shown_url()
    if here is not None and urls.strip_prefix(here.path) == path:
        query = here.query
    query = _kept_query(query)
    try:
        saved_views.save_view(
            user_id=current_user.id, path=path, name=request.form.get("name"), query=query
        )
    except InvalidInput as refusal:
        db.session.rollback()
        flash(translate(refusal.detail), "bad")
    else:
        flash(_("View saved."))
    return _back(path, query)


@blueprint.post("/<int:view_id>/delete/")
def delete(view_id: int) -> Response:
    """Delete a saved view of the user."""
    path = request.form.get("path", "")
    name = saved_views.delete_view(user_id=current_user.id, view_id=view_id)
    flash(_("View %(name)s deleted.", name=name))
    return _back(path if path in _LISTS else "/items/", "")


def _back(path: str, query: str) -> Response:
    target = urls.list_url(path, query)
    if is_htmx():
        return Response(status=204, headers={"HX-Redirect": target})
    return redirect(target, 303)
