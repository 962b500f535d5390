"""Parse scans: GS1 messages, GTINs, our own labels and plain codes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from inventory.barcodes import gs1, internal_codes
from inventory.barcodes.gs1 import GS, Field
from inventory.common import validation
from inventory.common.errors import InvalidCode, InvalidInput
from inventory.common.messages import message

#: The most characters of a scan, and of a plain code.
MAX_SCAN = 512
MAX_CODE = 200

#: How scanners and keyboards write the separator GS (Ctrl+], FNC1) if they cannot send it.
SEPARATORS = ("\N{SYMBOL FOR GROUP SEPARATOR}", "^]", "<GS>", "{GS}", "<FNC1>", "{FNC1}")

_SYMBOLOGY = re.compile(r"\]([A-Za-z][0-9A-Za-z])")
_GS1_SYMBOLOGIES = {"C1", "e0", "e1", "e2", "d2", "Q3", "J1"}
_RETAIL_SYMBOLOGIES = {"E0", "E4"}
_MEASURES = {"310": "kg", "311": "m", "314": "m2", "315": "l", "316": "m3"}

Form = Literal["gs1", "gtin", "own", "plain"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A parsed scan; `resolve` finds its record."""

    #: The code on one line; a GS1 message in its printed form with brackets.
    text: str
    form: Form
    #: The symbology identifier that the scanner sent, such as `C1`, if any.
    symbology: str | None = None
    #: 14 digits, check digit verified.
    gtin: str | None = None
    #: Whether the GTIN is of the contents (of a box or pallet); `count` is their number.
    contents: bool = False
    lot_code: str | None = None
    expires_on: date | None = None
    best_before: date | None = None
    produced_on: date | None = None
    serial: str | None = None
    count: int | None = None
    measure: Decimal | None = None
    measure_unit: str | None = None
    sscc: str | None = None
    #: The content of one of our own labels.
    own: internal_codes.InternalCode | None = None
    #: The right check digit, if a plain code looks like a GTIN with a wrong one.
    expected_digit: str | None = None
    fields: tuple[Field, ...] = ()

    @property
    def usable_until(self) -> date | None:
        """Return the expiry date, or else the best-before date."""
        return self.expires_on or self.best_before

    @property
    def key(self) -> str | None:
        """Return the key to link the code by, or None if it cannot be linked."""
        if self.gtin:
            return self.gtin
        if self.sscc:
            return f"(00){self.sscc}"
        return self.text if self.form == "plain" else None

    def other_readings(self) -> list[Scan]:
        """Return what the label can mean if a separator was lost."""
        parted = gs1.other_readings(list(self.fields))
        return [_from_fields(fields, symbology=self.symbology) for fields in parted]

    def to_dict(self) -> dict[str, Any]:
        """Return the scan, ready for JSON."""
        return {
            "text": self.text,
            "form": self.form,
            "symbology": self.symbology,
            "gtin": self.gtin,
            "contents": self.contents,
            "lot_code": self.lot_code,
            "expires_on": self.expires_on and self.expires_on.isoformat(),
            "best_before": self.best_before and self.best_before.isoformat(),
            "produced_on": self.produced_on and self.produced_on.isoformat(),
            "serial": self.serial,
            "count": self.count,
            "measure": None if self.measure is None else f"{self.measure.normalize():f}",
            "measure_unit": self.measure_unit,
            "sscc": self.sscc,
            "own": self.own and self.own.to_dict(),
            "expected_digit": self.expected_digit,
        }


def parse_scan(raw: object, *, separator: str | None = None) -> Scan:
    """Parse what a scanner sent.

    GS1 messages are recognized by their symbology identifier (`]C1`, `]d2`, `]Q3`, `]e0`), by
    brackets, by a separator, or by a GTIN in front.

    Args:
        separator: what this site's scanners send for FNC1, besides GS and its usual names.

    Raises:
        InvalidCode: the code cannot be read; `problem` says why.
    """
    code, symbology = _trimmed(raw)
    if label := internal_codes.read(code):
        return Scan(text=code.upper(), form="own", symbology=symbology, own=label)
    if code.lower().startswith(("http://", "https://")) and (link := gs1.read_link(code)):
        return _from_fields(link, symbology=symbology)
    if (fields := _gs1_fields(code, symbology, separator)) is not None:
        return _from_fields(fields, symbology=symbology)
    return _plain(code, symbology)


def _trimmed(raw: object) -> tuple[str, str | None]:
    """Return the code without prefix and suffix, and the symbology identifier."""
    if not isinstance(raw, str):
        raise InvalidCode(message("Text is expected here."), problem="EMPTY")
    if len(raw) > MAX_SCAN:
        raise InvalidCode(
            message(
                "This code is too long: %(count)s characters, at most %(max_scan)s are read.",
                count=len(raw),
                max_scan=MAX_SCAN,
            ),
            problem="TOO_LONG",
        )
    code = raw.strip(" \t\r\n")
    symbology = None
    if prefix := _SYMBOLOGY.match(code):
        symbology, code = prefix[1], code[3:].strip(" ")
    if not code.strip(GS + " "):
        raise InvalidCode(message("Nothing was scanned."), problem="EMPTY")
    return code, symbology


def _gs1_fields(code: str, symbology: str | None, separator: str | None) -> list[Field] | None:
    """Return the fields of a GS1 message, or None for another code."""
    message = code
    for written in (*SEPARATORS, separator):
        if written:
            message = message.replace(written, GS)
    if symbology in _GS1_SYMBOLOGIES:
        bracketed = re.match(r"\([0-9]{2,4}\)", message)
        return gs1.read_bracketed(message) if bracketed else gs1.read_message(message)
    if symbology in _RETAIL_SYMBOLOGIES:
        return None
    if re.match(r"\([0-9]{2,4}\)", message):
        return gs1.read_bracketed(message)
    if message.startswith(GS) or (GS in message and re.match("[0-9]{2}", message)):
        return gs1.read_message(message)
    if message.startswith("00") and gs1.is_sscc(message[2:20]):
        return gs1.read_message(message)
    if not re.match(r"0[12][0-9]{14}", message):
        return None
    if gs1.is_gtin(message[2:16]):
        return gs1.read_message(message)
    try:  # This is a message with a misread GTIN, or another code with the same beginning.
        gs1.read_message(message)
    except InvalidCode as refusal:
        if refusal.figures["problem"] == "CHECK_DIGIT" and _reads_on(message[16:]):
            raise
    return None


def _reads_on(rest: str) -> bool:
    """Return whether the text after a GTIN is GS1 too."""
    try:
        gs1.read_message(rest)
    except InvalidCode as refusal:
        return bool(refusal.figures["problem"] == "EMPTY")
    return True


def _from_fields(fields: list[Field], *, symbology: str | None) -> Scan:
    found = {field.ai: field for field in fields}

    def value(ai: str) -> str | None:
        return found[ai].value if ai in found else None

    def day(*ais: str) -> date | None:
        return next((found[ai].date for ai in ais if ai in found), None)

    measure = next((field for field in fields if field.ai[:3] in _MEASURES), None)
    count = value("37") or value("30")
    return Scan(
        text="".join(map(str, fields)),
        form="gs1",
        symbology=symbology,
        gtin=value("01") or value("02"),
        contents="02" in found,
        lot_code=value("10"),
        expires_on=day("17", "7003"),
        best_before=day("15", "16"),
        produced_on=day("11"),
        serial=value("21"),
        count=int(count) if count else None,
        measure=measure.decimal if measure else None,
        measure_unit=_MEASURES[measure.ai[:3]] if measure else None,
        sscc=value("00"),
        fields=tuple(fields),
    )


def _plain(code: str, symbology: str | None) -> Scan:
    if len(code) > MAX_CODE:
        raise InvalidCode(
            message(
                "This code is too long: %(count)s characters. Codes have at most %(max_code)s.",
                count=len(code),
                max_code=MAX_CODE,
            ),
            problem="TOO_LONG",
        )
    try:
        cleaned = validation.validate_text(code, field="raw", max_length=MAX_CODE, required=True)
    except InvalidInput:
        raise InvalidCode(
            message(
                "This code contains a character that cannot be printed. Scan it again; if this"
                " happens again, check the settings of the scanner."
            ),
            problem="CHARACTER",
        ) from None
    assert cleaned is not None
    if gs1.is_gtin(cleaned):
        return Scan(text=cleaned, form="gtin", symbology=symbology, gtin=cleaned.zfill(14))
    digits = cleaned.isascii() and cleaned.isdigit() and cleaned.strip("0") != ""
    if digits and symbology in _RETAIL_SYMBOLOGIES:
        raise gs1.expected_check_digit(cleaned)
    looks_like_gtin = digits and len(cleaned) in (12, 13, 14)
    return Scan(
        text=cleaned,
        form="plain",
        symbology=symbology,
        expected_digit=str(gs1.check_digit(cleaned[:-1])) if looks_like_gtin else None,
    )
