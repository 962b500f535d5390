"""What the document cannot say, told to schemathesis.

A key is for one write only, and a cursor is what a page before gave. Some requests of the right
shape are refused for what the stock is: those are no fault, if the shapes themselves take them.
"""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import schemathesis
from pydantic import ValidationError
from schemathesis.core.parameters import ParameterLocation

from inventory.api.openapi import PREFIX
from inventory.api.v1 import v1
from inventory.http.json_codec import from_json


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    if case.meta is None:
        return
    if "Idempotency-Key" in case.headers and not case.meta.is_negative_at(ParameterLocation.HEADER):
        case.headers["Idempotency-Key"] = str(uuid.uuid4())
    if "cursor" in case.query and not case.meta.is_negative_at(ParameterLocation.QUERY):
        del case.query["cursor"]


@schemathesis.hook
def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Keep a failure, but for a rule of the warehouse that refused what the shapes take."""
    refused_valid_data = failure.code == "ST202" and response.status_code == 422
    return not (refused_valid_data and _shapes_take(case, response.request))


def _shapes_take(case: Any, request: Any) -> bool:
    named = (case.method.upper(), case.operation.path.removeprefix(PREFIX))
    endpoint = next(one for one in v1.all if (one.method, one.path) == named)
    try:
        query = parse_qsl(urlsplit(request.url).query, keep_blank_values=True)
        endpoint.query.model_validate(dict(query))
        if endpoint.body is not None and request.body:
            endpoint.body.model_validate(from_json(request.body))
    except ValidationError:
        return False
    return True
