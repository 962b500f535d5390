"""Lists as files: exactly the rows that the page's filters find, as CSV, XLSX or JSON Lines."""

from __future__ import annotations

import io
from collections.abc import Iterable
from itertools import chain, islice
from typing import Any

from flask import Response, abort, send_file, stream_with_context

from inventory import exports
from inventory.db import connection
from inventory.table_files import KINDS, Row, csv_lines, jsonl_lines, write_xlsx

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def download_list(kind: str, name: str, /, **filters: Any) -> Response:
    """One of the lists of exports.py, as it is filtered."""
    rows = exports.rows_of(connection, name, **filters)
    return download(kind, name, exports.LISTS[name].heads, rows)


def download(kind: str, name: str, heads: Row, rows: Iterable[Row]) -> Response:
    """The rows as a file that a browser saves."""
    if kind not in KINDS:
        abort(404)
    if kind == "xlsx":
        file = io.BytesIO()  # the packed file alone
        write_xlsx(file, name, heads, rows)
        file.seek(0)
        return send_file(file, mimetype=XLSX, as_attachment=True, download_name=f"{name}.xlsx")
    rows = iter(rows)
    # A filter that is refused must be so before the answer has begun.
    rows = chain(list(islice(rows, 1)), rows)
    if kind == "jsonl":
        response = Response(stream_with_context(jsonl_lines(heads, rows)))
        response.mimetype = "application/jsonl"
    else:
        response = Response(stream_with_context(csv_lines(heads, rows)), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return response
