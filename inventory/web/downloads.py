"""Lists as files: exactly the rows that the page's filters find, as CSV, XLSX or JSON Lines.

A file is sent while its rows are read. Where they cannot be read to the end, the iterator of the
answer raises, and the server cuts the connection: a part of a file never looks like a whole one.
"""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable, Iterable, Iterator
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
    app.extensions[_LIMITS] = DownloadLimits()


def own_reads() -> Reads:
    """Reads for the rows of a file: each page on a connection of its own."""
    return short_reads(reading_engine())


def download_list(kind: str, name: str, /, **filters: Any) -> Response:
    """One of the lists of exports.py, as it is filtered. Raises Forbidden for a lower role."""
    permissions.require(current_user, lists.LISTS[name].role)
    rows = lists.list_rows(own_reads(), name, **filters)
    return download(kind, name, lists.LISTS[name].heads, rows)


def download(kind: str, name: str, headers: Row, rows: Iterable[Row]) -> Response:
    """The rows as a file that a browser saves; once the answer begins, `rows` cannot use the
    request. Raises TooManyDownloads, Busy."""
    if kind not in _TYPES:
        abort(404)
    limits: DownloadLimits = current_app.extensions[_LIMITS]
    begun = limits.begin(current_user.id)
    try:
        rows = iter(rows)
        # A filter that is refused must be so before the answer has begun.
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
            limits.keep(begun)
            yield part
    except Exception as error:
        log.warning("the file %s broke off: %s", name, type(error).__name__)
        raise
    finally:
        limits.end(begun)


class FileResponse(Response):
    """Sent piece by piece, between other answers of the same thread."""

    def get_app_iter(self, environ: WSGIEnvironment) -> Iterable[bytes]:
        return _InOwnContext(super().get_app_iter(environ))


class _InOwnContext:
    """What Flask and its extensions push while a piece is made is gone from the thread when the
    piece is there: another request may come next."""

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
