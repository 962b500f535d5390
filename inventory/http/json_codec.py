"""JSON of requests and responses: camelCase outside, snake_case inside."""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any

#: No quantity has a longer number.
_MAX_NUMBER = 64


class JsonError(Exception):
    """A text is not acceptable JSON."""

    def __init__(self, detail: str, field: str = "body") -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field


def to_json(content: Any) -> bytes:
    """Return JSON in UTF-8; unpaired surrogates become question marks."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")


def from_json(body: bytes) -> Any:
    """Parse JSON exactly: numbers become int or Decimal, duplicate names are refused.

    Raises:
        JsonError: the body is not UTF-8 or not JSON, repeats a name or is nested too deeply.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise JsonError("The body is not UTF-8.") from None
    try:
        return json.loads(
            text,
            parse_int=_number,
            parse_float=_number,
            parse_constant=_constant,
            object_pairs_hook=_object,
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise JsonError(f"The body is not JSON: {error.msg}, {where}.") from None
    except RecursionError:
        raise JsonError("The body is nested too deeply.") from None


def to_camel_case(value: Any) -> Any:
    """Return the value with all names in camelCase."""
    if isinstance(value, dict):
        return {camel_name(name): to_camel_case(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [to_camel_case(part) for part in value]
    return value


def camel_name(name: str) -> str:
    """Return a snake_case name in camelCase."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _number(text: str) -> int | Decimal:
    """Return the number, or NaN if it is too long to be valid."""
    if len(text) > _MAX_NUMBER:
        return Decimal("NaN")
    if re.fullmatch(r"-?[0-9]+", text):
        return int(text)
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("NaN")


def _constant(name: str) -> Any:
    raise JsonError(f"{name} is not a number in JSON.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise JsonError(f"The name {name[:60]} is given twice.", name[:60])
        found[name] = value
    return found
