"""The ledger: entries, newest first, with all filters in the URL."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, redirect, request, url_for
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from inventory import verification
from inventory.db import connection
from inventory.http.languages import format_datetime
from inventory.models import Kind, TxnType
from inventory.queries import list_entries
from inventory.stock import queries as stock
from inventory.web import background_jobs, live_updates
from inventory.web.auth.permissions import role_required
from inventory.web.downloads import download_list
from inventory.web.list_params import (
    allowed_or_default,
    cursor_page,
    export_links,
    page_links,
    start_of,
)

blueprint = Blueprint("ledger", __name__, url_prefix="/ledger")


def _filters(query: MultiDict[str, str]) -> dict[str, Any]:
    names = ("item", "reference", "user")
    filters: dict[str, Any] = {name: query.get(name, "").strip() or None for name in names}
    return filters | {
        "lot_code": query.get("lot", "").strip() or None,
        "type": allowed_or_default(query.get("type"), tuple(TxnType), "") or None,
        "kind": allowed_or_default(query.get("kind"), tuple(Kind), "") or None,
        "since": start_of(query.get("from")),
        "until": start_of(query.get("to"), days=1),
    }


@live_updates.live_region("inventory.ledger.index", "inventory/ledger/_live.html")
def read_entries(query: MultiDict[str, str]) -> dict[str, Any]:
    """Return the values of the page's live region."""
    page = list_entries(connection(), **_filters(query), **cursor_page(query))
    exports = export_links("inventory.ledger", query)
    return {
        "page": page,
        "query": query,
        "verified": _last_run(),
        "verifying": background_jobs.is_running(background_jobs.VERIFY),
        "exports": exports,
        **page_links(query, page),
    }


def _last_run() -> dict[str, Any] | None:
    run = verification.last_run(connection())
    return run and run | {"started_at": format_datetime(datetime.fromisoformat(run["started_at"]))}


@blueprint.get("/")
def index() -> Response:
    """Show the ledger."""
    return live_updates.render_live_page(
        "inventory/ledger/index.html",
        txn_types=list(TxnType),
        kinds=[one for one in Kind if one != Kind.QC],
        may_verify=current_user.has_role("admin"),
    )


@blueprint.get("/<int:entry_id>/")
def entry(entry_id: int) -> Response:
    """Redirect the permanent URL of an entry to the page of its operation."""
    operation_id = stock.operation_of_entry(connection(), entry_id)
    page = url_for(
        "inventory.operations.operation",
        operation_id=operation_id,
        entry=entry_id,
        _anchor=f"entry-{entry_id}",
    )
    return redirect(page, 303)


@blueprint.post("/verification/")
@role_required("admin")
def verify() -> Response:
    """Start a verification of the ledger in the background."""
    background_jobs.start(background_jobs.VERIFY)
    return redirect(url_for("inventory.ledger.index"), 303)


@blueprint.get("/export.<kind>")
def export(kind: str) -> Response:
    """Download the entries with the filters of the page."""
    return download_list(kind, "ledger", **_filters(request.args))
