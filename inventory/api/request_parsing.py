"""Parse requests as strictly as the OpenAPI document describes them."""

from __future__ import annotations

import re
from typing import Any, TypeVar

from flask import request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import UnsupportedMediaType

from inventory.common.errors import IdempotencyKeyMissing, InvalidInput, InvalidQty, Refusal
from inventory.http.json_codec import JsonError, from_json

Model = TypeVar("Model", bound=BaseModel)

_MAX_ERRORS = 20
_QUOTED = re.compile(r'"((?:[!#-\[\]-~]|\\["\\])+)"')
_WORDS = {
    "missing": "This is needed.",
    "extra_forbidden": "There is no such field here.",
    "model_type": "An object is expected here.",
    "model_attributes_type": "An object is expected here.",
    "list_type": "A list is expected here.",
    "too_short": "At least one is needed.",
    "union_tag_not_found": "This is needed.",
}


class MalformedRequest(Refusal):
    """The request cannot be parsed."""

    code = "MALFORMED_REQUEST"


def read_key() -> str:
    """Return the Idempotency-Key.

    A quoted key (draft-ietf-httpapi-idempotency-key-header) is the same as the bare one.

    Raises:
        IdempotencyKeyMissing: there is none.
        InvalidInput: the key is too long or has invalid characters.
    """
    # Werkzeug drops what is not ASCII from a header; the key must not seem to be missing then.
    raw = request.environ.get("HTTP_IDEMPOTENCY_KEY", "")
    written = raw.strip(" ")
    if quoted := _QUOTED.fullmatch(written):
        written = re.sub(r"\\(.)", r"\1", quoted[1])
    if not written:
        raise IdempotencyKeyMissing(
            "Send an Idempotency-Key with each write.",
            field="Idempotency-Key",
        )
    if len(written) > 255 or not all("!" <= character <= "~" for character in written):
        raise InvalidInput(
            "An idempotency key has 1 to 255 visible ASCII characters.", field="Idempotency-Key"
        )
    return written


def read_query(model: type[Model]) -> Model:
    """Return the query parameters: only known names, each at most once.

    Raises:
        InvalidInput: a parameter is unknown, repeated or invalid.
    """
    given: dict[str, Any] = {}
    for name, values in request.args.lists():
        if len(values) > 1:
            raise InvalidInput(f"{name[:60]} is given {len(values)} times.", field=name[:60])
        given[name] = values[0]
    return _validate(model, given)


def read_body(model: type[Model], *, needed: bool) -> Model:
    """Return the JSON body; an empty one is allowed unless `needed`.

    Raises:
        UnsupportedMediaType: the body is not application/json.
        MalformedRequest: the body is not JSON.
        InvalidInput: a field is missing, unknown or invalid.
    """
    body = request.get_data()
    if not body and not needed:
        return _validate(model, {})
    if request.mimetype != "application/json" or _is_encoded():
        raise UnsupportedMediaType("Send the body as application/json.")
    try:
        content = from_json(body)
    except JsonError as error:
        raise MalformedRequest(error.detail, field=error.field) from None
    return _validate(model, content)


def _is_encoded() -> bool:
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    encoding = request.headers.get("Content-Encoding", "identity").lower()
    return charset not in ("utf-8", "utf8") or encoding != "identity"


def _validate(model: type[Model], content: Any) -> Model:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise validation_error(error) from None


def validation_error(error: ValidationError) -> InvalidInput:
    """Return the first error as a refusal, with up to 20 errors in `errors`."""
    found = [_format_error(one) for one in error.errors(include_url=False, include_input=False)]
    first = found[0]
    kind = InvalidQty if first["code"] == InvalidQty.code else InvalidInput
    index = re.match(r"operations\[([0-9]+)\]", first["field"])
    more: dict[str, Any] = {"index": int(index[1])} if index else {}
    if len(found) > 1:
        more["errors"] = found[:_MAX_ERRORS]
    return kind(first["detail"], field=first["field"], **more)


def _format_error(error: Any) -> dict[str, str]:
    kind, fields = error["type"], error.get("ctx", {})
    words = _WORDS.get(kind, "That does not fit here.")
    code = InvalidInput.code
    if kind in (InvalidInput.code, InvalidQty.code):
        code, words = kind, fields["detail"]
    elif kind in ("literal_error", "union_tag_invalid"):
        expected = fields.get("expected") or fields.get("expected_tags")
        words = f"One of {expected.replace(chr(39), '')} is expected here."
    elif kind == "too_long":
        words = f"At most {fields['max_length']} are taken."
    return {"field": _field(error["loc"], fields), "detail": words, "code": code}


def _field(place: tuple[int | str, ...], fields: dict[str, Any]) -> str:
    """Return the path of a field: operations[3].lots[0].qty."""
    names = list(place)
    if len(names) > 2 and names[0] == "operations" and isinstance(names[2], str):
        del names[2]  # the kind of operation, which is not a name in the body
    more = fields.get("field") or fields.get("discriminator", "").strip("'")
    names += [more] if more else []
    written = ""
    for name in names:
        written += f"[{name}]" if isinstance(name, int) else f".{name[:60]}"
    return written.lstrip(".") or "body"
