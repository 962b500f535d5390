"""The OpenAPI 3.1 document, built from the endpoints and their models."""

from __future__ import annotations

import functools
import inspect
import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from inventory.api.endpoints import Endpoint
from inventory.api.error_codes import ALWAYS, WHEN, WRITING
from inventory.api.schemas import responses
from inventory.api.schemas.field_types import ID, ITEM_CODE
from inventory.api.v1 import v1
from inventory.http.error_handlers import CODES

Json = dict[str, Any]

PREFIX = "/api/v1"
TAGS = ("items", "lots", "reservations", "operations", "codes", "ledger")
_REF = "#/components/schemas/{model}"
#: Published schema names that differ from the names of today's classes. Generated clients use the
#: published names.
_PUBLISHED = {
    "InternalLabel": "OwnLabel",
    "LotDetail": "LotInFull",
    "ScanCandidate": "Choice",
    "ScanResult": "Found",
}
_ABOUT = """\
Lot-tracked stock in a ledger that only grows. Quantities are exact decimal strings; times are
RFC 3339 in UTC. Every write carries an `Idempotency-Key`: the same request with the same key is
done once and answered with the first result (`Idempotency-Replayed: true`), so it is safe to send
it again. `?dryRun=true` on any write answers with the result that it would have, and writes
nothing. Refusals are problem details (RFC 9457) whose `code` tells what is wrong, with the numbers
behind it. Lists go page by page: send the `nextCursor` of one page as the `cursor` of the next.
"""
_HEADERS: Json = {
    "Idempotency-Replayed": {
        "description": "There when this is the answer given to the same key before.",
        "schema": {"const": "true"},
    },
    "WWW-Authenticate": {"required": True, "schema": {"type": "string", "pattern": "^Bearer"}},
    "Retry-After": {
        "required": True,
        "description": "Seconds to wait.",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    },
}
_KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "Made by the caller for this one write: visible ASCII, bare or quoted.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "example": "9f1c6a52-receipt-17",
}


@functools.cache
def document() -> Json:
    """Return the OpenAPI document of version 1."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Inventory", "version": "1", "description": _ABOUT},
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "tags": [{"name": tag} for tag in (*TAGS, "health")],
        "paths": _paths(),
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": _schemas(),
            "headers": _HEADERS,
            "examples": {
                code: {"summary": WHEN[code], "value": value}
                for code, value in _examples()["refusals"].items()
            },
        },
    }


def _paths() -> Json:
    paths: Json = {}
    for endpoint in sorted(v1.all, key=lambda one: TAGS.index(one.tag)):
        operations = paths.setdefault(PREFIX + endpoint.path, {})
        operations[endpoint.method.lower()] = _operation(endpoint)
    for name, codes in (("live", ()), ("ready", ("NOT_READY",))):
        paths[f"/health/{name}"] = {"get": _health(name, codes)}
    return paths


def _operation(endpoint: Endpoint) -> Json:
    about = inspect.getdoc(endpoint.view) or ""
    summary, _, description = about.partition("\n\n")
    example = _examples()["operations"].get(endpoint.name, {})
    operation: Json = {
        "operationId": endpoint.name,
        "tags": [endpoint.tag],
        "summary": summary.rstrip("."),
        "description": f"{description}\n\nRole: {endpoint.role}.".strip(),
        "x-role": endpoint.role,
        "x-codes": codes_of(endpoint),
        "parameters": _parameters(endpoint, example),
        "responses": _responses(endpoint, example),
    }
    if endpoint.body is not None:
        content: Json = {"schema": _ref(endpoint.body)}
        if "body" in example:
            content["example"] = example["body"]
        operation["requestBody"] = {
            "required": endpoint.body_needed,
            "content": {"application/json": content},
        }
    return operation


def _parameters(endpoint: Endpoint, example: Json) -> list[Json]:
    found: list[Json] = []
    for name, schema in {"code": "ItemCode", "id": "Id"}.items():
        if f"{{{name}}}" in endpoint.path:
            ref = {"$ref": _REF.format(model=schema)}
            one = {"name": name, "in": "path", "required": True, "schema": ref}
            found.append(one | ({"example": example["path"][name]} if example else {}))
    query = _plain(endpoint.query.model_json_schema())
    for name, schema in query["properties"].items():
        about = schema.pop("description", None)
        one = {"name": name, "in": "query", "schema": _not_null(schema)}
        if name in query.get("required", ()):
            one["required"] = True
        found.append(one | ({"description": about} if about else {}))
    return [*found, _KEY] if endpoint.is_write else found


def codes_of(endpoint: Endpoint) -> list[str]:
    """Return all codes with which an endpoint can refuse."""
    codes = {*ALWAYS, *endpoint.refusals}
    if endpoint.is_write:
        codes.update(WRITING)
    if "{" in endpoint.path or endpoint.body is not None:
        codes.add("NOT_FOUND")
    return [code for code in CODES if code in codes]


def _responses(endpoint: Endpoint, example: Json) -> Json:
    content: Json = {"schema": _ref(endpoint.answer)}
    if "answer" in example:
        content["example"] = example["answer"]
    answer: Json = {"description": "Done.", "content": {"application/json": content}}
    if endpoint.is_write:
        answer["headers"] = _header("Idempotency-Replayed")
    return {str(endpoint.status): answer, **_refusals(codes_of(endpoint))}


def _refusals(codes: list[str]) -> Json:
    found: Json = {}
    for code in sorted(codes, key=lambda code: CODES[code][0]):
        status, title = CODES[code]
        response = found.setdefault(str(status), {"description": "", "content": {}})
        response["description"] = f"{response['description']}\n\n{code}: {title}.".strip()
        content = response["content"].setdefault(
            "application/problem+json", {"schema": _ref(responses.Problem), "examples": {}}
        )
        if code in _examples()["refusals"]:
            content["examples"][code] = {"$ref": f"#/components/examples/{code}"}
        names = {401: "WWW-Authenticate", 409: "Idempotency-Replayed", 503: "Retry-After"}
        if status in names:
            response["headers"] = _header(names[status])
    return found


def _health(name: str, codes: tuple[str, ...]) -> Json:
    content = {"application/json": {"schema": _ref(responses.Health), "example": {"status": "ok"}}}
    return {
        "operationId": f"health_{name}",
        "tags": ["health"],
        "summary": {"live": "Whether the process answers", "ready": "Whether it can work"}[name],
        "security": [],
        "responses": {"200": {"description": "Yes.", "content": content}, **_refusals(list(codes))},
    }


def _header(name: str) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"}}


def _schemas() -> Json:
    models: dict[type[BaseModel], Literal["validation", "serialization"]] = {}
    for one in v1.all:
        models[one.answer] = "serialization"
        if one.body is not None:
            models[one.body] = "validation"
    models |= {responses.Problem: "serialization", responses.Health: "serialization"}
    _, found = models_json_schema(list(models.items()), ref_template=_REF)
    plain = {"ItemCode": ITEM_CODE.schema, "Id": ID.schema}
    schemas = {_PUBLISHED.get(name, name): schema for name, schema in found["$defs"].items()}
    return plain | dict(_plain(schemas))


def _ref(model: type[BaseModel]) -> Json:
    return {"$ref": _REF.format(model=_PUBLISHED.get(model.__name__, model.__name__))}


def _published_ref(ref: str) -> str:
    path, _, name = ref.rpartition("/")
    return f"{path}/{_PUBLISHED.get(name, name)}"


def _plain(schema: Any) -> Any:
    """Remove what pydantic adds: titles, and null as a default."""
    if isinstance(schema, list):
        return [_plain(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: {key: _plain(value) for key, value in part.items()}
        if name in ("properties", "$defs")
        else _published_ref(part)
        if name == "$ref"
        else _plain(part)
        for name, part in schema.items()
        if not (name == "title" and isinstance(part, str))
        and not (name == "default" and part is None)
    }


def _not_null(schema: Json) -> Json:
    """Remove null from a query parameter's type: parameters are present or absent."""
    kinds = [kind for kind in schema.get("anyOf", []) if kind != {"type": "null"}]
    return kinds[0] if len(kinds) == 1 else schema


@functools.cache
def _examples() -> Json:
    """Return the example requests and responses that a test has recorded."""
    path = Path(__file__).with_name("examples.json")
    return dict(json.loads(path.read_text("utf-8")))
