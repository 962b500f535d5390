"""The ledger as a page: entries, newest first, with every filter in the URL."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from flask import Blueprint
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from inventory import clock
from inventory.db import connection
from inventory.listing import list_entries
from inventory.models import TxnType
from inventory.web import living
from inventory.web.searching import only, page_links

blueprint = Blueprint("entries", __name__, url_prefix="/ledger")


@living.part("entries.index", "entries/_live.html")
def read_entries(query: MultiDict[str, str]) -> dict[str, Any]:
    names = ("item", "reference", "user")
    filters: dict[str, Any] = {name: query.get(name, "").strip() or None for name in names}
    page = list_entries(
        connection(),
        **filters,
        type=only(query.get("type"), tuple(TxnType), "") or None,
        since=_start_of(query.get("from")),
        until=_start_of(query.get("to"), days=1),
        cursor=query.get("cursor"),
    )
    return {"page": page, "query": query, **page_links(query, page)}


@blueprint.get("/")
def index() -> Response:
    return living.respond("entries/index.html", txn_types=list(TxnType))


def _start_of(text: str | None, *, days: int = 0) -> datetime | None:
    """The first moment of a day at the site, or of the day after it."""
    try:
        day = date.fromisoformat(text or "") + timedelta(days=days)
    except (ValueError, OverflowError):
        return None
    return datetime.combine(day, time.min, clock.zone())
