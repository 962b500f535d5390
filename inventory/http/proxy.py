"""Trusted proxies, trusted host names and the URL prefix.

A page of another site can make its own host name resolve to this machine's address (DNS rebinding);
its scripts would then have our origin. A server on a loopback address therefore answers only to
this machine's names, any other server to the names of its setting.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from inventory.config import Config
from inventory.http.request_body import refuse

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = re.compile(
    rf"({_LABEL}(?:\.{_LABEL}){{0,30}}\.?|\[[0-9A-Fa-f:.]{{2,45}}\])(:[0-9]{{1,5}})?"
)


def init_app(app: Flask, config: Config) -> None:
    """Install the proxy headers and the check of host names."""
    front: WSGIApplication = TrustedHostMiddleware(app.wsgi_app, config.known_hosts)
    if count := config.proxy_count:
        front = ProxyFix(front, x_for=count, x_proto=count, x_host=count)
    app.wsgi_app = front  # type: ignore[assignment, method-assign]


def apply_url_prefix(app: Flask, config: Config) -> None:
    """Install the URL prefix middleware outermost.

    All code behind it sees paths without the prefix and makes URLs with it. X-Forwarded-Prefix is
    not used: a client could send it through a proxy that does not set it, and choose where our
    links lead.
    """
    if config.url_prefix:
        below = UrlPrefixMiddleware(app.wsgi_app, config.url_prefix)
        app.wsgi_app = below  # type: ignore[assignment, method-assign]


class UrlPrefixMiddleware:
    """Strip the prefix from PATH_INFO and set SCRIPT_NAME.

    Proxies can forward requests with or without the prefix.
    """

    def __init__(self, app: WSGIApplication, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == self._prefix or path.startswith(f"{self._prefix}/"):
            environ["PATH_INFO"] = path[len(self._prefix) :] or "/"
        environ["SCRIPT_NAME"] = self._prefix
        return self._app(environ, start)


class TrustedHostMiddleware:
    """Refuse requests for other hosts with 400.

    `.example.com` matches the domain and all its subdomains; an empty list allows all hosts.
    """

    def __init__(self, app: WSGIApplication, hosts: tuple[str, ...]) -> None:
        self._app = app
        self._hosts = tuple(host.lower() for host in hosts)

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if not self._knows(environ.get("HTTP_HOST", "")):
            return refuse(environ, start, 400, "This server is not known by that host name.")
        return self._app(environ, start)

    def _knows(self, asked: str) -> bool:
        found = _HOST.fullmatch(asked)
        if found is None:
            return False
        bare = found[1].lower().rstrip(".")
        return not self._hosts or any(self._is(host, bare, asked.lower()) for host in self._hosts)

    @staticmethod
    def _is(host: str, bare: str, asked: str) -> bool:
        if host.startswith("."):
            return bare == host[1:] or bare.endswith(host)
        return host in (bare, asked)
