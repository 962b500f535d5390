"""What the browser asks for: a page, or a piece of one."""

from __future__ import annotations

from flask import Flask, Response, request


def wants_partial() -> bool:
    """Is the answer swapped into a page that is open already?"""
    return request.headers.get("HX-Request-Type") == "partial"


def is_htmx() -> bool:
    return request.headers.get("HX-Request") == "true"


def is_poll() -> bool:
    """A page asking by itself whether something changed: nobody is at work because of it."""
    return "HX-PTag" in request.headers or "Floor-Timer" in request.headers


def init_app(app: Flask) -> None:
    app.after_request(_vary)


def _vary(response: Response) -> Response:
    if response.mimetype == "text/html":
        response.vary.add("HX-Request-Type")
    return response
