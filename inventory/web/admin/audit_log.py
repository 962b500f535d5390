"""Audit log: changes outside the ledger, and denied access."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from inventory import audit
from inventory.db import connection
from inventory.queries import AUDIT_CHOICES, list_audit
from inventory.web import live_updates
from inventory.web.auth.permissions import role_required
from inventory.web.downloads import download_list
from inventory.web.list_params import (
    allowed_or_default,
    cursor_page,
    export_links,
    page_links,
    start_of,
)

blueprint = Blueprint("audit_log", __name__, url_prefix="/audit")


def _filters(query: MultiDict[str, str]) -> dict[str, Any]:
    return {
        "who": query.get("who", "").strip() or None,
        "what": allowed_or_default(query.get("what"), AUDIT_CHOICES, "") or None,
        "since": start_of(query.get("from")),
        "until": start_of(query.get("to"), days=1),
    }


@live_updates.live_region("admin.audit_log.index", "admin/audit_log/_live.html")
def read_audit(query: MultiDict[str, str]) -> dict[str, Any]:
    """Return the values of the page's live region."""
    page = list_audit(connection(), **_filters(query), **cursor_page(query))
    exports = export_links("admin.audit_log", query)
    return {"page": page, "query": query, "exports": exports, **page_links(query, page)}


@blueprint.get("/")
@role_required("admin")
def index() -> Response:
    """Show the audit log."""
    return live_updates.render_live_page("admin/audit_log/index.html", groups=audit.GROUPS)


@blueprint.get("/export.<kind>")
@role_required("admin")
def export(kind: str) -> Response:
    """Download the audit log with the filters of the page."""
    return download_list(kind, "audit", **_filters(request.args))
