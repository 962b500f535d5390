"""Query parameters of list pages: filters, sorting and pagination by cursor."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import url_for
from werkzeug.datastructures import MultiDict

from inventory.common import clock
from inventory.queries import MAX_ROWS, USUAL_ROWS, Page


def allowed_or_default(value: str | None, allowed: tuple[str, ...], default: str) -> str:
    """Return the value if it is allowed, else the default."""
    return value if value in allowed else default


def search_param(query: MultiDict[str, str]) -> str:
    """Return the search text, without control characters, at most 100 characters.

    Pages shorten an invalid text; the API refuses it.
    """
    return "".join(c for c in query.get("q", "") if c.isprintable()).strip()[:100]


def datetime_param(query: MultiDict[str, str]) -> tuple[datetime | None, str]:
    """Return the time of `?at=` in UTC, and its text for the input field.

    A value without a zone is in the site's zone. An invalid value is ignored: (None, "").
    """
    text = query.get("at", "")
    try:
        at = datetime.fromisoformat(text)
        at = (at if at.tzinfo else at.replace(tzinfo=clock.zone())).astimezone(UTC)
    except (ValueError, OverflowError):
        return None, ""
    return at, at.astimezone(clock.zone()).strftime("%Y-%m-%dT%H:%M")


def date_param(at: datetime | None) -> date:
    """Return the site's date of a time, or today: the date that decides expiry."""
    return at.astimezone(clock.zone()).date() if at else clock.today()


def optional_date_param(query: MultiDict[str, str], name: str) -> date | None:
    """Return a date of the query, or None if it is missing or invalid."""
    try:
        day = date.fromisoformat(query.get(name, ""))
    except ValueError:
        return None
    return day if 1970 <= day.year < 9000 else None


def start_of(text: str | None, *, days: int = 0) -> datetime | None:
    """Return the start of a date at the site plus `days`, in UTC; None if invalid."""
    try:
        day = date.fromisoformat(text or "") + timedelta(days=days)
        return datetime.combine(day, time.min, clock.zone()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def exclusive_bound(at: datetime | None) -> datetime | None:
    """Return the first instant after a time, as an exclusive upper bound.

    Entries posted exactly at the time are included.
    """
    return None if at is None else at + timedelta(microseconds=1)


def export_links(blueprint: str, query: MultiDict[str, str]) -> list[tuple[str, str]]:
    """Return (label, URL) of each file format of the list, with the same filters."""
    filters = active_filters(query)
    ending = f"?{urlencode(filters)}" if filters else ""
    words = {"csv": "CSV", "xlsx": "XLSX", "jsonl": "JSON Lines"}
    return [
        (word, url_for(f"{blueprint}.export", kind=kind) + ending) for kind, word in words.items()
    ]


def row_limit(query: MultiDict[str, str], step: int = USUAL_ROWS) -> int:
    """Return the number of rows to show, between `step` and the maximum."""
    text = query.get("rows", "")
    rows = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else step
    return min(max(rows, step), MAX_ROWS)


def cursor_page(query: MultiDict[str, str], step: int = USUAL_ROWS) -> dict[str, Any]:
    """Return `limit` and `cursor` for a list query of the core."""
    return {"limit": row_limit(query, step), "cursor": query.get("cursor")}


def page_links(
    query: MultiDict[str, str], page: Page[Any], step: int = USUAL_ROWS
) -> dict[str, str | None]:
    """Return the links to more rows, the next page and the first page.

    The links keep the filters. `more` shows the same page with more rows until the maximum is
    reached; from then on `after` is the next page. `first` is set when the page is not the first
    one.
    """
    filters = active_filters(query)
    links: dict[str, str | None] = {"more": None, "after": None, "first": None}
    cursor, rows = query.get("cursor"), row_limit(query, step)
    if page.next_cursor and not cursor and rows < MAX_ROWS:
        links["more"] = f"?{urlencode(filters | {'rows': min(rows + step, MAX_ROWS)})}"
    elif page.next_cursor:
        links["after"] = f"?{urlencode(filters | {'cursor': page.next_cursor})}"
    if cursor:
        links["first"] = f"?{urlencode(filters)}"
    return links


def sort_links(
    query: MultiDict[str, str], sorts: Sequence[str], rising: Sequence[str]
) -> dict[str, tuple[str, str]]:
    """Return the link and the current order of each sortable column.

    The order is "ascending", "descending" or "". The first click sorts, the second reverses, the
    third restores the default order. Columns begin with the largest value, those in `rising` with
    the smallest.
    """
    filters, now = active_filters(query), allowed_or_default(query.get("sort"), tuple(sorts), "")
    headers = {}
    for name in dict.fromkeys(sort.lstrip("-") for sort in sorts):
        turns = [name, f"-{name}", ""] if name in rising else [f"-{name}", name, ""]
        then = turns[turns.index(now) + 1] if now and now in turns else turns[0]
        wanted = {key: value for key, value in (filters | {"sort": then}).items() if value}
        order = {name: "ascending", f"-{name}": "descending"}.get(now, "")
        headers[name] = (f"?{urlencode(wanted)}", order)
    return headers


def active_filters(query: MultiDict[str, str]) -> dict[str, str]:
    """Return the query parameters without those of pagination."""
    place = ("cursor", "rows")
    return {name: value for name, value in query.items() if name not in place and value}
