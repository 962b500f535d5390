"""The ledger as a page: entries, newest first, with every filter in the URL."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, redirect, request, url_for
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from inventory import stock, verification
from inventory.db import connection
from inventory.listing import list_entries
from inventory.models import Kind, TxnType
from inventory.web import errands, living
from inventory.web.exporting import download_list
from inventory.web.filters import format_datetime
from inventory.web.roles import requires
from inventory.web.searching import export_links, only, page_links, page_of, start_of

blueprint = Blueprint("entries", __name__, url_prefix="/ledger")


def _filters(query: MultiDict[str, str]) -> dict[str, Any]:
    names = ("item", "reference", "user")
    filters: dict[str, Any] = {name: query.get(name, "").strip() or None for name in names}
    return filters | {
        "lot_code": query.get("lot", "").strip() or None,
        "type": only(query.get("type"), tuple(TxnType), "") or None,
        "kind": only(query.get("kind"), tuple(Kind), "") or None,
        "since": start_of(query.get("from")),
        "until": start_of(query.get("to"), days=1),
    }


@living.part("entries.index", "entries/_live.html")
def read_entries(query: MultiDict[str, str]) -> dict[str, Any]:
    page = list_entries(connection(), **_filters(query), **page_of(query))
    exports = export_links("entries", query)
    return {
        "page": page,
        "query": query,
        "verified": _last_run(),
        "verifying": errands.is_running(errands.VERIFY),
        "exports": exports,
        **page_links(query, page),
    }


def _last_run() -> dict[str, Any] | None:
    run = verification.last_run(connection())
    return run and run | {"started_at": format_datetime(datetime.fromisoformat(run["started_at"]))}


@blueprint.get("/")
def index() -> Response:
    return living.respond(
        "entries/index.html",
        txn_types=list(TxnType),
        kinds=[one for one in Kind if one != Kind.QC],
        may_verify=current_user.may("admin"),
    )


@blueprint.get("/<int:entry_id>/")
def entry(entry_id: int) -> Response:
    """Where one entry is to be found for ever: among those of its operation."""
    operation_id = stock.operation_of_entry(connection(), entry_id)
    page = url_for(
        "operations.operation",
        operation_id=operation_id,
        entry=entry_id,
        _anchor=f"entry-{entry_id}",
    )
    return redirect(page, 303)


@blueprint.post("/verification/")
@requires("admin")
def verify() -> Response:
    errands.start(errands.VERIFY)
    return redirect(url_for("entries.index"), 303)


@blueprint.get("/export.<kind>")
def export(kind: str) -> Response:
    return download_list(kind, "ledger", **_filters(request.args))
