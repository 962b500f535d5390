"""Live region: the part of a page that changes with the stock.

Each page with stock figures registers one partial, `#live`, and the function that reads its values.
The page includes the partial; the response to an operation and the poll send the same partial
again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from flask import abort, current_app, make_response, render_template, request
from markupsafe import Markup
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from inventory.common.errors import Refusal
from inventory.common.validation import MAX_ID
from inventory.web import urls
from inventory.web.auth import permissions
from inventory.web.htmx import shown_url

Read = Callable[..., dict[str, Any]]

_REGIONS: dict[str, tuple[str, Read]] = {}


def live_region(endpoint: str, template: str) -> Callable[[Read], Read]:
    """Decorator: register the function that reads the values of a page's live region.

    The function is called with the query of the page and the ids of its URL.
    """

    def mark(read: Read) -> Read:
        _REGIONS[endpoint] = (template, read)
        return read

    return mark


def endpoints() -> list[str]:
    """Return the endpoints of all pages with a live region."""
    return sorted(_REGIONS)


def reject_out_of_range_ids(endpoint: str | None, ids: dict[str, Any] | None) -> None:
    """Answer 404 for ids above the range of the database's integers."""
    if any(isinstance(id, int) and id > MAX_ID for id in (ids or {}).values()):
        abort(404)


def wants_live() -> bool:
    """Return whether the request asks for the live region only."""
    return request.headers.get("HX-Target") == "div#live"


def render_live_page(template: str, **values: Any) -> Response:
    """Return the page, or for htmx its live region, or 304 if that is unchanged."""
    assert request.endpoint is not None
    url = urls.current_url()
    context, html, tag = _render(request.endpoint, request.args, request.view_args or {}, url)
    if not wants_live():
        return make_response(
            render_template(template, **(context | _resolve_lazy(values)), live=html)
        )
    if request.headers.get("HX-PTag") == tag:
        return Response(status=304)
    response = make_response(str(html))
    response.headers["HX-PTag"] = tag
    return response


@dataclass(frozen=True)
class ShownPage:
    """The page that the browser shows while htmx sends a request."""

    endpoint: str
    ids: Mapping[str, Any]
    query: MultiDict[str, str]
    url: str


def shown_page() -> ShownPage | None:
    """Return the page that the browser shows, or None if it is none of ours."""
    url = shown_url()
    adapter = current_app.create_url_adapter(request)
    path = None if url is None else urls.strip_prefix(url.path)
    if url is None or path is None or adapter is None:
        return None
    try:
        endpoint, ids = adapter.match(path, method="GET")
        reject_out_of_range_ids(endpoint, dict(ids))
    except HTTPException:
        return None
    query = MultiDict(parse_qsl(url.query, keep_blank_values=True))
    here = f"{url.path}?{url.query}" if url.query else url.path
    return ShownPage(endpoint, ids, query, here)


def render_current() -> Markup | None:
    """Return the live region of the page that the browser shows, or None."""
    page = shown_page()
    if page is None or page.endpoint not in _REGIONS:
        return None
    try:
        return _render(page.endpoint, page.query, page.ids, page.url)[1]
    except (HTTPException, Refusal):
        return None


def _render(
    endpoint: str, query: MultiDict[str, str], ids: Mapping[str, Any], url: str
) -> tuple[dict[str, Any], Markup, str]:
    """Return the context, the HTML and the tag of a live region.

    Raises:
        Forbidden: the user cannot open the page.
    """
    permissions.require_open(endpoint)
    template, read = _REGIONS[endpoint]
    context = read(query, **ids)
    part = Markup(render_template(template, **context))  # noqa: S704 - by our own template
    tag = hashlib.sha256(part.encode()).hexdigest()[:16]
    html = Markup(render_template("shared/_live_region.html", part=part, tag=tag, url=url))  # noqa: S704
    return context, html, tag


def _resolve_lazy(values: dict[str, Any]) -> dict[str, Any]:
    """Call the lazy values; they are needed for full pages only, not for polls."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if callable(value):
            found |= value()
        else:
            found[name] = value
    return found
