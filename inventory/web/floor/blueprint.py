"""Blueprint of the floor app, and its JSON requests and responses."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from inventory.common.errors import InvalidInput
from inventory.http.json_codec import JsonError, from_json, to_camel_case, to_json
from inventory.http.languages import gettext as _

blueprint = Blueprint("floor", __name__, url_prefix="/floor")


def answer(content: dict[str, Any], status: int = 200) -> Response:
    """Return a JSON response with names in camelCase."""
    return Response(to_json(to_camel_case(content)), status, content_type="application/json")


def json_body() -> dict[str, Any]:
    """Return the JSON object of the request.

    Raises:
        InvalidInput: the body is not a JSON object.
    """
    try:
        body = from_json(request.get_data())
    except JsonError as error:
        raise InvalidInput(error.detail, field=error.field) from None
    if not isinstance(body, dict):
        raise InvalidInput(_("A JSON object is expected."), field="body")
    return body
