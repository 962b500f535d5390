"""Find changes of an OpenAPI document that break clients of the older version."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from inventory.accounts.users import ROLES

Json = dict[str, Any]

#: Limit keywords; True if a larger number allows more.
_LIMITS = {
    "maxLength": True, "maximum": True, "exclusiveMaximum": True, "maxItems": True,
    "minLength": False, "minimum": False, "exclusiveMinimum": False, "minItems": False,
}  # fmt: skip


def find_breaking_changes(old: Json, new: Json) -> list[str]:
    """Return the breaking changes with their position; empty if there are none."""
    found: list[str] = []
    for path, operations in old["paths"].items():
        for method, operation in operations.items():
            name = f"{method.upper()} {path}"
            now = new["paths"].get(path, {}).get(method)
            if now is None:
                found.append(f"{name}: gone")
            else:
                found += (
                    f"{name}: {change}" for change in _Compare(old, new).operation(operation, now)
                )
    return found


class _Compare:
    def __init__(self, old: Json, new: Json) -> None:
        self._old, self._new = old, new

    def operation(self, old: Json, new: Json) -> Iterator[str]:
        yield from self._role(old, new)
        yield from self._parameters(old.get("parameters", []), new.get("parameters", []))
        before, now = old.get("requestBody"), new.get("requestBody")
        if now is not None and now["required"] and not (before and before["required"]):
            yield "a body is now required"
        if before is not None:
            was = before["content"]["application/json"]["schema"]
            yield from self.request(was, now["content"]["application/json"]["schema"], "body")
        for status, answer in old["responses"].items():
            if not status.startswith("2"):
                continue
            if status not in new["responses"]:
                yield f"status {status}: gone"
                continue
            was = answer["content"]["application/json"]["schema"]
            becomes = new["responses"][status]["content"]["application/json"]["schema"]
            yield from self.response(was, becomes, "answer")

    def _role(self, old: Json, new: Json) -> Iterator[str]:
        if "x-role" in old and ROLES.index(new["x-role"]) > ROLES.index(old["x-role"]):
            yield f"now requires the role {new['x-role']}"

    def _parameters(self, old: list[Json], new: list[Json]) -> Iterator[str]:
        now = {(parameter["in"], parameter["name"]): parameter for parameter in new}
        before = {(parameter["in"], parameter["name"]): parameter for parameter in old}
        for key, parameter in before.items():
            if key not in now:
                yield f"parameter {key[1]}: gone"
            else:
                yield from self.request(
                    parameter["schema"], now[key]["schema"], f"parameter {key[1]}"
                )
        for key, parameter in now.items():
            if parameter.get("required") and not before.get(key, {}).get("required"):
                yield f"parameter {key[1]}: now required"

    def request(self, old: Json, new: Json, where: str) -> Iterator[str]:
        """Values of requests that were accepted must still be accepted."""
        old, new = _follow(self._old, old), _follow(self._new, new)
        kinds, now = _kinds(old), _kinds(new)
        if len(kinds) > 1 or len(now) > 1:
            for kind in kinds:
                kind = _follow(self._old, kind)
                if all(list(self.request(kind, other, where)) for other in now):
                    yield f"{where}: no longer accepts {_label(kind)}"
            return
        yield from _same(old, new, where, "type", "format", "pattern", "const")
        if "enum" in new and not set(new["enum"]) >= set(old.get("enum", [object()])):
            yield f"{where}: accepts fewer enum values"
        for limit, larger in _LIMITS.items():
            if limit in new:
                was, becomes = old.get(limit), new[limit]
                if was is None or (becomes < was if larger else becomes > was):
                    yield f"{where}: {limit} is stricter"
        for name, part in old.get("properties", {}).items():
            if name not in new.get("properties", {}):
                yield f"{where}.{name}: gone"
            else:
                yield from self.request(part, new["properties"][name], f"{where}.{name}")
        for name in set(new.get("required", [])) - set(old.get("required", [])):
            yield f"{where}.{name}: now required"
        if "items" in old:
            yield from self.request(old["items"], new["items"], f"{where}[]")

    def response(self, old: Json, new: Json, where: str) -> Iterator[str]:
        """Values of responses must still fit the old schema; additional fields are allowed."""
        old, new = _follow(self._old, old), _follow(self._new, new)
        kinds, now = _kinds(old), _kinds(new)
        if len(kinds) > 1 or len(now) > 1:
            for kind in now:
                kind = _follow(self._new, kind)
                if all(list(self.response(other, kind, where)) for other in kinds):
                    yield f"{where}: can now be {_label(kind)}"
            return
        yield from _same(old, new, where, "type", "format", "pattern", "const")
        if "enum" in old and not set(new.get("enum", [object()])) <= set(old["enum"]):
            yield f"{where}: returns new enum values"
        for name, part in old.get("properties", {}).items():
            if name not in new.get("properties", {}):
                yield f"{where}.{name}: gone"
            else:
                yield from self.response(part, new["properties"][name], f"{where}.{name}")
        for name in set(old.get("required", [])) - set(new.get("required", [])):
            yield f"{where}.{name}: no longer always present"
        if "items" in old:
            yield from self.response(old["items"], new["items"], f"{where}[]")


def _follow(document: Json, schema: Json) -> Json:
    if "$ref" in schema:
        return dict(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    return schema


def _kinds(schema: Json) -> list[Json]:
    """Return the alternatives of a schema; an object schema counts as one alternative."""
    if "properties" in schema:
        return [schema]
    return schema.get("anyOf") or schema.get("oneOf") or [schema]


def _same(old: Json, new: Json, where: str, *names: str) -> Iterator[str]:
    for name in names:
        if old.get(name) != new.get(name):
            yield f"{where}: {name} was {old.get(name)}, is {new.get(name)}"


def _label(schema: Json) -> str:
    return str(schema.get("type") or schema.get("const") or schema)[:60]
