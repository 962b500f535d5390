"""Strict parser for GS1 messages in barcodes (GS1 General Specifications).

A field of variable length ends with FNC1, which scanners send as the character GS. If the GS is
lost, the field includes the next one without any sign of it: `other_readings` lists what the
message can mean then.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from inventory.common.errors import InvalidCode
from inventory.common.messages import Message, message

if TYPE_CHECKING:
    from biip.gs1_element_strings import GS1ElementString

GS = "\x1d"

#: The characters that GS1 allows in a field (character set 82).
FIELD = re.compile(r"[!\"%&'()*+,\-./0-9:;<=>?A-Z_a-z]+")
_BRACKET = re.compile(r"\(([0-9]{2,4})\)")
_LINK_PATH = re.compile(r"/(01|00)/[0-9]{8,18}(/|$)")
_DATES = {"11", "12", "13", "15", "16", "17", "7003"}
#: Fields that follow a field of variable length on real labels.
_FOLLOWERS = (*sorted(_DATES - {"7003"}), "01", "02", "10", "21", "30", "37")
_NAMES = {
    "00": message("pallet number"),
    "01": message("GTIN"),
    "02": message("GTIN"),
    "10": message("lot number"),
    "11": message("production date"),
    "12": message("due date"),
    "13": message("packaging date"),
    "15": message("best-before date"),
    "16": message("sell-by date"),
    "17": message("expiry date"),
    "21": message("serial number"),
    "30": message("count"),
    "37": message("count"),
}


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a message: `(10)L-001`."""

    ai: str
    value: str
    date: date | None = None
    decimal: Any = None
    #: Whether the end is certain, so that the value cannot include the next field.
    ended: bool = True

    def __str__(self) -> str:
        return f"({self.ai}){self.value}"


def check_digit(payload: str) -> int:
    """Return the check digit for these digits of a GTIN or SSCC."""
    digits = [int(digit) for digit in reversed(payload)]
    total = 3 * sum(digits[::2]) + sum(digits[1::2])
    return -total % 10


def is_gtin(text: str) -> bool:
    """Return whether it is a GTIN of 8, 12, 13 or 14 digits with a valid check digit."""
    return (
        len(text) in (8, 12, 13, 14)
        and text.isascii()
        and text.isdigit()
        and text.strip("0") != ""
        and check_digit(text[:-1]) == int(text[-1])
    )


def is_sscc(text: str) -> bool:
    """Return whether it is an SSCC: 18 digits with a valid check digit."""
    return (
        len(text) == 18
        and text.isascii()
        and text.isdigit()
        and check_digit(text[:-1]) == int(text[-1])
    )


def expected_check_digit(text: str) -> InvalidCode:
    """Build the error for a wrong check digit."""
    expected = str(check_digit(text[:-1]))
    return InvalidCode(
        message(
            "The last digit of %(text)s should be %(expected)s, not %(digit)s. Scan it again, or"
            " compare it with the label.",
            text=text,
            expected=expected,
            digit=text[-1],
        ),
        problem="CHECK_DIGIT",
        scanned=text,
        expected=expected,
    )


def read_message(encoded: str) -> list[Field]:
    """Return the fields of a message with GS for FNC1.

    Raises:
        InvalidCode: a field is unknown, malformed or contradicts another.
    """
    fields: list[Field] = []
    rest = encoded.strip(GS)
    while rest:
        fields.append(_first_field(rest))
        rest = rest[len(fields[-1].ai) + len(fields[-1].value) :].lstrip(GS)
    if not fields:
        raise InvalidCode(message("This code is empty."), problem="EMPTY")
    return _distinct(fields)


def read_bracketed(text: str) -> list[Field]:
    """Return the fields of a printed message: `(01)09521123456788(10)L-1`.

    Raises:
        InvalidCode: a field is unknown, malformed or contradicts another.
    """
    _, *parts = _BRACKET.split(text)
    fields = []
    for ai, value in zip(parts[::2], parts[1::2], strict=True):
        field = _first_field(ai + value.strip() + GS)
        if field.ai != ai:
            raise _unknown(ai)
        fields.append(field)
    return _distinct(fields)


def read_link(address: str) -> list[Field] | None:
    """Return the fields of a GS1 Digital Link, or None for another URL.

    Raises:
        InvalidCode: the link has a GTIN and is malformed otherwise.
    """
    from biip import ParseError
    from biip.gs1_digital_link_uris import GS1DigitalLinkURI

    try:
        found = GS1DigitalLinkURI.parse(address)
    except (ParseError, ValueError) as error:
        try:
            is_link = _LINK_PATH.search(urlsplit(address).path)
        except ValueError:
            is_link = None
        if is_link:
            raise InvalidCode(
                message("This GS1 link has a GTIN, but its other parts cannot be read."),
                problem="LINK",
            ) from error
        return None
    return _distinct([_checked(string, ended=True) for string in found.element_strings])


def other_readings(fields: list[Field]) -> Iterator[list[Field]]:
    """Yield what the message can mean if the GS after one field was lost."""
    known = {field.ai for field in fields}
    for place, field in enumerate(fields):
        if field.ended:
            continue
        for cut in range(1, len(field.value)):
            tail = field.value[cut:]
            if not tail.startswith(_FOLLOWERS):
                continue
            try:
                swallowed = read_message(tail)
            except InvalidCode:
                continue
            ais = {one.ai for one in swallowed}
            if ais & known or not ais <= {*_FOLLOWERS} or _is_empty(swallowed):
                continue
            kept = Field(field.ai, field.value[:cut])
            yield [*fields[:place], kept, *swallowed, *fields[place + 1 :]]


def _is_empty(fields: list[Field]) -> bool:
    """Return whether a count is zero, or larger than on any label."""
    return any(field.ai in ("30", "37") and not 0 < int(field.value) < 100_000 for field in fields)


def _first_field(encoded: str) -> Field:
    from biip import ParseError
    from biip.gs1_application_identifiers import GS1ApplicationIdentifier
    from biip.gs1_element_strings import GS1ElementString

    text = encoded.split(GS, 1)[0]
    if not FIELD.fullmatch(text):
        odd = next(one for one in text if not FIELD.fullmatch(one))
        raise InvalidCode(
            message(
                "A GS1 code cannot contain “%(odd)s”. Set the scanner to the keyboard language of"
                " this device.",
                odd=odd,
            ),
            problem="CHARACTER",
            scanned=text,
        )
    try:
        ai = GS1ApplicationIdentifier.extract(text)
    except ParseError:
        raise _unknown(re.split("[^0-9]", text, maxsplit=1)[0][:4] or text[:4]) from None
    try:
        element = GS1ElementString.extract(text)
    except (ParseError, ValueError):
        raise _malformed(ai.ai, text[len(ai.ai) :]) from None
    rest = text[len(element) :]
    if not element.value or (ai.separator_required and rest):
        raise _malformed(ai.ai, text[len(ai.ai) :])
    return _checked(element, ended=not ai.separator_required or GS in encoded)


def _checked(element: GS1ElementString, *, ended: bool) -> Field:
    ai, value = element.ai.ai, element.value
    if ai in ("01", "02") and not is_gtin(value):
        if value.strip("0") and check_digit(value[:-1]) != int(value[-1]):
            raise expected_check_digit(value)
        raise _malformed(ai, value)
    if ai == "00" and not is_sscc(value):
        raise expected_check_digit(value)
    if ai in _DATES and element.date is None:
        raise _malformed(ai, value)
    return Field(ai, value, element.date, element.decimal, ended)


def _distinct(fields: list[Field]) -> list[Field]:
    """Return each field once.

    Raises:
        InvalidCode: a field has two different values.
    """
    found: dict[str, Field] = {}
    for field in fields:
        if found.setdefault(field.ai, field).value != field.value:
            raise InvalidCode(
                message(
                    "This code has two values as %(field)s: %(first)s and %(second)s.",
                    field=_name_of(field.ai),
                    first=found[field.ai].value,
                    second=field.value,
                ),
                problem="CONTRADICTION",
            )
    if {"01", "02"} <= set(found):
        raise InvalidCode(
            message(
                "This code has two GTINs, one for the box and one for its contents. Scan the"
                " code on the box."
            ),
            problem="CONTRADICTION",
        )
    return list(found.values())


def _unknown(ai: str) -> InvalidCode:
    return InvalidCode(
        message(
            "GS1 does not define field (%(ai)s) of this code. The code was misread, or is not a"
            " GS1 code. Scan it again.",
            ai=ai,
        ),
        problem="UNKNOWN_FIELD",
        field_number=ai,
    )


def _malformed(ai: str, value: str) -> InvalidCode:
    problem, shown = ("DATE", value[:6]) if ai in _DATES else ("VALUE", value[:40])
    detail = message(
        "“%(value)s” is not valid as %(field)s. Scan the code again, or type the printed value.",
        value=shown,
        field=_name_of(ai),
    )
    if ai in ("10", "21") and len(value) > 20:
        detail = message(
            "%(field)s: longer than 20 characters in this code. A separator was lost.",
            field=_name_of(ai),
        )
        problem = "TOO_LONG"
    return InvalidCode(detail, problem=problem, field_number=ai)


def _name_of(ai: str) -> Message:
    return _NAMES.get(ai) or message("field (%(ai)s)", ai=ai)
