"""URLs of this site, including `URL_PREFIX`."""

from __future__ import annotations

import functools
from typing import Any

import flask
from flask import Flask, has_request_context, request
from werkzeug.urls import iri_to_uri

#: Types of values that are equal only if their URLs are; 1 and True would share a URL.
_KEPT_TYPES = frozenset({int, str, type(None)})


def init_app(app: Flask) -> None:
    """Let templates build URLs with `url_for` of this module."""
    app.jinja_env.globals.update(url_for=url_for)


def url_for(endpoint: str, **values: Any) -> str:
    """Return the URL of an endpoint, as Flask does; URLs that templates repeat are kept.

    A list of 50 rows has some 100 URLs, and to build them takes a tenth of its time. Hashes of
    static files and absolute URLs are not kept: files change in development, hosts by request.
    """
    is_kept = (
        has_request_context()
        and endpoint != "static"
        and not endpoint.startswith(".")
        and all(type(value) in _KEPT_TYPES for value in values.values())
        and not any(name.startswith("_") for name in values)
    )
    if not is_kept:
        return flask.url_for(endpoint, **values)
    return _kept_url(request.root_path, endpoint, *values.items())


@functools.lru_cache(maxsize=4096)
def _kept_url(_root_path: str, endpoint: str, *values: tuple[str, Any]) -> str:
    """Return the URL of an endpoint below a prefix. The prefix is part of the key only."""
    return flask.url_for(endpoint, **dict(values))


def home_url() -> str:
    """Return the URL of the home page."""
    return f"{request.root_path}/" if has_request_context() else "/"


def current_url() -> str:
    """Return the URL of the current request, with its query."""
    return iri_to_uri(request.root_path + request.full_path).rstrip("?")


def list_url(path: str, query: str) -> str:
    """Return the URL of a page by its path without `URL_PREFIX`, and an encoded query."""
    return f"{request.root_path}{path}" + (f"?{query}" if query else "")


def strip_prefix(path: str) -> str | None:
    """Return the path without `URL_PREFIX`, or None if it is not below the prefix."""
    prefix = request.root_path
    if not path.startswith(f"{prefix}/"):
        return None
    return path[len(prefix) :]
