"""What the query of a list's page says: filters in the URL, pages by cursor."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import url_for
from werkzeug.datastructures import MultiDict

from inventory.common import clock
from inventory.queries import MOST_ROWS, USUAL_ROWS, Page


def one_of(value: str | None, allowed: tuple[str, ...], default: str) -> str:
    """One of the values that a page knows: an unknown one is as good as none."""
    return value if value in allowed else default


def search_param(query: MultiDict[str, str]) -> str:
    """What is searched for, cut to what can be: pages forgive where the API refuses."""
    return "".join(c for c in query.get("q", "") if c.isprintable()).strip()[:100]


def datetime_param(query: MultiDict[str, str]) -> tuple[datetime | None, str]:
    """The moment that `?at=` names, on the site's clock unless it says its zone, and its text."""
    text = query.get("at", "")
    try:
        at = datetime.fromisoformat(text)
        at = (at if at.tzinfo else at.replace(tzinfo=clock.zone())).astimezone(UTC)
    except (ValueError, OverflowError):
        return None, ""
    return at, at.astimezone(clock.zone()).strftime("%Y-%m-%dT%H:%M")


def date_param(at: datetime | None) -> date:
    """The day by which a lot was expired or not: that of the moment, at the site; else today."""
    return at.astimezone(clock.zone()).date() if at else clock.today()


def day_in(query: MultiDict[str, str], name: str) -> date | None:
    """A day that the query names; one that is none is as good as none."""
    try:
        day = date.fromisoformat(query.get(name, ""))
    except ValueError:
        return None
    return day if 1970 <= day.year < 9000 else None


def start_of(text: str | None, *, days: int = 0) -> datetime | None:
    """The first moment of a day at the site, or of the day after it."""
    try:
        day = date.fromisoformat(text or "") + timedelta(days=days)
        return datetime.combine(day, time.min, clock.zone()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def after(at: datetime | None) -> datetime | None:
    """What is written at a moment counts: the first instant that no longer does."""
    return None if at is None else at + timedelta(microseconds=1)


def export_links(blueprint: str, query: MultiDict[str, str]) -> list[tuple[str, str]]:
    """The list as files, with the same filters."""
    filters = active_filters(query)
    ending = f"?{urlencode(filters)}" if filters else ""
    words = {"csv": "CSV", "xlsx": "XLSX", "jsonl": "JSON Lines"}
    return [
        (word, url_for(f"{blueprint}.export", kind=kind) + ending) for kind, word in words.items()
    ]


def row_limit(query: MultiDict[str, str], step: int = USUAL_ROWS) -> int:
    """How many rows the page shows: so many more each time that more is asked for."""
    text = query.get("rows", "")
    rows = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else step
    return min(max(rows, step), MOST_ROWS)


def cursor_page(query: MultiDict[str, str], step: int = USUAL_ROWS) -> dict[str, Any]:
    """Which rows: for a list of the core."""
    return {"limit": row_limit(query, step), "cursor": query.get("cursor")}


def page_links(
    query: MultiDict[str, str], page: Page[Any], step: int = USUAL_ROWS
) -> dict[str, str | None]:
    """Where more rows are, and the first where these are not: with the same filters.

    `more` is the same page with more rows, as long as it may have more; then `after` is the
    next page.
    """
    filters = active_filters(query)
    links: dict[str, str | None] = {"more": None, "after": None, "first": None}
    cursor, rows = query.get("cursor"), row_limit(query, step)
    if page.next_cursor and not cursor and rows < MOST_ROWS:
        links["more"] = f"?{urlencode(filters | {'rows': min(rows + step, MOST_ROWS)})}"
    elif page.next_cursor:
        links["after"] = f"?{urlencode(filters | {'cursor': page.next_cursor})}"
    if cursor:
        links["first"] = f"?{urlencode(filters)}"
    return links


def sort_heads(
    query: MultiDict[str, str], sorts: Sequence[str], rising: Sequence[str]
) -> dict[str, tuple[str, str]]:
    """For each column that a list can be sorted by: where its head leads, and the order it is in
    now ("ascending", "descending" or ""). One tap sorts, another turns it round, a third puts the
    list back. Figures begin with the largest; `rising` columns with the smallest."""
    filters, now = active_filters(query), one_of(query.get("sort"), tuple(sorts), "")
    headers = {}
    for name in dict.fromkeys(sort.lstrip("-") for sort in sorts):
        turns = [name, f"-{name}", ""] if name in rising else [f"-{name}", name, ""]
        then = turns[turns.index(now) + 1] if now and now in turns else turns[0]
        wanted = {key: value for key, value in (filters | {"sort": then}).items() if value}
        order = {name: "ascending", f"-{name}": "descending"}.get(now, "")
        headers[name] = (f"?{urlencode(wanted)}", order)
    return headers


def active_filters(query: MultiDict[str, str]) -> dict[str, str]:
    """What the list is, wherever in it the page is."""
    place = ("cursor", "rows")
    return {name: value for name, value in query.items() if name not in place and value}
