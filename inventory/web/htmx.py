"""What the browser asks for: a page, or a piece of one."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from flask import Flask, Response, request


def wants_partial() -> bool:
    """Is the answer swapped into a page that is open already?"""
    return request.headers.get("HX-Request-Type") == "partial"


def is_htmx() -> bool:
    """Return whether htmx sent the request."""
    return request.headers.get("HX-Request") == "true"


def is_poll() -> bool:
    """A page asking by itself whether something changed: nobody is at work because of it."""
    return "HX-PTag" in request.headers or "Floor-Timer" in request.headers


def shown_url() -> SplitResult | None:
    """Return the URL of the page that the browser shows; None for other sites."""
    try:
        url = urlsplit(request.headers.get("HX-Current-URL", ""))
    except ValueError:
        return None
    return url if url.netloc == request.host else None


def init_app(app: Flask) -> None:
    app.after_request(_vary)


def _vary(response: Response) -> Response:
    """Add `HX-Request-Type` to the Vary header of all HTML responses."""
    if response.mimetype == "text/html":
        response.vary.add("HX-Request-Type")
    return response
