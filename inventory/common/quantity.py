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
    """A quantity as a person typed it, with a decimal point or a decimal comma.

    `parse_qty` refuses it if it has two readings. Programs write decimal points only.
    """

    __slots__ = ()

    def plain(self) -> str:
        """Return the text with a decimal point, or itself if it could have two readings."""
        text = self.strip(" ")
        if _GROUPED.fullmatch(text):
            return TypedQty(text)
        return text.replace(",", ".") if _WITH_COMMA.fullmatch(text) else text


_PLAIN = re.compile(r"[0-9]{1,13}(\.[0-9]{1,30})?", re.ASCII)


def parse_qty(
    value: object, *, decimals: int, field: str = "qty", unit: str = "", allow_zero: bool = False
) -> Micros:
    """Parse a quantity from text ("12.5"), int or Decimal; floats are refused.

    A `TypedQty` can have a decimal comma. It is refused if its comma or point could also be a
    thousands separator: 1,250 always, 1.250 unless the item is counted in thousandths or finer.

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
    text = _as_text(value)
    if isinstance(value, TypedQty) and text:
        text = _read_typed(text, decimals=decimals, field=field, unit=unit)
    if text is None or not _PLAIN.fullmatch(text):
        raise InvalidQty(_invalid_number_message(text), field=field, decimals=decimals)
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


_GROUPED = re.compile(r"([1-9][0-9]{0,2})([.,'\u2019 \u00a0\u202f])([0-9]{3})", re.ASCII)
_WITH_COMMA = re.compile(r"[0-9]{1,13},[0-9]{1,30}", re.ASCII)


def _read_typed(text: str, *, decimals: int, field: str, unit: str) -> str:
    """Return the text with a decimal point.

    Raises:
        TooManyDecimals: the text has two readings, or one that the item is not counted in.
    """
    found = _GROUPED.fullmatch(text)
    if found is None:
        return TypedQty(text).plain()
    if found[2] == "." and decimals >= len(found[3]):
        return text
    whole, fraction = f"{found[1]}{found[3]}", found[3].rstrip("0")
    meant = Qty(int(whole) * ONE)
    small = f"{found[1]}.{fraction}".rstrip(".")
    if found[2] in ".," and len(fraction) <= decimals:
        raise TooManyDecimals(
            message(
                "%(text)s can be read in two ways. Write %(small)s or %(whole)s.",
                text=text,
                small=Qty(int(Decimal(small) * ONE)),
                whole=meant,
            ),
            field=field,
            readings=[small, whole],
        )
    if found[2] in ".,":
        fault = _too_fine(text, decimals, unit)
    else:
        fault = message("%(text)s has a separator.", text=text)
    hint = message("If you mean %(whole)s, write it without a separator.", whole=meant)
    raise TooManyDecimals(join_sentences(fault, hint), field=field, readings=[whole])


def _too_fine(text: str, decimals: int, unit: str) -> Message:
    figures = {"text": text, "unit": unit or message("units")}
    if decimals == 0:
        return message(
            "%(text)s has too many decimals. This item is counted in %(unit)s, whole numbers only.",
            **figures,
        )
    return plural_message(
        "%(text)s has too many decimals. This item is counted in %(unit)s, with %(num)s decimal.",
        "%(text)s has too many decimals. This item is counted in %(unit)s, with at most %(num)s"
        " decimals.",
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
            "Write the quantity without separators for thousands, like %(example)s.",
            example=Qty(1_250_500_000),
        )
    if text and text.startswith("-"):
        return message("The quantity must be more than zero.")
    if not text:
        return message("Enter a quantity, such as 12 or 12.5.")
    return message("This is not a quantity. Write it as a plain number, such as 12 or 12.5.")
