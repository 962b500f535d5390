"""Parsers of cell texts; each refusal explains what to write instead."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from inventory.common import validation
from inventory.common.errors import InvalidInput, InvalidQty
from inventory.common.messages import message
from inventory.common.quantity import SCALE, TypedQty, format_qty, parse_qty, read_typed
from inventory.imports.cell_texts import NumberCell
from inventory.models import QcStatus

DATE_ORDERS = ("", "dmy", "mdy")


@dataclass(frozen=True, slots=True)
class CellFormat:
    """Formats of a file; `dates` is the order in 03/04/2027, empty if unknown."""

    dates: str = ""
    decimal_comma: bool = False


Reader = Callable[[str, str, CellFormat], Any]

_SLASHED = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})", re.ASCII)
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", re.ASCII)
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ]00:00(?::00)?)?", re.ASCII)
_SHORTENED = re.compile(r"\d(?:[.,]\d+)?E\+\d{1,3}", re.ASCII | re.IGNORECASE)
_COMMA = re.compile(r"(\d+|[1-9]\d{0,2}(?:\.\d{3})+)(?:,(\d+))?", re.ASCII)

_YES = {"yes", "y", "true", "t", "1", "x", "on", "required", "ja", "oui", "sí", "si"}
_NO = {"no", "n", "false", "f", "0", "off", "none", "nein", "non"}
_STATUSES = {
    QcStatus.APPROVED: {
        "approved",
        "ok",
        "released",
        "accepted",
        "passed",
        "pass",
        "good",
        "free",
        "freigegeben",
        "aprobado",
        "libéré",
    },
    QcStatus.QUARANTINE: {
        "quarantine",
        "hold",
        "on hold",
        "blocked",
        "pending",
        "open",
        "in quarantäne",
        "quarantäne",
        "gesperrt",
        "en cuarentena",
        "cuarentena",
        "en quarantaine",
        "quarantaine",
    },
    QcStatus.REJECTED: {
        "rejected",
        "failed",
        "fail",
        "bad",
        "scrap",
        "refused",
        "abgelehnt",
        "rechazado",
        "refusé",
    },
}


def code(value: str, field: str, style: CellFormat) -> str:
    """Parse a code.

    Raises:
        InvalidInput: malformed, or a number as spreadsheets shorten long ones (4.00638E+12).
    """
    _require_unshortened(value, field)
    return validation.validate_code(value, field=field)


def barcode(value: str, field: str, style: CellFormat) -> str | None:
    """Parse a barcode; see `code`."""
    _require_unshortened(value, field)
    return validation.validate_text(value, field=field, max_length=200)


def _require_unshortened(value: str, field: str) -> None:
    if _SHORTENED.fullmatch(value):
        raise InvalidInput(
            message(
                "The spreadsheet shortened a long number to %(value)s. Format the column as"
                " text, and type or paste its values again.",
                value=value,
            ),
            field=field,
        )


def new_code(value: str, field: str, style: CellFormat) -> str:
    """Parse a code that the import can create: of visible characters only."""
    return validation.validate_new_code(code(value, field, style), field=field)


def line(max_length: int) -> Reader:
    """Return a parser of texts of visible characters, such as a location."""

    def read(value: str, field: str, style: CellFormat) -> str | None:
        return validation.validate_visible_text(value, field=field, max_length=max_length)

    return read


def words(max_length: int) -> Reader:
    """Return a parser of texts."""

    def read(value: str, field: str, style: CellFormat) -> str | None:
        return validation.validate_text(value, field=field, max_length=max_length)

    return read


def qty(value: str, field: str, style: CellFormat) -> str:
    """Parse a quantity of zero or more into a plain decimal.

    The item is not known yet, so up to 6 decimals are allowed, and a text like 1.000 is left for
    the ledger to read. Programs write 12.00 into files for 12.
    """
    readings = [value] if isinstance(value, NumberCell) else read_typed(value)
    if style.decimal_comma and not isinstance(value, NumberCell):
        found = _COMMA.fullmatch(value)
        if found is None:
            raise InvalidQty(
                message(
                    "%(value)s is not a number with a decimal comma, like 1250,5.", value=value
                ),
                field=field,
            )
        readings = [f"{found[1].replace('.', '')}.{found[2] or 0}"]
    if len(readings) > 1:
        return TypedQty(value)
    plain = readings[0] if readings else value
    return format_qty(parse_qty(plain, decimals=SCALE, field=field, allow_zero=True))


def positive_qty(value: str, field: str, style: CellFormat) -> str:
    """Parse a quantity of more than zero."""
    plain = qty(value, field, style)
    if plain == "0":
        raise InvalidQty(message("The quantity must be more than zero."), field=field)
    return plain


def qty_or_none(value: str, field: str, style: CellFormat) -> str | None:
    """Parse a quantity; `none` or `-` clears the stored one."""
    return None if value.casefold() in ("none", "-") else qty(value, field, style)


def decimals(value: str, field: str, style: CellFormat) -> int:
    """Parse a number of decimals, 0 to 6."""
    if value not in set("0123456"):
        raise InvalidInput(message("The decimal places must be 0 to 6."), field=field)
    return int(value)


def yes_or_no(value: str, field: str, style: CellFormat) -> bool:
    """Parse yes or no."""
    word = value.casefold()
    if word in _YES or word in _NO:
        return word in _YES
    raise InvalidInput(message("Write yes or no."), field=field)


def status(value: str, field: str, style: CellFormat) -> str:
    """Parse a QC status."""
    for one, names in _STATUSES.items():
        if value.casefold() in names:
            return str(one)
    raise InvalidInput(message("Write approved, quarantine or rejected."), field=field)


def day(value: str, field: str, style: CellFormat) -> date:
    """Parse a date."""
    if found := _ISO.fullmatch(value):
        return _date(value, field, *found.groups())
    if found := _DOTTED.fullmatch(value):
        return _date(value, field, found[3], found[2], found[1])
    if found := _SLASHED.fullmatch(value):
        if style.dates == "dmy":
            return _date(value, field, found[3], found[2], found[1])
        if style.dates == "mdy":
            return _date(value, field, found[3], found[1], found[2])
        raise InvalidInput(
            message(
                "%(value)s can be read in two ways. Choose whether the day or the month comes"
                " first, or write dates like 2027-03-31.",
                value=value,
            ),
            field=field,
        )
    raise InvalidInput(
        message("%(value)s is not a date. Write dates like 2027-03-31.", value=value), field=field
    )


def _date(text: str, field: str, year: str, month: str, day: str) -> date:
    try:
        found = date(int(year), int(month), int(day))
    except ValueError:
        raise InvalidInput(message("There is no day %(text)s.", text=text), field=field) from None
    validation.validate_expiry_date(found, field=field)
    return found
