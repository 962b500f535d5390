"""Field types of request models: a check with a matching JSON Schema.

The document and the check accept exactly the same values. Business rules, which a schema cannot
express, are checked in the core.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from inventory.common.errors import InvalidInput, InvalidQty
from inventory.common.quantity import parse_qty
from inventory.common.validation import MAX_ID, validate_text
from inventory.http.json_codec import camel_name
from inventory.queries import MAX_ROWS

#: Texts contain no control characters or line separators; only notes have line breaks and tabs.
_CONTROLS = r"\u007f-\u009f\u2028\u2029\ufdd0-\ufdef\ufffd-\uffff"
_NOT_IN_LINES = rf"\u0000-\u001f{_CONTROLS}"
_NOT_IN_NOTES = rf"\u0000-\u0008\u000b-\u001f{_CONTROLS}"
_BLANKS = r"\t\n \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_MAX_QTY = r"1000000000000(\.0{1,6})?"
_PART = "|".join(f"{'0' * zeros}[1-9][0-9]{{0,{5 - zeros}}}" for zeros in range(6))
_MORE_THAN_ZERO = rf"([1-9][0-9]{{0,11}}(\.[0-9]{{1,6}})?|0\.({_PART})|{_MAX_QTY})"
_ANY_QTY = rf"((0|[1-9][0-9]{{0,11}})(\.[0-9]{{1,6}})?|{_MAX_QTY})"
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)


class RequestModel(BaseModel):
    """Part of a request: known fields only, in camelCase."""

    model_config = ConfigDict(extra="forbid", alias_generator=camel_name)


@dataclass(frozen=True, eq=False)
class FieldType:
    """A check, and the JSON Schema that describes it to API clients."""

    check: Callable[[Any], Any]
    schema: dict[str, Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:
        return dict(self.schema)


def invalid(detail: str, *, code: str = InvalidInput.code, field: str = "") -> PydanticCustomError:
    """Return the error of a value; `field` names it if an object as a whole is wrong."""
    # The detail is a value of the template, so that braces in it stay as they are.
    fields = {"detail": detail, "field": field}
    return PydanticCustomError(code, "{detail}", fields)


def text(max_length: int, *, multiline: bool = False, excluded_pattern: str = "") -> FieldType:
    """Return the type of a text with at least one visible character.

    Args:
        multiline: allow line breaks and tabs.
        excluded_pattern: a negative lookahead for texts to refuse.
    """
    never = _NOT_IN_NOTES if multiline else _NOT_IN_LINES
    plain = f"[^{never}]*[^{never}{_BLANKS}][^{never}]*$"
    pattern = f"^{excluded_pattern}{plain}"
    written = re.compile(plain)

    def check(value: Any) -> str:
        if not isinstance(value, str):
            raise invalid("Text is expected here.")
        if not value.strip():
            raise invalid("A value is required here.")
        if len(value) > max_length:
            raise invalid(f"At most {max_length} characters; this has {len(value)}.")
        if not written.fullmatch(value):
            raise invalid("This text contains a character that is not allowed.")
        if not re.match(pattern, value):
            raise invalid("An item code neither begins nor ends with a slash, nor with /stock.")
        try:
            validate_text(value, field="", max_length=max_length, multiline=multiline)
        except InvalidInput as refusal:
            raise invalid(refusal.detail) from None
        return value

    schema = {"type": "string", "minLength": 1, "maxLength": max_length, "pattern": pattern}
    return FieldType(check, schema)


def _qty(pattern: str, *, allow_zero: bool) -> FieldType:
    written = re.compile(pattern, re.ASCII)

    def check(value: Any) -> Any:
        try:
            parse_qty(value, decimals=6, allow_zero=allow_zero)
        except InvalidQty as refusal:
            raise invalid(refusal.detail, code=refusal.code) from None
        if isinstance(value, str) and not written.fullmatch(value):
            detail = "Write the quantity as a plain number, like 12 or 12.5."
            raise invalid(detail, code=InvalidQty.code)
        return value

    least = {"minimum": 0} if allow_zero else {"exclusiveMinimum": 0}
    return FieldType(
        check,
        {
            "anyOf": [
                {"type": "string", "pattern": f"^{pattern}$"},
                {"type": "number", **least, "maximum": 10**12, "multipleOf": 0.000001},
            ],
            "description": "A decimal string, with 6 decimals at most. Numbers are accepted too.",
        },
    )


def integer(minimum: int, maximum: int) -> FieldType:
    """Return the type of a whole number in a range; 5.0 is accepted."""

    def check(value: Any) -> int:
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            number = Decimal(value)
            if number.is_finite() and minimum <= number <= maximum and number == int(number):
                return int(number)
        raise invalid(f"A whole number from {minimum} to {maximum} is expected here.")

    return FieldType(check, {"type": "integer", "minimum": minimum, "maximum": maximum})


def in_query(shape: FieldType, words: Callable[[str], Any]) -> FieldType:
    """Return the type for query parameters, whose values are texts.

    `words` converts the text, or returns it unchanged if it cannot.
    """
    return FieldType(lambda value: shape.check(words(value)), shape.schema)


def _number_in_words(text: str) -> Any:
    return int(text) if re.fullmatch(r"-?(0|[1-9][0-9]{0,30})", text) else text


def _flag_in_words(text: str) -> Any:
    return {"true": True, "false": False}.get(text, text)


def _check_flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise invalid("true or false is expected here.")
    return value


def parse_day(value: Any) -> date:
    """Parse a date like 2027-03-31."""
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise invalid("A date like 2027-03-31 is expected here.")


def parse_datetime(value: Any) -> datetime:
    """Parse an RFC 3339 time; returns it in UTC."""
    try:
        if isinstance(value, str) and _TIMESTAMP.fullmatch(value):
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise invalid("A time like 2027-03-31T10:42:00Z is expected here.")


Qty = Annotated[str | int | Decimal, _qty(_MORE_THAN_ZERO, allow_zero=False)]
QtyOrZero = Annotated[str | int | Decimal, _qty(_ANY_QTY, allow_zero=True)]
ID = integer(1, MAX_ID)
Id = Annotated[int, ID]
_FLAG = FieldType(_check_flag, {"type": "boolean"})
Flag = Annotated[bool, _FLAG]
FlagInQuery = Annotated[bool, in_query(_FLAG, _flag_in_words)]
IdInQuery = Annotated[int, in_query(ID, _number_in_words)]
Limit = Annotated[int, in_query(integer(1, MAX_ROWS), _number_in_words)]
Day = Annotated[date, FieldType(parse_day, {"type": "string", "format": "date"})]
Timestamp = Annotated[
    datetime, FieldType(parse_datetime, {"type": "string", "format": "date-time"})
]
Code = Annotated[str, text(64)]
#: Item codes are part of URLs: no empty or dotted segment, and /stock is a path of the API.
ITEM_CODE = text(64, excluded_pattern=r"(?!/|\.{1,2}(/|$)|.*(//|/\.{0,2}(/|$)|/stock$))")
ItemCode = Annotated[str, ITEM_CODE]
Reference = Annotated[str, text(100)]
Reason = Annotated[str, text(500)]
Note = Annotated[str, text(2000, multiline=True)]
