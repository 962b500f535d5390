"""Reports: what has to be bought, and the way to every other report."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from inventory import reports
from inventory.db import connection
from inventory.listing import list_items
from inventory.web import living
from inventory.web.exporting import download
from inventory.web.searching import page_links, page_of

blueprint = Blueprint("reports", __name__, url_prefix="/reports")


@blueprint.get("/")
def index() -> str:
    return render_template("reports/index.html")


@living.part("reports.reorder", "reports/_reorder_live.html")
def read_reorder(query: MultiDict[str, str]) -> dict[str, Any]:
    page = list_items(connection(), low_stock=True, **page_of(query))
    return {
        "page": page,
        "since": reports.low_since(connection(), [one.item.id for one in page.rows]),
        "exports": [("CSV", url_for("reports.reorder_csv"))],
        **page_links(query, page),
    }


@blueprint.get("/reorder/")
def reorder() -> Response:
    return living.respond("reports/reorder.html")


@blueprint.get("/reorder/export.csv")
def reorder_csv() -> Response:
    report = reports.reorder_report(connection())
    return download("csv", "reorder", report.heads, report.rows)
