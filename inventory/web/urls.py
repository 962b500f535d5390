"""URLs of this site, including `URL_PREFIX`."""

from __future__ import annotations

from flask import has_request_context, request
from werkzeug.urls import iri_to_uri


def home_url() -> str:
    """Return the URL of the home page."""
    return f"{request.root_path}/" if has_request_context() else "/"


def current_url() -> str:
    """Return the URL of the current request, with its query."""
    return iri_to_uri(request.root_path + request.full_path).rstrip("?")


def strip_prefix(path: str) -> str | None:
    """Return the path without `URL_PREFIX`, or None if it is not below the prefix."""
    prefix = request.root_path
    if not path.startswith(f"{prefix}/"):
        return None
    return path[len(prefix) :]
