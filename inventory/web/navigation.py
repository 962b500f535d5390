"""What frames every page: menus, theme, who is here. Never asks the database: error pages are
framed as well, and the user shown is the one that the request has loaded already."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import Flask, current_app, g, request, url_for

from inventory.web import urls
from inventory.web.auth.permissions import role_of

THEMES = ("light", "dark")

_NAV = (
    ("dashboard.index", "Stock", ""),
    ("items.index", "Items", ""),
    ("reservations.index", "Reservations", ""),
    ("entries.index", "Ledger", ""),
    ("reports.index", "Reports", ""),
    ("users.index", "Users", ""),
)
#: In the user's menu, for those whose task it is.
_CARE = (
    ("imports.index", "Import", "upload"),
    ("checkup.index", "Health", "list-checks"),
    ("audit.index", "Audit", "history"),
)
_VERBS = (
    ("operations.receive", "Receive", "package-plus"),
    ("operations.reserve", "Reserve", "bookmark-plus"),
    ("operations.issue", "Issue", "package-minus"),
)


#: Where in the menu the pages below a section belong, by their blueprint.
_SECTIONS = {
    "items": "items.index",
    "lots": "items.index",
    "codes": "items.index",
    "recalls": "items.index",
    "reservations": "reservations.index",
    "references": "reservations.index",
    "entries": "entries.index",
    "reports": "reports.index",
    "analysis": "reports.index",
    "webhooks": "reports.index",
}


class Entry(NamedTuple):
    word: str
    url: str
    icon: str
    #: For `aria-current`: "page", "true" for a page below this one, or "".
    current: str


def init_app(app: Flask) -> None:
    app.context_processor(frame)


def frame() -> dict[str, Any]:
    """What base.html needs besides the view's own values."""
    user = g.get("_login_user")
    viewer = user if user is not None and user.is_authenticated else None
    return {
        "site_name": current_app.config["SITE_NAME"],
        "viewer": viewer,
        "nav": _entries(_NAV, viewer),
        "verbs": _entries(_VERBS, viewer),
        "care": _entries(_CARE, viewer),
        "theme": theme(),
        "behind": g.get("behind"),
        "here": urls.here() if request.method == "GET" else urls.root(),
    }


def theme() -> str:
    chosen = request.cookies.get("theme", "")
    return chosen if chosen in THEMES else ""


def _entries(entries: tuple[tuple[str, str, str], ...], viewer: Any) -> list[Entry]:
    """Those that exist and that this user may open."""
    views = current_app.view_functions
    return [
        Entry(word, url_for(endpoint), icon, _current(endpoint))
        for endpoint, word, icon in entries
        if viewer and endpoint in views and viewer.may(role_of(views[endpoint]))
    ]


def _current(endpoint: str) -> str:
    if request.endpoint == endpoint:
        return "page"
    section = _SECTIONS.get(request.blueprint or "")
    if request.endpoint == "operations.operation":
        section = "entries.index"
    return "true" if section == endpoint else ""
