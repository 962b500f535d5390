"""Request ids and durations in the log.

An X-Request-Id header is used only behind a trusted proxy and if it is well-formed; otherwise
clients could write any text into the log.
"""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import structlog
from flask import Flask, has_request_context, request
from werkzeug.wsgi import ClosingIterator

from inventory.config import Config
from inventory.http import metrics

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger("inventory.requests")

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
_ROUTE, _USER = "inventory.route", "inventory.user"
_METHODS = frozenset(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])


def init_app(app: Flask, config: Config) -> None:
    """Install the request log."""
    app.before_request(_note_route)
    observed = RequestLogMiddleware(app.wsgi_app, trust_incoming_id=config.proxy_count > 0)
    app.wsgi_app = observed  # type: ignore[assignment, method-assign]


def bind_user(user_id: int) -> None:
    """Add the user to the log lines of this request."""
    if has_request_context():
        request.environ[_USER] = user_id
        structlog.contextvars.bind_contextvars(user=user_id)


def _note_route() -> None:
    """Store the route, never the path.

    Paths have no limited number of values and show which records a user viewed.
    """
    if request.url_rule is not None:
        request.environ[_ROUTE] = request.url_rule.rule


class RequestLogMiddleware:
    """Give each request an id, and log its route, status and duration."""

    def __init__(self, app: WSGIApplication, *, trust_incoming_id: bool) -> None:
        self._app = app
        self._believes = trust_incoming_id

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        began = time.perf_counter()
        request_id = self._id_of(environ)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        status = 500

        def start_named(line: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            nonlocal status
            status = int(line[:3])
            return start(line, [*headers, ("X-Request-Id", request_id)], *more)

        def finish() -> None:
            _log_request(environ, status, time.perf_counter() - began)

        return ClosingIterator(self._app(environ, start_named), finish)

    def _id_of(self, environ: WSGIEnvironment) -> str:
        given = environ.get("HTTP_X_REQUEST_ID", "")
        return given if self._believes and _ID.fullmatch(given) else uuid.uuid4().hex


def _log_request(environ: WSGIEnvironment, status: int, seconds: float) -> None:
    method = environ.get("REQUEST_METHOD", "")
    method = method if method in _METHODS else "OTHER"
    route = environ.get(_ROUTE, "none")
    if (counted := metrics.metrics()) is not None:
        counted.request(method, route, status, seconds)
    if log.isEnabledFor(logging.INFO):
        log.info(
            "%s %s %d",
            method,
            route,
            status,
            extra={
                "method": method,
                "route": route,
                "status": status,
                "ms": round(1000 * seconds, 1),
                "address": environ.get("REMOTE_ADDR", ""),
            },
        )
