"""Request headers of htmx: whether the browser wants a page or a partial."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from flask import Flask, Response, request


def wants_partial() -> bool:
    """Return whether the response replaces a part of an open page."""
    return request.headers.get("HX-Request-Type") == "partial"


def is_htmx() -> bool:
    """Return whether htmx sent the request."""
    return request.headers.get("HX-Request") == "true"


def is_poll() -> bool:
    """Return whether the page sent the request by itself, without user activity."""
    return "HX-PTag" in request.headers or "Floor-Timer" in request.headers


def shown_url() -> SplitResult | None:
    """Return the URL of the page that the browser shows; None for other sites."""
    try:
        url = urlsplit(request.headers.get("HX-Current-URL", ""))
    except ValueError:
        return None
    return url if url.netloc == request.host else None


def init_app(app: Flask) -> None:
    """Install the Vary header."""
    app.after_request(_vary)


def _vary(response: Response) -> Response:
    """Add `HX-Request-Type` to the Vary header of all HTML responses."""
    if response.mimetype == "text/html":
        response.vary.add("HX-Request-Type")
    return response
