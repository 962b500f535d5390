"""Test client that checks every response of the API against the OpenAPI document."""

from __future__ import annotations

import copy
import functools
import re
from typing import Any

import jsonschema_rs
from flask.testing import FlaskClient

from inventory.api.openapi import document

_FREE_PATHS = ("/api/v1/openapi.json", "/api/v1/docs")


class CheckedClient(FlaskClient):
    """Flask test client; raises AssertionError for a response that is not documented."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        response = super().open(*args, **kwargs)
        request = response.request
        if request.path.startswith(("/api/", "/health/")) and request.path not in _FREE_PATHS:
            check(request.method, request.path, response)
        return response


def check(method: str, path: str, response: Any) -> None:
    """Check that status, headers and body are documented for the path and method."""
    assert response.status_code < 500 or response.status_code == 503, response.text
    where = f"{method} {path[:200]}: {response.status_code}"
    operation = _operation(method, path)
    if operation is None:
        assert response.status_code in (404, 405, 400), where
        _require_problem(response, where)
        return
    documented = operation["responses"].get(str(response.status_code))
    assert documented is not None, f"{where} is not documented"
    (kind, content), *_ = documented["content"].items()
    assert response.content_type == kind, f"{where}: {response.content_type}"
    for name in documented.get("headers", {}):
        header = document()["components"]["headers"][name]
        value = response.headers.get(name)
        assert value is not None or not header.get("required"), f"{where}: no {name}"
        if value is not None:
            assert _validator_of(header["schema"]).is_valid(value), f"{where}: {name} {value}"
    if method == "HEAD":
        assert response.data == b""
    elif kind == "application/problem+json":
        _require_problem(response, where)
    else:
        _validator(content["schema"]["$ref"]).validate(response.json)


def _require_problem(response: Any, where: str) -> None:
    assert response.content_type == "application/problem+json", f"{where}: {response.content_type}"
    if response.request.method == "HEAD":
        return
    problem = response.json
    _validator("#/components/schemas/Problem").validate(problem)
    assert problem["status"] == response.status_code, where


def _operation(method: str, path: str) -> dict[str, Any] | None:
    method = "get" if method == "HEAD" else method.lower()
    for pattern, operations in _patterns():
        if pattern.fullmatch(path):
            return operations.get(method)
    return None


@functools.cache
def _patterns() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    found = []
    for path, operations in document()["paths"].items():
        pattern = re.escape(path).replace(r"\{code\}", r"(?!/).+(?<!/stock)")
        found.append((re.compile(pattern.replace(r"\{id\}", "[1-9][0-9]{0,18}"), re.S), operations))
    return sorted(found, key=lambda entry: -len(entry[0].pattern))


@functools.cache
def _validator(ref: str) -> Any:
    return _validator_of({"$ref": ref, "components": _strict_components()})


def _validator_of(schema: dict[str, Any]) -> Any:
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


@functools.cache
def _strict_components() -> dict[str, Any]:
    """Return the schemas with unknown fields forbidden, except in problems."""
    components = {"schemas": copy.deepcopy(document()["components"]["schemas"])}
    for name, schema in components["schemas"].items():
        if schema.get("type") == "object" and name != "Problem":
            schema["additionalProperties"] = False
    return components
