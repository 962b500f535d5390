"""Lists as files: exactly the rows that the page's filters find, as CSV, XLSX or JSON Lines."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, islice
from typing import Any

from flask import Response, abort, stream_with_context
from flask_login import current_user

from inventory import exports
from inventory.db import connection
from inventory.table_files import Row, file_parts
from inventory.web import roles

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_TYPES = {"csv": "text/csv", "xlsx": XLSX, "jsonl": "application/jsonl"}


def download_list(kind: str, name: str, /, **filters: Any) -> Response:
    """One of the lists of exports.py, as it is filtered. Raises Forbidden for a lower role."""
    roles.require(current_user, exports.LISTS[name].role)
    rows = exports.rows_of(connection, name, **filters)
    return download(kind, name, exports.LISTS[name].heads, rows)


def download(kind: str, name: str, heads: Row, rows: Iterable[Row]) -> Response:
    """The rows as a file that a browser saves."""
    if kind not in _TYPES:
        abort(404)
    rows = iter(rows)
    # A filter that is refused must be so before the answer has begun.
    rows = chain(list(islice(rows, 1)), rows)
    parts = stream_with_context(file_parts(kind, name, heads, rows))
    response = Response(parts, mimetype=_TYPES[kind])
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return response
