"""Addresses of this site, wherever it stands: below a path of its host, it may be (URL_PREFIX)."""

from __future__ import annotations

from flask import has_request_context, request
from werkzeug.urls import iri_to_uri


def home_url() -> str:
    """The front page."""
    return f"{request.root_path}/" if has_request_context() else "/"


def current_url() -> str:
    """The page that is asked for, with its query."""
    return iri_to_uri(request.root_path + request.full_path).rstrip("?")


def strip_prefix(path: str) -> str | None:
    """The path as the routes know it; None where it is not of this site."""
    prefix = request.root_path
    if not path.startswith(f"{prefix}/"):
        return None
    return path[len(prefix) :]
