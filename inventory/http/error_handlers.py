"""Error responses: problem details (RFC 9457) for programs, a page for browsers.

Nothing here queries the database, because the database can be what failed.
"""

from __future__ import annotations

import logging
from typing import Any

import sqlalchemy as sa
from flask import Flask, Response, render_template, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from inventory.common.errors import Busy, InventoryError
from inventory.db import is_database_unavailable
from inventory.http.json_codec import to_camel_case, to_json
from inventory.http.languages import gettext, translate
from inventory.http.languages import lazy_gettext as _l

log = logging.getLogger(__name__)


def N_(text: str) -> str:
    """Mark a text for translation; a page translates it, programs get it in English."""
    return text


#: Status and title of each code.
CODES: dict[str, tuple[int, str]] = {
    "INSUFFICIENT_STOCK": (409, N_("Not enough free stock")),
    "OVER_RETURN": (409, N_("More than was issued")),
    "OVER_ISSUE": (409, N_("More than is open in the reservation")),
    "OVER_UNRESERVE": (409, N_("More than is open in the reservation")),
    "QC_BLOCKED": (409, N_("Blocked by quality control")),
    "LOT_EXPIRED": (409, N_("Expired")),
    "DUPLICATE_LOT": (409, N_("The lot already exists")),
    "DUPLICATE_ITEM": (409, N_("The item already exists")),
    "DUPLICATE_CODE": (409, N_("The barcode is already linked")),
    "LOOKS_LIKE": (409, N_("The code looks like another one")),
    "QC_TRANSITION": (409, N_("QC decision not possible")),
    "NOT_REVERSIBLE": (409, N_("Cannot be reversed")),
    "STALE_LOT": (409, N_("The lot has changed")),
    "IDEMPOTENCY_IN_PROGRESS": (409, N_("Request in progress")),
    "IDEMPOTENCY_KEY_REUSED": (422, N_("Idempotency key used for another request")),
    "IDEMPOTENCY_KEY_MISSING": (400, N_("Idempotency key missing")),
    "INVALID_QTY": (422, N_("Invalid quantity")),
    "INVALID_INPUT": (422, N_("Invalid value")),
    "INVALID_CODE": (422, N_("Unreadable code")),
    "NOT_FOUND": (404, N_("Not found")),
    "FORBIDDEN": (403, N_("Not allowed")),
    "UNAUTHENTICATED": (401, N_("Not signed in")),
    "OTHER_USER": (403, N_("Operation of another user")),
    "SESSION_CHANGED": (419, N_("Another session")),
    "TOO_MANY_ATTEMPTS": (429, N_("Too many attempts")),
    "TOO_MANY_DOWNLOADS": (429, N_("Too many downloads at once")),
    "BUSY": (503, N_("Busy")),
    "NOT_READY": (503, N_("Not ready")),
    "MALFORMED_REQUEST": (400, N_("Malformed request")),
    "METHOD_NOT_ALLOWED": (405, N_("Method not allowed")),
    "CONTENT_TOO_LARGE": (413, N_("Too large")),
    "UNSUPPORTED_MEDIA_TYPE": (415, N_("Not JSON")),
    "INTERNAL_ERROR": (500, N_("Something went wrong")),
}
_OF_STATUS = {
    400: "MALFORMED_REQUEST",
    401: "UNAUTHENTICATED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    413: "CONTENT_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    500: "INTERNAL_ERROR",
    503: "BUSY",
}
TRY_AGAIN = {"BUSY": "2", "NOT_READY": "5", "IDEMPOTENCY_IN_PROGRESS": "1"}
PROGRAMS = (
    "/api/", "/health/", "/floor/session", "/floor/operations", "/floor/lookup", "/floor/snapshot",
)  # fmt: skip


def init_app(app: Flask) -> None:
    """Register the error handlers."""
    app.register_error_handler(InventoryError, handle_refusal)
    app.register_error_handler(sa.exc.DBAPIError, answer_outage)
    app.register_error_handler(sa.exc.TimeoutError, answer_outage)
    app.register_error_handler(HTTPException, answer_http)


def handle_refusal(refusal: Any) -> Any:
    """Return the response to a refusal of the core."""
    figures = getattr(refusal, "figures", {})
    code = refusal.code
    if not wants_json():
        status, title = CODES[code]
        return _page(status, gettext(title), translate(refusal.detail), _headers(code, figures))
    response = problem(code, translate(refusal.detail), figures)
    if getattr(refusal, "replayed", False):
        response.headers["Idempotency-Replayed"] = "true"
    return response


def answer_outage(error: Exception) -> Any:
    """Answer 503 if the database is unavailable; raise any other database error."""
    if isinstance(error, sa.exc.DBAPIError) and not is_database_unavailable(error):
        raise error
    log.warning("the database does not answer: %s", type(error).__name__)
    return handle_refusal(Busy())


def answer_http(error: HTTPException) -> Any:
    """Return the response to an HTTP exception, including 500."""
    if error.code is None or error.response is not None:
        return error
    detail = error.description or ""
    if not wants_json():
        headers = {"Allow": _allowed(error)} if isinstance(error, MethodNotAllowed) else {}
        return _page(error.code, *_FOR_PEOPLE.get(error.code, (error.name, detail)), headers)
    code = _OF_STATUS.get(error.code, "MALFORMED_REQUEST")
    if code in _WORDS:
        detail = _WORDS[code].format(path=request.path[:100], method=request.method)
    response = problem(code, detail, {}, status=error.code)
    if isinstance(error, MethodNotAllowed):
        response.headers["Allow"] = _allowed(error)
    return response


def _allowed(error: MethodNotAllowed) -> str:
    return ", ".join(sorted(error.valid_methods or ()))


_WORDS = {
    "NOT_FOUND": "Nothing was found at {path}.",
    "METHOD_NOT_ALLOWED": "{method} is not allowed at {path}.",
    "CONTENT_TOO_LARGE": "The body is too large.",
    "INTERNAL_ERROR": "Something went wrong. The error was logged.",
}

#: Title and text of error pages; the reason phrases of HTTP are for programs.
_FOR_PEOPLE = {
    400: (
        _l("This page has expired"),
        _l("Nothing was posted. Go back, reload the page and send the form again."),
    ),
    404: (
        _l("Page not found"),
        _l(
            "The address is wrong, or the record no longer exists. Search for the item, lot or job."
        ),
    ),
    405: (
        _l("Method not allowed"),
        _l("This address accepts only submitted forms. Go back to the form and send it again."),
    ),
    413: (_l("Request too large"), _l("The request is too large. Nothing was posted.")),
    500: (
        _l("Something went wrong"),
        _l("The error was logged. Check whether the operation was posted before you repeat it."),
    ),
}


def wants_json() -> bool:
    """Return whether the response is for a program: by path or Accept header."""
    if request.path.startswith(PROGRAMS):
        return True
    offers = ["text/html", "application/json", "application/problem+json"]
    return request.accept_mimetypes.best_match(offers, "text/html") != "text/html"


def problem(
    code: str, detail: str, figures: dict[str, Any], *, status: int | None = None
) -> Response:
    """Return problem details with the refusal's figures beside the standard members."""
    status = status or CODES[code][0]
    standard = problem_fields(code, detail, status, root=request.root_path)
    content = to_json(standard | to_camel_case(figures) | standard)
    response = Response(content, status, content_type="application/problem+json")
    response.headers.update(_headers(code, figures))
    return response


def problem_fields(code: str, detail: str, status: int, *, root: str) -> dict[str, Any]:
    """Return the standard members of problem details, and the code."""
    return {
        "type": f"{root}/api/v1/docs#{code}",
        "title": CODES[code][1],
        "status": status,
        "detail": detail,
        "code": code,
    }


def _headers(code: str, figures: dict[str, Any]) -> dict[str, str]:
    if code == "UNAUTHENTICATED" and wants_json():
        shown = request.headers.get("Authorization")
        return {"WWW-Authenticate": 'Bearer error="invalid_token"' if shown else "Bearer"}
    if "retry_after" in figures:
        return {"Retry-After": str(figures["retry_after"])}
    return {"Retry-After": TRY_AGAIN[code]} if code in TRY_AGAIN else {}


def _page(status: int, title: str, detail: str, headers: dict[str, str]) -> Any:
    return render_template("errors/error.html", title=title, detail=detail), status, headers
