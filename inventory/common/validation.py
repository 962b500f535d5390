"""Validate input: it is normalized or refused, never truncated."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime

from inventory.common.errors import InvalidInput
from inventory.common.lookalikes import find_invisible, single_blanks
from inventory.common.messages import Message, message

MAX_ID = 2**63 - 1


#: Control characters, line separators, surrogates, noncharacters of the first plane, and U+FFFD,
#: which replaces bytes that are not UTF-8. Unassigned characters are allowed, so that new emoji
#: work. Noncharacters of other planes are allowed too, because the patterns of the API document
#: could hardly exclude them.
_REST = r"\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef\ufffd-\uffff"
_UNWRITTEN_ON_A_LINE = re.compile(rf"[\x00-\x1f{_REST}]")
_UNWRITTEN = re.compile(rf"[\x00-\x08\x0b-\x1f{_REST}]")


def validate_text(
    value: object, *, field: str, max_length: int, required: bool = False, multiline: bool = False
) -> str | None:
    """Return the text in Unicode NFC without surrounding spaces, or None if empty.

    Args:
        multiline: allow line breaks.

    Raises:
        InvalidInput: not a text, missing, too long, or with control characters.
    """
    if value is None:
        value = ""
    if not isinstance(value, str):
        raise InvalidInput(message("Text is expected here."), field=field)
    if len(value) > 4 * max_length + 100:
        raise InvalidInput(
            message("At most %(max_length)s characters.", max_length=max_length), field=field
        )
    text = unicodedata.normalize("NFC", value.replace("\r\n", "\n")).strip()
    if not text:
        if required:
            raise InvalidInput(describe_missing(field), field=field)
        return None
    if len(text) > max_length:
        raise InvalidInput(
            message(
                "At most %(max_length)s characters; this has %(count)s.",
                max_length=max_length,
                count=len(text),
            ),
            field=field,
        )
    if (_UNWRITTEN if multiline else _UNWRITTEN_ON_A_LINE).search(text):
        raise InvalidInput(
            message("This text contains a character that is not allowed."), field=field
        )
    return text


def validate_code(value: object, *, field: str) -> str:
    """Return a code to look up: 1 to 64 characters on one line."""
    code = validate_text(value, field=field, max_length=64, required=True)
    assert code is not None
    return code


def validate_new_code(value: object, *, field: str) -> str:
    """Return a code that can be created: of visible characters, with single spaces.

    Raises:
        InvalidInput: missing, longer than 64 characters, or with a character that cannot be seen.
    """
    code = validate_visible_text(value, field=field, max_length=64, required=True)
    assert code is not None
    return code


def validate_visible_text(
    value: object, *, field: str, max_length: int, required: bool = False
) -> str | None:
    """Return the text on one line in Unicode NFC, each run of blanks as one space.

    Raises:
        InvalidInput: not a text, missing, too long, or with a character that cannot be seen.
    """
    text = validate_text(value, field=field, max_length=max_length, required=required)
    if text is None:
        return None
    if hidden := find_invisible(text):
        name = unicodedata.name(hidden, "").lower()
        character = f"U+{ord(hidden):04X}{f', {name}' if name else ''}"
        raise InvalidInput(
            message(
                "This text contains an invisible character: %(character)s. Type the text again"
                " by hand.",
                character=character,
            ),
            field=field,
        )
    return single_blanks(text)


def validate_id(value: object, *, field: str) -> int:
    """Return the id of a record: 1 to 2^63 - 1."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= MAX_ID:
        raise InvalidInput(message("The ID of an existing record is expected here."), field=field)
    return value


def validate_choice(value: object, *, field: str, choices: tuple[str, ...]) -> str:
    """Return the value if it is one of the choices."""
    if not isinstance(value, str) or value not in choices:
        raise InvalidInput(
            message("One of %(names)s is expected here.", names=list(choices)), field=field
        )
    return value


def validate_bool(value: object, *, field: str) -> bool:
    """Return the value if it is a bool."""
    if not isinstance(value, bool):
        raise InvalidInput(message("true or false is expected here."), field=field)
    return value


def validate_date(value: object, *, field: str) -> date | None:
    """Return the value if it is a date or None."""
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    raise InvalidInput(message("A date like 2027-03-31 is expected here."), field=field)


#: Expiry dates lie in these years; others are typing errors, such as a year of two digits.
FIRST_YEAR, LAST_YEAR = 2000, 2199


def validate_expiry_date(value: object, *, field: str) -> date | None:
    """Return the value if it is a date from 2000 to 2199 or None."""
    day = validate_date(value, field=field)
    if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise InvalidInput(
            message(
                "%(day)s is in the year %(year)s. Write the year with four digits, from"
                " %(first_year)s to %(last_year)s.",
                day=day,
                year=day.year,
                first_year=FIRST_YEAR,
                last_year=LAST_YEAR,
            ),
            field=field,
        )
    return day


def validate_occurred_at(value: object, *, field: str) -> datetime | None:
    """Return the value if it is an aware datetime in the years 2000 to 2199, or None."""
    when = validate_datetime(value, field=field)
    if when is not None and not FIRST_YEAR <= when.year <= LAST_YEAR:
        raise InvalidInput(
            message(
                "The year %(year)s is not valid. Enter a year from %(first_year)s to"
                " %(last_year)s.",
                year=when.year,
                first_year=FIRST_YEAR,
                last_year=LAST_YEAR,
            ),
            field=field,
        )
    return when


def validate_datetime(value: object, *, field: str) -> datetime | None:
    """Return the value if it is an aware datetime or None."""
    if value is None or (isinstance(value, datetime) and _is_datetime(value)):
        return value
    raise InvalidInput(message("A time like 2027-03-31T10:42:00Z is expected here."), field=field)


def _is_datetime(value: datetime) -> bool:
    """Return whether the value is aware and can be converted to UTC.

    At the ends of the calendar a time zone leads beyond them.
    """
    try:
        value.astimezone(UTC)
    except OverflowError:
        return False
    return value.tzinfo is not None


_MISSING = {
    "code": message("Enter a code."),
    "expires_on": message("Enter an expiry date."),
    "item": message("Enter an item code."),
    "location": message("Enter a location."),
    "lot_code": message("Enter a lot number."),
    "lotCode": message("Enter a lot number."),
    "name": message("Enter a name."),
    "qty": message("Enter a quantity, such as 12 or 12.5."),
    "counted": message("Enter the counted quantity. 0 is allowed."),
    "reason": message("Enter a reason."),
    "reference": message("Enter a job or order."),
    "unit": message("Enter a unit."),
    "url": message("Enter a URL."),
}


def describe_missing(field: str) -> Message:
    """Describe that a required field is empty."""
    return _MISSING.get(field) or message("A value is required here.")
