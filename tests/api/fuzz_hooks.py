"""Hooks of schemathesis for rules that the OpenAPI document cannot express.

An idempotency key is for one write, and a cursor must come from the page before. Valid requests
can be refused because of the stock; those refusals are not failures.
"""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import schemathesis
from pydantic import ValidationError
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import TestPhase

from inventory.api.openapi import PREFIX
from inventory.api.v1 import v1
from inventory.http.json_codec import from_json


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    if case.meta is None:
        return
    if "Idempotency-Key" in case.headers and not case.meta.is_negative_at(ParameterLocation.HEADER):
        case.headers["Idempotency-Key"] = str(uuid.uuid4())
    if case.meta.is_negative_at(ParameterLocation.QUERY):
        return
    case.query.pop("cursor", None)
    # A dry run creates nothing that the next request of a sequence could find.
    if case.meta.phase.name == TestPhase.STATEFUL:
        case.query.pop("dryRun", None)


@schemathesis.hook
def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Return False for refusals of valid requests by business rules."""
    refused_valid_data = failure.code == "ST202" and response.status_code == 422
    return not (refused_valid_data and _is_valid_request(case, response.request))


def _is_valid_request(case: Any, request: Any) -> bool:
    route = (case.method.upper(), case.operation.path.removeprefix(PREFIX))
    endpoint = next(spec for spec in v1.all if (spec.method, spec.path) == route)
    try:
        query = parse_qsl(urlsplit(request.url).query, keep_blank_values=True)
        endpoint.query.model_validate(dict(query))
        if endpoint.body is not None and request.body:
            endpoint.body.model_validate(from_json(request.body))
    except ValidationError:
        return False
    return True
