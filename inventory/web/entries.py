"""The ledger as a page: entries, newest first, with every filter in the URL."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from inventory import clock
from inventory.db import connection
from inventory.figures import Entry, utc
from inventory.listing import list_entries
from inventory.models import TxnType
from inventory.quantity import format_qty
from inventory.web import living
from inventory.web.exporting import all_pages, download
from inventory.web.searching import export_links, only, page_links, page_of

blueprint = Blueprint("entries", __name__, url_prefix="/ledger")


def _filters(query: MultiDict[str, str]) -> dict[str, Any]:
    names = ("item", "reference", "user")
    filters: dict[str, Any] = {name: query.get(name, "").strip() or None for name in names}
    return filters | {
        "type": only(query.get("type"), tuple(TxnType), "") or None,
        "since": _start_of(query.get("from")),
        "until": _start_of(query.get("to"), days=1),
    }


@living.part("entries.index", "entries/_live.html")
def read_entries(query: MultiDict[str, str]) -> dict[str, Any]:
    page = list_entries(connection(), **_filters(query), **page_of(query))
    exports = export_links("entries", query)
    return {"page": page, "query": query, "exports": exports, **page_links(query, page)}


@blueprint.get("/")
def index() -> Response:
    return living.respond("entries/index.html", txn_types=list(TxnType))


_HEADS = (
    "entry", "time", "type", "kind", "operation", "item", "lot", "qty", "on hand after",
    "reserved after", "reference", "user",
)  # fmt: skip


@blueprint.get("/export.csv")
def export_csv() -> Response:
    return _export("csv")


@blueprint.get("/export.xlsx")
def export_xlsx() -> Response:
    return _export("xlsx")


def _export(kind: str) -> Response:
    found = all_pages(list_entries, **_filters(request.args))
    return download(kind, "ledger", _HEADS, map(_row, found))


def _row(entry: Entry) -> list[str]:
    quantities = (entry.qty, entry.on_hand_after, entry.reserved_after)
    return [
        str(entry.id), utc(entry.timestamp), entry.txn_type, entry.kind, str(entry.operation_id),
        entry.item_code, entry.lot_code, *map(format_qty, quantities), entry.reference or "",
        entry.user_name,
    ]  # fmt: skip


def _start_of(text: str | None, *, days: int = 0) -> datetime | None:
    """The first moment of a day at the site, or of the day after it."""
    try:
        day = date.fromisoformat(text or "") + timedelta(days=days)
        return datetime.combine(day, time.min, clock.zone()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
