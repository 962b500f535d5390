"""The OpenAPI document as values of the HTML page."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from typing import Any

from inventory.api.error_codes import WHEN
from inventory.api.openapi import document
from inventory.http.error_handlers import CODES

Json = dict[str, Any]
#: A text in parts, each with whether it is code.
Words = list[tuple[str, bool]]


@dataclass(frozen=True)
class Field:
    """A row of a table: a parameter or a field."""

    name: str
    needed: bool
    kind: str
    about: Words


@dataclass(frozen=True)
class Section:
    """One endpoint."""

    id: str
    call: str
    role: str
    summary: Words
    about: Words
    parameters: list[Field]
    body: list[Field]
    body_example: str
    status: str
    answer: list[Field]
    answer_example: str
    codes: list[str]


@dataclass(frozen=True)
class Code:
    """One refusal code."""

    name: str
    status: int
    title: str
    when: Words
    example: str


@functools.cache
def sections() -> list[Section]:
    """Return all endpoints in the order of the document."""
    return [
        _section(f"{method.upper()} {path}", operation)
        for path, operations in document()["paths"].items()
        for method, operation in operations.items()
    ]


@functools.cache
def codes() -> list[Code]:
    """Return all refusal codes that the API can return."""
    examples = document()["components"]["examples"]
    return [
        Code(name, status, title, _words(WHEN[name]), _json(examples.get(name, {}).get("value")))
        for name, (status, title) in CODES.items()
        if name in WHEN
    ]


def introduction() -> Words:
    """Return the introduction of the document."""
    return _words(document()["info"]["description"])


def _section(call: str, operation: Json) -> Section:
    status, done = next(iter(operation["responses"].items()))
    answer = done["content"]["application/json"]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    role = operation.get("x-role", "")
    return Section(
        id=operation["operationId"],
        call=call,
        role=role,
        summary=_words(operation["summary"]),
        about=_words(operation.get("description", "").replace(f"Role: {role}.", "")),
        parameters=[_parameter(one) for one in operation.get("parameters", [])],
        body=_fields(body.get("schema")),
        body_example=_json(body.get("example")),
        status=status,
        answer=_fields(answer["schema"]),
        answer_example=_json(answer.get("example")),
        codes=[code for code in CODES if code in operation.get("x-codes", [])],
    )


def _parameter(one: Json) -> Field:
    place = {"path": "in the path", "query": "in the query", "header": "a header"}[one["in"]]
    kind = f"{place}: {_kind(one['schema'])}"
    return Field(one["name"], one.get("required", False), kind, _words(one.get("description", "")))


def _fields(ref: Json | None) -> list[Field]:
    if ref is None:
        return []
    schema = document()["components"]["schemas"][_name(ref)]
    needed = schema.get("required", [])
    return [
        Field(name, name in needed, _kind(part), _words(part.get("description", "")))
        for name, part in schema.get("properties", {}).items()
    ]


def _name(ref: Json) -> str:
    return str(ref["$ref"].rpartition("/")[2])


def _kind(schema: Json) -> str:
    if "$ref" in schema:
        return _name(schema)
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " or ".join(dict.fromkeys(map(_kind, schema[several])))
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    if "const" in schema:
        return str(schema["const"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}"
    longest = f", at most {schema['maxLength']} characters" if "maxLength" in schema else ""
    return f"{schema.get('format', schema.get('type', 'anything'))}{longest}"


def _json(value: Any) -> str:
    return "" if value is None else json.dumps(value, indent=2, ensure_ascii=False)


def _words(text: str) -> Words:
    """Split a text into parts; those between backticks are code."""
    parts = " ".join(text.split()).split("`")
    return [(part, bool(place % 2)) for place, part in enumerate(parts) if part]
