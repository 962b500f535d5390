"""Menus, theme and viewer: the values that base.html needs for every page.

Runs no database query, because error pages use it too; the viewer is the user that the request has
already loaded.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import Flask, current_app, g, request

from inventory.http.languages import lazy_gettext as _l
from inventory.web import urls
from inventory.web.auth.permissions import role_of
from inventory.web.inventory.help import guide_url

THEMES = ("light", "dark")


class Page(NamedTuple):
    """A page that menus, settings and the search lead to."""

    endpoint: str
    word: Any
    icon: str
    about: Any = ""


_NAV = (
    Page("inventory.dashboard.index", _l("Stock"), "layout-dashboard"),
    Page("inventory.items.index", _l("Items"), "package"),
    Page("inventory.lots.index", _l("Lots"), "split"),
    Page("inventory.reservations.index", _l("Jobs"), "bookmark"),
    Page("inventory.ledger.index", _l("Ledger"), "notebook-text"),
    Page("inventory.reports.index", _l("Reports"), "list-checks"),
)
_REPORTS = (
    Page("inventory.reports.reorder", _l("Reorder"), "package-plus"),
    Page("inventory.reports.stock", _l("Stock as of a date"), "history"),
    Page("inventory.analytics.index", _l("Analysis"), "layout-dashboard"),
)
_SETTINGS = (
    (
        _l("Data"),
        (
            Page(
                "inventory.imports.index",
                _l("Import"),
                "upload",
                _l("Items, stock, counts and barcodes from CSV or Excel"),
            ),
            Page(
                "inventory.exports.index",
                _l("Exports"),
                "download",
                _l("Complete lists and the ledger as CSV, XLSX or JSON Lines"),
            ),
            Page(
                "inventory.labels.index",
                _l("Labels"),
                "printer",
                _l("Labels of lots and items as PDF"),
            ),
        ),
    ),
    (
        _l("Access"),
        (
            Page("auth.account.index", _l("Account"), "circle-user", _l("Password and language")),
            Page("admin.users.index", _l("Users"), "users", _l("Roles, passwords and approvals")),
            Page(
                "auth.account.own_tokens",
                _l("API tokens"),
                "lock",
                _l("API access for your systems"),
            ),
            Page(
                "admin.users.all_tokens",
                _l("All API tokens"),
                "lock",
                _l("API access for the systems of all users"),
            ),
        ),
    ),
    (
        _l("System"),
        (
            Page(
                "admin.health.index",
                _l("Health"),
                "list-checks",
                _l("Checks, backups and maintenance"),
            ),
            Page(
                "admin.webhooks.index",
                _l("Webhooks"),
                "upload",
                _l("Notify other systems when an item runs low"),
            ),
            Page(
                "admin.audit_log.index",
                _l("Audit log"),
                "history",
                _l("Sign-ins and changes to accounts and records"),
            ),
        ),
    ),
)
_TABLET = Page("floor.index", _l("Tablet app"), "tablet")
_SETTINGS_PAGE = Page("inventory.settings.index", _l("Settings"), "settings-2")
_VERBS = (
    Page("inventory.operations.receive", _l("Receive"), "package-plus"),
    Page("inventory.operations.reserve", _l("Reserve"), "bookmark-plus"),
    Page("inventory.operations.issue", _l("Issue"), "package-minus"),
)


#: The menu section of a page, by its blueprint.
_SECTIONS = {
    "inventory.items": "inventory.items.index",
    "inventory.lots": "inventory.lots.index",
    "inventory.codes": "inventory.items.index",
    "inventory.recalls": "inventory.lots.index",
    "inventory.reservations": "inventory.reservations.index",
    "inventory.references": "inventory.reservations.index",
    "inventory.ledger": "inventory.ledger.index",
    "inventory.reports": "inventory.reports.index",
    "inventory.analytics": "inventory.reports.index",
    "inventory.imports": "inventory.settings.index",
    "inventory.exports": "inventory.settings.index",
    "inventory.labels": "inventory.settings.index",
    "admin.users": "inventory.settings.index",
    "admin.health": "inventory.settings.index",
    "admin.audit_log": "inventory.settings.index",
    "admin.webhooks": "inventory.settings.index",
}


class NavItem(NamedTuple):
    """An entry of a menu."""

    word: str
    url: str
    icon: str
    #: For `aria-current`: "page", "true" for a page below this one, or "".
    current: str
    about: str = ""


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
        "menu": _entries((_TABLET, _SETTINGS_PAGE), viewer),
        "guide_url": guide_url(request.endpoint or ""),
        "theme": theme(),
        "behind": g.get("behind"),
        "here": urls.current_url() if request.method == "GET" else urls.home_url(),
    }


def theme() -> str:
    """Return the theme of the cookie, or "" for the browser's preference."""
    chosen = request.cookies.get("theme", "")
    return chosen if chosen in THEMES else ""


def settings_of(viewer: Any) -> list[tuple[str, list[NavItem]]]:
    """Return the groups of settings that the viewer can open: (title, entries)."""
    groups = [(str(title), _entries(pages, viewer)) for title, pages in _SETTINGS]
    return [(title, entries) for title, entries in groups if entries]


def pages_of(viewer: Any) -> list[NavItem]:
    """Return all pages that the search leads to and that the viewer can open."""
    settings = [page for _title, pages in _SETTINGS for page in pages]
    return _entries((*_NAV, _TABLET, *_REPORTS, _SETTINGS_PAGE, *settings), viewer)


def _entries(pages: tuple[Page, ...], viewer: Any) -> list[NavItem]:
    """Return the entries of the pages that exist and that the viewer can open."""
    views = current_app.view_functions
    return [
        NavItem(
            str(page.word),
            urls.url_for(page.endpoint),
            page.icon,
            _current(page.endpoint),
            str(page.about),
        )
        for page in pages
        if viewer and page.endpoint in views and viewer.has_role(role_of(views[page.endpoint]))
    ]


def _current(endpoint: str) -> str:
    if request.endpoint == endpoint:
        return "page"
    section = _SECTIONS.get(request.blueprint or "")
    if request.endpoint == "inventory.operations.operation":
        section = "inventory.ledger.index"
    return "true" if section == endpoint else ""
