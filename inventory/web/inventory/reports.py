"""Reports: reorder list, stock at a time, and links to all others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from inventory.common import clock
from inventory.db import connection
from inventory.http.languages import gettext as _
from inventory.queries import list_items
from inventory.queries.page_reads import Reads
from inventory.reports import tables
from inventory.reports.stock_as_of import items_at
from inventory.web import live_updates
from inventory.web.downloads import download, own_reads
from inventory.web.list_params import cursor_page, datetime_param, page_links, search_param

blueprint = Blueprint("reports", __name__, url_prefix="/reports")


@blueprint.get("/")
def index() -> str:
    """Show the links to all reports."""
    return render_template("inventory/reports/index.html")


@live_updates.live_region("inventory.reports.reorder", "inventory/reports/_reorder_live.html")
def read_reorder(query: MultiDict[str, str]) -> dict[str, Any]:
    """Return the values of the reorder list's live region."""
    page = list_items(connection(), low_stock=True, **cursor_page(query))
    return {
        "page": page,
        "since": tables.low_since(connection(), [row.item.id for row in page.rows]),
        "exports": [("CSV", url_for("inventory.reports.reorder_csv"))],
        **page_links(query, page),
    }


@blueprint.get("/reorder/")
def reorder() -> Response:
    """Show the items at or below their reorder point."""
    return live_updates.render_live_page("inventory/reports/reorder.html")


@blueprint.get("/reorder/export.csv")
def reorder_csv() -> Response:
    """Download the reorder list."""
    report = tables.reorder_report(own_reads())
    return download("csv", "reorder", report.headers, report.rows)


@live_updates.live_region("inventory.reports.stock", "inventory/reports/_stock_live.html")
def read_stock(query: MultiDict[str, str]) -> dict[str, Any]:
    """Return the values of the stock report's live region."""
    at, at_text = datetime_param(query)
    page = items_at(connection(), at or clock.now(), q=search_param(query), **cursor_page(query))
    return {
        "page": page,
        "at": at,
        "at_text": at_text,
        "q": query.get("q", ""),
        "exports": [
            (_("CSV by item"), url_for("inventory.reports.stock_csv", at=at_text or None)),
            (_("CSV by lot"), url_for("inventory.reports.lots_csv", at=at_text or None)),
        ],
        **page_links(query, page),
    }


@blueprint.get("/stock/")
def stock() -> Response:
    """Show the stock of all items at a time."""
    return live_updates.render_live_page("inventory/reports/stock.html")


@blueprint.get("/stock/export.csv")
def stock_csv() -> Response:
    """Download the stock by item at a time."""
    return _as_of(tables.stock_report, "stock")


@blueprint.get("/stock/lots.csv")
def lots_csv() -> Response:
    """Download the stock by lot at a time."""
    return _as_of(tables.lots_report, "stock-by-lot")


def _as_of(make: Callable[[Reads, datetime], tables.Report], name: str) -> Response:
    at, _ = datetime_param(request.args)
    report = make(own_reads(), at or clock.now())
    day = f"-{at.astimezone(clock.zone()):%Y-%m-%d}" if at else ""
    return download("csv", f"{name}{day}", report.headers, report.rows)
