"""Text that people and programs write into the inventory: cleaned or refused, never cut."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime

from inventory.common.errors import InvalidInput

MAX_ID = 2**63 - 1


#: Controls, line separators, halves of pairs, what Unicode promises never to be one, and the mark
#: that stands where bytes were no UTF-8: a form's text must not be kept half read. A character that
#: this Python does not know yet is fine: tomorrow's emoji are. So are the last two of each plane
#: beyond the first, which every format can hold: the API's document has to say in a pattern what is
#: taken, and few know how to write those in one.
_REST = r"\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef\ufffd-\uffff"
_UNWRITTEN_ON_A_LINE = re.compile(rf"[\x00-\x1f{_REST}]")
_UNWRITTEN = re.compile(rf"[\x00-\x08\x0b-\x1f{_REST}]")


def validate_text(
    value: object, *, field: str, max_length: int, required: bool = False, multiline: bool = False
) -> str | None:
    """The text in Unicode NFC without spaces around it; None when there is none.

    Refuses what is not text, is too long, or carries control characters (NUL among them;
    line breaks are fine where `lines` says so).
    """
    if value is None:
        value = ""
    if not isinstance(value, str):
        raise InvalidInput("Text is expected here.", field=field)
    if len(value) > 4 * max_length + 100:
        raise InvalidInput(f"At most {max_length} characters.", field=field)
    text = unicodedata.normalize("NFC", value.replace("\r\n", "\n")).strip()
    if not text:
        if required:
            raise InvalidInput(f"{_field_label(field)} is needed.", field=field)
        return None
    if len(text) > max_length:
        raise InvalidInput(f"At most {max_length} characters; this has {len(text)}.", field=field)
    if (_UNWRITTEN if multiline else _UNWRITTEN_ON_A_LINE).search(text):
        raise InvalidInput("It contains a character that cannot be written.", field=field)
    return text


def validate_code(value: object, *, field: str) -> str:
    """A code: 1 to 64 characters on one line, kept as it is written (capitals matter)."""
    code = validate_text(value, field=field, max_length=64, required=True)
    assert code is not None
    return code


def validate_id(value: object, *, field: str) -> int:
    """The number of a row."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= MAX_ID:
        raise InvalidInput("A number of an existing record is expected here.", field=field)
    return value


def validate_choice(value: object, *, field: str, choices: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise InvalidInput(f"One of {', '.join(choices)} is expected here.", field=field)
    return value


def validate_bool(value: object, *, field: str) -> bool:
    if not isinstance(value, bool):
        raise InvalidInput("true or false is expected here.", field=field)
    return value


def validate_date(value: object, *, field: str) -> date | None:
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    raise InvalidInput("A date like 2027-03-31 is expected here.", field=field)


def validate_datetime(value: object, *, field: str) -> datetime | None:
    if value is None or (isinstance(value, datetime) and _is_datetime(value)):
        return value
    raise InvalidInput("A time like 2027-03-31T10:42:00Z is expected here.", field=field)


def _is_datetime(value: datetime) -> bool:
    """Is it one that UTC can say, too? At the ends of the calendar a zone leads beyond them."""
    try:
        value.astimezone(UTC)
    except OverflowError:
        return False
    return value.tzinfo is not None


def _field_label(field: str) -> str:
    return field.replace("_", " ").capitalize()
