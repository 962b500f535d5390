"""Menus, theme and viewer: the values that base.html needs for every page.

Runs no database query, because error pages use it too; the viewer is the user that the request has
already loaded.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import Flask, current_app, g, request, url_for

from inventory.http.languages import lazy_gettext as _l
from inventory.web import urls
from inventory.web.auth.permissions import role_of
from inventory.web.inventory.help import guide_url

THEMES = ("light", "dark")

_NAV = (
    ("inventory.dashboard.index", _l("Stock"), ""),
    ("inventory.items.index", _l("Items"), ""),
    ("inventory.reservations.index", _l("Reservations"), ""),
    ("inventory.ledger.index", _l("Ledger"), ""),
    ("inventory.reports.index", _l("Reports"), ""),
    ("admin.users.index", _l("Users"), ""),
)
#: Entries of the user menu, shown by role.
_CARE = (
    ("inventory.imports.index", _l("Import"), "upload"),
    ("admin.health.index", _l("Health"), "list-checks"),
    ("admin.audit_log.index", _l("Audit log"), "history"),
)
_VERBS = (
    ("inventory.operations.receive", _l("Receive"), "package-plus"),
    ("inventory.operations.reserve", _l("Reserve"), "bookmark-plus"),
    ("inventory.operations.issue", _l("Issue"), "package-minus"),
)


#: The menu section of a page, by its blueprint.
_SECTIONS = {
    "inventory.items": "inventory.items.index",
    "inventory.lots": "inventory.items.index",
    "inventory.codes": "inventory.items.index",
    "inventory.recalls": "inventory.items.index",
    "inventory.reservations": "inventory.reservations.index",
    "inventory.references": "inventory.reservations.index",
    "inventory.ledger": "inventory.ledger.index",
    "inventory.reports": "inventory.reports.index",
    "inventory.analytics": "inventory.reports.index",
    "admin.webhooks": "inventory.reports.index",
}


class NavItem(NamedTuple):
    """An entry of a menu."""

    word: str
    url: str
    icon: str
    #: For `aria-current`: "page", "true" for a page below this one, or "".
    current: str


def init_app(app: Flask) -> None:
    """Install the context processor."""
    app.context_processor(frame)


def frame() -> dict[str, Any]:
    """Return the values that base.html needs besides the view's own."""
    user = g.get("_login_user")
    viewer = user if user is not None and user.is_authenticated else None
    return {
        "site_name": current_app.config["SITE_NAME"],
        "viewer": viewer,
        "nav": _entries(_NAV, viewer),
        "verbs": _entries(_VERBS, viewer),
        "care": _entries(_CARE, viewer),
        "guide_url": guide_url(request.endpoint or ""),
        "theme": theme(),
        "behind": g.get("behind"),
        "here": urls.current_url() if request.method == "GET" else urls.home_url(),
    }


def theme() -> str:
    """Return the theme of the cookie, or "" for the browser's preference."""
    chosen = request.cookies.get("theme", "")
    return chosen if chosen in THEMES else ""


def _entries(entries: tuple[tuple[str, Any, str], ...], viewer: Any) -> list[NavItem]:
    """Return the entries that exist and that the viewer can open."""
    views = current_app.view_functions
    return [
        NavItem(str(word), url_for(endpoint), icon, _current(endpoint))
        for endpoint, word, icon in entries
        if viewer and endpoint in views and viewer.has_role(role_of(views[endpoint]))
    ]


def _current(endpoint: str) -> str:
    if request.endpoint == endpoint:
        return "page"
    section = _SECTIONS.get(request.blueprint or "")
    if request.endpoint == "inventory.operations.operation":
        section = "inventory.ledger.index"
    return "true" if section == endpoint else ""
