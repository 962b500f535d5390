"""Refuse requests with an incomplete body.

Of a form that was cut off, Flask would parse the first fields as if they were all. Our server reads
the whole body before it calls the application (asgi.py); other WSGI servers call it as soon as the
headers are read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING

from flask import Flask, request

from inventory.http.error_handlers import PROGRAMS, TRY_AGAIN, problem_fields

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: Key of the WSGI environment: the body is complete.
BODY_COMPLETE = "inventory.body_is_whole"
#: Key of the WSGI environment: the body was not read, because its sender is not signed in. The
#: value is the largest body that would have been read, in bytes.
BODY_WITHHELD = "inventory.body_withheld"


def init_app(app: Flask) -> None:
    """Install the middleware and the check of unread bodies."""
    larger = app.config.get("LARGER_BODIES", {})
    largest = app.config["MAX_CONTENT_LENGTH"]
    # Runs before anything reads a form, including the CSRF check.
    app.before_request_funcs.setdefault(None, []).insert(0, _expect_no_withheld_body)
    whole = RequestBufferingMiddleware(app.wsgi_app, largest=largest, limit_by_path=larger)
    app.wsgi_app = whole  # type: ignore[assignment, method-assign]


def _expect_no_withheld_body() -> None:
    """Limit an unread body, so that reading it answers 413.

    Views that require sign-in answer that first.
    """
    if (most := request.environ.get(BODY_WITHHELD)) is not None:
        request.max_content_length = most


class RequestBufferingMiddleware:
    """Read complete bodies up to a limit.

    Of a larger body the application sees only the length, and answers 413.

    Args:
        largest: limit in bytes.
        limit_by_path: other limits, by path.
    """

    def __init__(
        self, app: WSGIApplication, *, largest: int, limit_by_path: Mapping[str, int] | None = None
    ) -> None:
        self._app = app
        self._largest = largest
        self._larger = limit_by_path or {}

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        length = environ.get("CONTENT_LENGTH") or "0"
        if "HTTP_TRANSFER_ENCODING" in environ and length == "0":
            return refuse(environ, start, 411, "Send the body with a Content-Length.")
        if not (length.isascii() and length.isdigit() and len(length) < 20):
            return refuse(environ, start, 400, "That Content-Length is no number.")
        if not (BODY_COMPLETE in environ or BODY_WITHHELD in environ):
            most = self._larger.get(environ.get("PATH_INFO", ""), self._largest)
            body = _read(environ["wsgi.input"], int(length)) if int(length) <= most else b""
            if body is None:
                return refuse(environ, start, 400, "The request was incomplete.")
            environ["wsgi.input"] = BytesIO(body)
        environ.pop("wsgi.input_terminated", None)  # makes Flask use the Content-Length
        return self._app(environ, start)


def _read(stream: BytesIO, length: int) -> bytes | None:
    """Return exactly `length` bytes, or None if the client disconnected before."""
    parts = []
    while length > 0:
        try:
            part = stream.read(length)
        except OSError:
            return None
        if not part:
            return None
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def refuse(environ: WSGIEnvironment, start: StartResponse, status: int, detail: str) -> list[bytes]:
    """Return a response without the application.

    Programs get problem details, browsers the sentence alone.
    """
    code = "BUSY" if status == HTTPStatus.SERVICE_UNAVAILABLE else "MALFORMED_REQUEST"
    kind, body = "text/plain; charset=utf-8", detail
    if environ.get("PATH_INFO", "").startswith(PROGRAMS):
        kind, body = (
            "application/problem+json",
            json.dumps(problem_fields(code, detail, status, root=environ.get("SCRIPT_NAME", ""))),
        )
    headers = [
        ("Content-Type", kind),
        ("Content-Length", str(len(body.encode()))),
        ("Cache-Control", "no-store"),
        ("Connection", "close"),
    ]
    if code in TRY_AGAIN:
        headers.append(("Retry-After", TRY_AGAIN[code]))
    start(f"{status} {HTTPStatus(status).phrase}", headers)
    return [body.encode()]
