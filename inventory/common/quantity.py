"""Quantities: exact decimals stored as integers of 10^-6 units, never floats."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NewType, Self

from inventory.common.errors import InvalidQty, TooManyDecimals
from inventory.common.messages import Figure, Message, join_sentences, message, plural_message

#: A quantity in 10^-6 units.
Micros = NewType("Micros", int)

SCALE = 6
ONE: int = 10**SCALE
#: The largest quantity of an entry, and the most that a lot can receive in all: 10^12 units.
MAX = Micros(10**12 * ONE)
#: The most of an item on hand, in all its lots: 9 * 10^12 units, so that sums fit into 64 bits.
MAX_OF_ITEM = Micros(9 * 10**12 * ONE)


class TypedQty(str):
    """A quantity as a person typed it, in the notation of any language.

    `parse_qty` refuses it if it has two readings. Programs write decimal points only.
    """

    __slots__ = ()

    def plain(self) -> str:
        """Return a plain decimal number, or a `TypedQty` if the item has to be known.

        That is a text with two readings, one that cannot be read, and one with decimals that are
        all zero, which an item counted in whole units does not have.
        """
        readings = read_typed(self)
        if len(readings) != 1 or _ZERO_FRACTION.search(readings[0]):
            return TypedQty(self.strip(" "))
        return readings[0]


def read_typed(text: str) -> list[str]:
    """Return all readings of a typed quantity as plain decimal numbers; none if unreadable.

    A comma or a point is the decimal sign, unless exactly three digits follow it that could be
    thousands: 1,250 is 1.25 or 1250. Digits in groups of three are read if no other reading is
    left: 1.234,5 and 1,234.5, 1 234 and 1'234. The language of the user does not matter: a text
    means the same for all. `static/floor/quantity.js` has the same rule, and the same test cases.
    """
    text = text.strip(" ")
    if found := _GROUPS.fullmatch(text):
        first, sign, groups, decimal_sign, fraction = found.groups()
        whole = first + re.sub(r"\D", "", groups)
        if decimal_sign:
            return [f"{whole}.{fraction}"] if decimal_sign != sign else []
        if sign in ".," and len(groups) == _ONE_GROUP:
            return [f"{first}.{groups[1:]}", whole]
        return [whole]
    found = _SIMPLE.fullmatch(text)
    return [".".join(part for part in found.groups() if part)] if found else []


#: 1.234,5: the first digits, the sign between groups, all groups, decimal sign and decimals.
_GROUPS = re.compile(
    r"([1-9][0-9]{0,2})(?=([.,'\u2019 \u00a0\u202f]))((?:\2[0-9]{3}){1,4})(?:([.,])([0-9]{1,30}))?",
    re.ASCII,
)
_ONE_GROUP = 4
_SIMPLE = re.compile(r"([0-9]{1,13})(?:[.,]([0-9]{1,30}))?", re.ASCII)
_ZERO_FRACTION = re.compile(r"\.0+$")
_PLAIN = re.compile(r"[0-9]{1,13}(\.[0-9]{1,30})?", re.ASCII)


def parse_qty(
    value: object, *, decimals: int, field: str = "qty", unit: str = "", allow_zero: bool = False
) -> Micros:
    """Parse a quantity from text ("12.5"), int or Decimal; floats are refused.

    A `TypedQty` can have a decimal comma and groups of digits. It is refused if it has two
    readings, such as 1.250, and if it has decimals and the item is counted in whole units.

    Args:
        decimals: the item's decimals; more are refused, never rounded.
        unit: the item's unit, for the message.

    Returns:
        The quantity in 10^-6 units.

    Raises:
        InvalidQty: not a plain decimal number, negative, zero without `allow_zero`, or
            more than 10^12.
        TooManyDecimals: more decimals than the item has, or two readings; `readings` has them.
    """
    typed = text = _as_text(value)
    if isinstance(value, TypedQty) and text:
        text = _read_typed(text, decimals=decimals, field=field, unit=unit)
    if text is None or not _PLAIN.fullmatch(text):
        raise InvalidQty(_invalid_number_message(typed), field=field, decimals=decimals)
    whole, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0")
    if len(fraction) > decimals:
        raise TooManyDecimals(_too_fine(text, decimals, unit), field=field, decimals=decimals)
    micros = int(whole) * ONE + int(fraction.ljust(SCALE, "0") or "0")
    if micros > MAX:
        raise InvalidQty(
            message("The quantity must be at most %(most)s.", most=Qty(MAX)), field=field
        )
    if micros == 0 and not allow_zero:
        raise InvalidQty(message("The quantity must be more than zero."), field=field)
    return Micros(micros)


def format_qty(micros: int) -> str:
    """Format a quantity as a decimal without trailing zeros: 12.5, 100, 0.000001."""
    sign, micros = ("-", -micros) if micros < 0 else ("", micros)
    whole, fraction = divmod(micros, ONE)
    tail = f"{fraction:06d}".rstrip("0")
    return f"{sign}{whole}.{tail}" if tail else f"{sign}{whole}"


class Qty(Figure, kind="qty"):
    """A quantity in a message; without a unit if that is empty.

    Args:
        micros: the quantity in 10^-6 units.
    """

    __slots__ = ()

    def __new__(cls, micros: int, unit: str = "") -> Self:
        self = super().__new__(cls, f"{format_qty(micros)} {unit_of(micros, unit)}".rstrip())
        self.content = [micros, unit] if unit else [micros]
        return self


def unit_of(micros: int, unit: str) -> str:
    """Return an item's unit as it stands behind a quantity: 1 pc, 2 pcs."""
    return "pc" if unit == "pcs" and micros == ONE else unit


def _read_typed(text: str, *, decimals: int, field: str, unit: str) -> str | None:
    """Return the only reading of a text, or None if it cannot be read.

    Raises:
        TooManyDecimals: the text has two readings, or one that the item is not counted in.
    """
    readings = read_typed(text)
    if len(readings) < _TWO:
        if readings and decimals == 0 and _ZERO_FRACTION.search(readings[0]):
            raise _too_fine_but(text, readings[0].partition(".")[0], decimals, field, unit)
        return readings[0] if readings else None
    small, whole = readings
    fraction = small.partition(".")[2].rstrip("0")
    if len(fraction) > decimals:
        raise _too_fine_but(text, whole, decimals, field, unit)
    small = f"{small.partition('.')[0]}.{fraction}".rstrip(".")
    raise TooManyDecimals(
        message(
            "%(text)s can be read in two ways. Enter %(small)s or %(whole)s.",
            text=text,
            small=Qty(int(Decimal(small) * ONE)),
            whole=Qty(int(whole) * ONE),
        ),
        field=field,
        readings=[small, whole],
        unit=unit,
    )


_TWO = 2


def _too_fine_but(text: str, whole: str, decimals: int, field: str, unit: str) -> TooManyDecimals:
    meant = Qty(int(whole) * ONE)
    hint = message("If you mean %(whole)s, write it without a separator.", whole=meant)
    detail = join_sentences(_too_fine(text, decimals, unit), hint)
    return TooManyDecimals(detail, field=field, readings=[whole], unit=unit)


def _too_fine(text: str, decimals: int, unit: str) -> Message:
    figures = {"text": text, "unit": unit or message("units")}
    if decimals == 0:
        return message(
            "%(text)s has too many decimal places. This item has whole %(unit)s only.",
            **figures,
        )
    return plural_message(
        "%(text)s has too many decimal places. This item has at most %(num)s decimal place in"
        " %(unit)s.",
        "%(text)s has too many decimal places. This item has at most %(num)s decimal places in"
        " %(unit)s.",
        decimals,
        **figures,
    )


def _as_text(value: object) -> str | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return value.strip(" ")
    if isinstance(value, int):
        return str(value) if abs(value) <= MAX else "9" * 14
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) < 40:
        return f"{value:f}"
    return None


def _invalid_number_message(text: str | None) -> Message:
    if text and re.search(r"[0-9][.,' ][0-9]", text):
        return message(
            "Enter the quantity without thousands separators, such as %(example)s.",
            example=Qty(1_250_500_000),
        )
    if text and text.startswith("-"):
        return message("The quantity must be more than zero.")
    if not text:
        return message("Enter a quantity, such as 12 or 12.5.")
    return message("This is not a quantity. Enter a plain number, such as 12 or 12.5.")
