"""Quantities: exact decimals stored as integers of 10^-6 units, never floats."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NewType

from inventory.common.errors import InvalidQty, QtyConflict

#: A quantity in 10^-6 units.
Micros = NewType("Micros", int)

SCALE = 6
ONE: int = 10**SCALE
#: The largest quantity of an entry, and the most that a lot can receive in all: 10^12 units.
MAX = Micros(10**12 * ONE)
#: The most of an item on hand, in all its lots: 9 * 10^12 units, so that sums fit into 64 bits.
MAX_OF_ITEM = Micros(9 * 10**12 * ONE)

_PLAIN = re.compile(r"[0-9]{1,13}(\.[0-9]{1,30})?", re.ASCII)


def parse_qty(
    value: object, *, decimals: int, field: str = "qty", unit: str = "", allow_zero: bool = False
) -> Micros:
    """Parse a quantity from text ("12.5"), int or Decimal; floats are refused.

    Args:
        decimals: the item's decimals; more are refused, never rounded.
        unit: the item's unit, for the message.

    Returns:
        The quantity in 10^-6 units.

    Raises:
        InvalidQty: not a plain decimal number, negative, zero without `allow_zero`, too many
            or more than 10^12.
        QtyConflict: more decimals than the item has, which can change until its first entry.
    """
    text = _as_text(value)
    if text is None or not _PLAIN.fullmatch(text):
        raise InvalidQty(_invalid_number_message(text), field=field, decimals=decimals)
    whole, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0")
    if len(fraction) > decimals:
        allowed = "whole numbers only" if decimals == 0 else f"at most {decimals} decimals"
        raise QtyConflict(
            f"{text} has too many decimals: this item is counted in {unit or 'units'}, {allowed}.",
            field=field,
            decimals=decimals,
        )
    micros = int(whole) * ONE + int(fraction.ljust(SCALE, "0") or "0")
    if micros > MAX:
        raise InvalidQty("That is more than 1000000000000, the most.", field=field)
    if micros == 0 and not allow_zero:
        raise InvalidQty("The quantity must be more than zero.", field=field)
    return Micros(micros)


def format_qty(micros: int) -> str:
    """Format a quantity as a decimal without trailing zeros: 12.5, 100, 0.000001."""
    sign, micros = ("-", -micros) if micros < 0 else ("", micros)
    whole, fraction = divmod(micros, ONE)
    tail = f"{fraction:06d}".rstrip("0")
    return f"{sign}{whole}.{tail}" if tail else f"{sign}{whole}"


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


def _invalid_number_message(text: str | None) -> str:
    if text and "," in text:
        return "Write the quantity with a point and without thousands separators, like 1250.5."
    if text and text.startswith("-"):
        return "The quantity must be more than zero."
    if not text:
        return "A quantity is needed, like 12 or 12.5."
    return "That is not a quantity. Write it as a plain number, like 12 or 12.5."
