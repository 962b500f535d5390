"""What the query of a list's page says: filters in the URL, pages by cursor."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import url_for
from werkzeug.datastructures import MultiDict

from inventory import clock
from inventory.listing import Page


def only(value: str | None, allowed: tuple[str, ...], default: str) -> str:
    """One of the values that a page knows: an unknown one is as good as none."""
    return value if value in allowed else default


def search_of(query: MultiDict[str, str]) -> str:
    """What is searched for, cut to what can be: pages forgive where the API refuses."""
    return "".join(c for c in query.get("q", "") if c.isprintable()).strip()[:100]


def moment_of(query: MultiDict[str, str]) -> tuple[datetime | None, str]:
    """The moment that `?at=` names, on the site's clock unless it says its zone, and its text."""
    text = query.get("at", "")
    try:
        at = datetime.fromisoformat(text)
        at = (at if at.tzinfo else at.replace(tzinfo=clock.zone())).astimezone(UTC)
    except (ValueError, OverflowError):
        return None, ""
    return at, at.astimezone(clock.zone()).strftime("%Y-%m-%dT%H:%M")


def after(at: datetime | None) -> datetime | None:
    """What is written at a moment counts: the first instant that no longer does."""
    return None if at is None else at + timedelta(microseconds=1)


def export_links(family: str, query: MultiDict[str, str]) -> list[tuple[str, str]]:
    """The list as files, with the same filters."""
    filters = {name: value for name, value in query.items() if name != "cursor" and value}
    ending = f"?{urlencode(filters)}" if filters else ""
    return [
        ("CSV", url_for(f"{family}.export_csv") + ending),
        ("XLSX", url_for(f"{family}.export_xlsx") + ending),
    ]


def page_links(query: MultiDict[str, str], page: Page[Any]) -> dict[str, str | None]:
    """Where the next page is, and the first where this is not it: with the same filters."""
    filters = {name: value for name, value in query.items() if name != "cursor" and value}
    more = f"?{urlencode(filters | {'cursor': page.next_cursor})}" if page.next_cursor else None
    first = f"?{urlencode(filters)}" if query.get("cursor") else None
    return {"more": more, "first": first}
