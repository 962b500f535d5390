"""Takes up a request when all of it is here, and a few at a time.

The server hands over a request as soon as its headers are read. A slow or lost client would
then hold one of the few places where requests are worked on; and of a form that broke off half
way, Flask would see only the first fields, as if they were all.
"""

from __future__ import annotations

import json
import queue
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING

from flask import Flask

from inventory.http_errors import PROGRAMS, TRY_AGAIN, members

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

WAIT_SECONDS = 15.0


def init_app(app: Flask, *, at_once: int) -> None:
    larger = app.config.get("LARGER_BODIES", {})
    largest = app.config["MAX_CONTENT_LENGTH"]
    gate = WholeRequests(app.wsgi_app, largest=largest, at_once=at_once, larger=larger)
    app.wsgi_app = gate  # type: ignore[assignment, method-assign]


class WholeRequests:
    """The application behind it sees whole bodies of at most `largest` bytes (or what `larger`
    says of a path), and at most `at_once` requests; of a larger body it sees the length only, and
    answers 413."""

    def __init__(
        self,
        app: WSGIApplication,
        *,
        largest: int,
        at_once: int,
        larger: Mapping[str, int] | None = None,
    ) -> None:
        self._app = app
        self._largest = largest
        self._larger = larger or {}
        self._places: queue.SimpleQueue[None] = queue.SimpleQueue()
        for _ in range(at_once):
            self._places.put(None)

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        length = environ.get("CONTENT_LENGTH") or "0"
        if "HTTP_TRANSFER_ENCODING" in environ and length == "0":
            return refuse(environ, start, 411, "Send the body with a Content-Length.")
        if not (length.isascii() and length.isdigit() and len(length) < 20):
            return refuse(environ, start, 400, "That Content-Length is no number.")
        most = self._larger.get(environ.get("PATH_INFO", ""), self._largest)
        body = _read(environ["wsgi.input"], int(length)) if int(length) <= most else b""
        if body is None:
            return refuse(environ, start, 400, "The request broke off half way.")
        environ["wsgi.input"] = BytesIO(body)
        environ.pop("wsgi.input_terminated", None)  # Flask is to hold it to its Content-Length
        try:
            self._places.get(timeout=WAIT_SECONDS)
        except queue.Empty:
            return refuse(environ, start, 503, "The server is busy. Try again.")
        try:
            return self._app(environ, start)
        finally:
            self._places.put(None)


def _read(stream: BytesIO, length: int) -> bytes | None:
    """Exactly that many bytes, or None when the client went away before."""
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
    """An answer from before the application: problem details for a program, the sentence alone
    for a browser."""
    code = "BUSY" if status == HTTPStatus.SERVICE_UNAVAILABLE else "MALFORMED_REQUEST"
    kind, body = "text/plain; charset=utf-8", detail
    if environ.get("PATH_INFO", "").startswith(PROGRAMS):
        kind, body = (
            "application/problem+json",
            json.dumps(members(code, detail, status, root=environ.get("SCRIPT_NAME", ""))),
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
