"""The dashboard: stock, items that need attention, latest entries."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from inventory.common import clock
from inventory.db import connection
from inventory.queries import ITEM_SORTS, list_entries, list_items, list_lots, list_reservations
from inventory.reports import overview
from inventory.stock.entities import StockTotals
from inventory.web import live_updates
from inventory.web.inventory import items, operations
from inventory.web.list_params import (
    allowed_or_default,
    cursor_page,
    page_links,
    search_param,
    sort_links,
)
from inventory.web.operation_forms import shown_panel
from inventory.web.operation_panel import Panel, operation_panel

blueprint = Blueprint("dashboard", __name__)

_SOON = timedelta(days=30)
#: A reservation that is open for this long is probably forgotten.
_OLD = timedelta(days=30)
_MAX_SHOWN = 3
_ROWS = 25


@live_updates.live_region("inventory.dashboard.index", "inventory/dashboard/_live.html")
def read_dashboard(query: MultiDict[str, str]) -> dict[str, Any]:
    """Return the values of the page's live region."""
    conn, today = connection(), clock.today()
    q = search_param(query)
    by_unit = {} if q else overview.totals_by_unit(conn, today)
    unit = query.get("unit", "")
    unit = unit if unit in by_unit else next(iter(by_unit), "")
    sort = allowed_or_default(query.get("sort"), ITEM_SORTS, "")
    page = list_items(conn, q=q, archived=False, sort=sort, **cursor_page(query, _ROWS))
    return {
        "units": [(name, name == unit) for name in by_unit],
        "unit": unit,
        "totals": by_unit.get(unit, StockTotals()),
        "today": today,
        "q": q,
        "page": page,
        "sorts": sort_links(query, ITEM_SORTS, ("code", "name")),
        "needs": None if q else _needs(conn, today),
        "entries": list_entries(conn, limit=8) if not q else None,
        "may_begin": items.CREATE.is_allowed(),
        **page_links(query, page, _ROWS),
    }


def _needs(conn: Any, today: Any) -> dict[str, Any]:
    """Return a few of each kind that need attention, cached until the next write."""
    return overview.cached_until_write(conn, "needs", today, lambda: _read_needs(conn, today))


def _read_needs(conn: Any, today: Any) -> dict[str, Any]:
    expiring = list_lots(conn, expiring_before=today + _SOON, with_stock=True, limit=_MAX_SHOWN)
    return {
        "risky": list_reservations(conn, at_risk=True, limit=_MAX_SHOWN),
        "old": overview.old_reservations(conn, clock.now() - _OLD, limit=_MAX_SHOWN),
        "waiting": overview.lots_in_quarantine(conn, limit=_MAX_SHOWN),
        "expiring": expiring,
        "low": list_items(conn, low_stock=True, limit=_MAX_SHOWN),
    }


@blueprint.get("/")
def index() -> Response:
    """Show the dashboard."""
    return live_updates.render_live_page(
        "inventory/dashboard/index.html",
        create=url_for("inventory.items.create") if items.CREATE.is_allowed() else "",
        acting=shown_panel,
    )


@operation_panel("inventory.dashboard.index")
def read_panel() -> Panel:
    """Return the operations of the dashboard."""
    return Panel([operations.RECEIVE, operations.RESERVE, operations.ISSUE])
