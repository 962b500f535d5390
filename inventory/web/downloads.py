"""Download lists as CSV, XLSX or JSON Lines, with the filters of the page.

A file is sent while its rows are read. If reading fails, the iterator of the response raises and
the server closes the connection, so an incomplete file never looks complete.
"""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, abort, current_app
from flask_login import current_user

from inventory.db import reading_engine
from inventory.exports import lists
from inventory.exports.formats import Row, file_parts
from inventory.queries.page_reads import Reads, short_reads
from inventory.web.auth import permissions
from inventory.web.download_limits import Download, DownloadLimits

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

log = logging.getLogger(__name__)

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_TYPES = {"csv": "text/csv", "xlsx": XLSX, "jsonl": "application/jsonl"}
_LIMITS = "download_limits"


def init_app(app: Flask) -> None:
    """Create the download limits of this app."""
    app.extensions[_LIMITS] = DownloadLimits()


def own_reads() -> Reads:
    """Return reads for the rows of a file: one short connection for each page."""
    return short_reads(reading_engine())


def download_list(kind: str, name: str, /, **filters: Any) -> Response:
    """Return a list of `exports.lists` as a file, with the given filters.

    Raises:
        Forbidden: the user's role is too low for this list.
    """
    permissions.require(current_user, lists.LISTS[name].role)
    rows = lists.list_rows(own_reads(), name, **filters)
    return download(kind, name, lists.LISTS[name].headers, rows)


@contextmanager
def download_slot() -> Iterator[None]:
    """Take one of the user's places for a file that is made before it is sent.

    Raises:
        TooManyDownloads: this user has too many downloads.
        Busy: the server has too many downloads.
    """
    limits: DownloadLimits = current_app.extensions[_LIMITS]
    begun = limits.begin(current_user.id)
    try:
        yield
    finally:
        limits.end(begun)


def download(kind: str, name: str, headers: Row, rows: Iterable[Row]) -> Response:
    """Return the rows as a file that the browser saves.

    `rows` cannot use the request after the response has begun.

    Raises:
        TooManyDownloads: this user has too many downloads.
        Busy: the server has too many downloads.
    """
    if kind not in _TYPES:
        abort(404)
    limits: DownloadLimits = current_app.extensions[_LIMITS]
    begun = limits.begin(current_user.id)
    try:
        rows = iter(rows)
        # Read the first row now, so that an invalid filter is refused before the response begins.
        rows = chain(list(islice(rows, 1)), rows)
        response = FileResponse(
            _sent(file_parts(kind, name, headers, rows), name, begun, limits), mimetype=_TYPES[kind]
        )
    except BaseException:
        limits.end(begun)
        raise
    response.call_on_close(weakref.finalize(response, limits.end, begun))
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return response


def _sent(
    parts: Iterable[bytes], name: str, begun: Download, limits: DownloadLimits
) -> Iterator[bytes]:
    try:
        for part in parts:
            limits.record_progress(begun)
            yield part
    except Exception as error:
        log.warning("the file %s broke off: %s", name, type(error).__name__)
        raise
    finally:
        limits.end(begun)


class FileResponse(Response):
    """Response whose parts are produced between other responses of the same thread."""

    def get_app_iter(self, environ: WSGIEnvironment) -> Iterable[bytes]:
        return _InOwnContext(super().get_app_iter(environ))


class _InOwnContext:
    """Iterator that runs each step in its own copy of the context.

    Contexts that Flask and its extensions push while a part is produced do not stay in the thread,
    which can serve another request before the next part.
    """

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._context = copy_context()
        self._parts = iter(parts)
        self._close: Callable[[], None] = getattr(parts, "close", lambda: None)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return self._context.run(next, self._parts)

    def close(self) -> None:
        self._context.run(self._close)
