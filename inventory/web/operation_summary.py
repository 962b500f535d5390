"""One sentence about an operation, for toasts and lists."""

from __future__ import annotations

from typing import Any

from inventory.http.languages import format_quantity, lazy_pgettext
from inventory.http.languages import gettext as _
from inventory.http.languages import lazy_gettext as _l
from inventory.stock.entities import Operation

WORDS = {
    "RECEIPT": _l("Receipt"),
    "RESERVATION": _l("Reservation"),
    "UNRESERVATION": _l("Unreservation"),
    "ISSUE": lazy_pgettext("kind of operation", "Issue"),
    "QC": _l("QC decision"),
    "SCRAP": lazy_pgettext("kind of operation", "Scrap"),
    "SUPPLIER_RETURN": _l("Supplier return"),
    "CUSTOMER_RETURN": _l("Customer return"),
    "COUNT": lazy_pgettext("kind of operation", "Count"),
    "SPLIT": lazy_pgettext("kind of operation", "Split"),
    "REVERSAL": _l("Reversal"),
    "EXPIRY": _l("Reservation expired"),
    "IMPORT": lazy_pgettext("kind of operation", "Import"),
}
TXN_ICONS = {
    "RECEIVE": "package-plus",
    "RESERVE": "bookmark-plus",
    "UNRESERVE": "bookmark-minus",
    "ISSUE": "package-minus",
}
#: Transaction type of the entries that a sentence is about, and the sentence.
_SENTENCES = {
    "RECEIPT": ("RECEIVE", _l("Received %(qty)s of %(item)s into %(lots)s.")),
    "RESERVATION": (
        "RESERVE",
        _l("Reserved %(qty)s of %(item)s for %(reference)s in %(lots)s."),
    ),
    "UNRESERVATION": (
        "UNRESERVE",
        _l("Unreserved %(qty)s of %(item)s for %(reference)s."),
    ),
    "ISSUE": ("ISSUE", _l("Issued %(qty)s of %(item)s from %(lots)s.")),
    "SCRAP": ("ISSUE", _l("Scrapped %(qty)s of %(item)s from %(lots)s.")),
    "SUPPLIER_RETURN": (
        "ISSUE",
        _l("Returned %(qty)s of %(item)s from %(lots)s to the supplier."),
    ),
    "CUSTOMER_RETURN": (
        "RECEIVE",
        _l("Returned %(qty)s of %(item)s to stock in %(lots)s."),
    ),
    "SPLIT": ("RECEIVE", _l("Split %(qty)s of %(item)s into %(lots)s.")),
}
_ISSUED_FOR = _l("Issued %(qty)s of %(item)s from %(lots)s for %(reference)s.")
_ISSUED_RESERVED = _l("Issued %(qty)s of %(item)s from %(lots)s, reserved for %(reference)s.")


def describe_operation(operation: Operation, shown: dict[str, Any]) -> str:
    """Return one sentence about an operation."""
    if operation.kind == "REVERSAL":
        return _("Operation %(id)s was reversed.", id=operation.reverses_id)
    lot = shown.get("lot")
    if operation.kind == "QC" and lot:
        status = _STATUS[lot["qc_status"]] % {"lot": lot["lot_code"]}
        return " ".join([status, *settlement_sentences(shown)])
    if operation.kind == "COUNT" and lot:
        return _describe_count(operation, lot)
    txn_type, sentence = _SENTENCES[operation.kind]
    if operation.kind == "ISSUE" and operation.reference:
        sentence = _ISSUED_RESERVED if shown.get("from_reserved") else _ISSUED_FOR
    moved = [entry for entry in operation.entries if entry.txn_type == txn_type]
    done = sentence % {
        "qty": format_quantity(sum(entry.qty for entry in moved), moved[0].unit),
        "item": moved[0].item_code,
        "lots": ", ".join(dict.fromkeys(entry.lot_code for entry in moved)),
        "reference": operation.reference,
    }
    return " ".join([done, *map(_warning, shown.get("warnings", []))])


def _warning(warning: dict[str, Any]) -> str:
    """Return a warning of an outcome; its detail is in English."""
    texts = {"EXPIRED": _("The lot has expired: it is on hold.")}
    return texts.get(warning["code"], warning["detail"])


def _describe_count(operation: Operation, lot: dict[str, Any]) -> str:
    unit = operation.entries[0].unit if operation.entries else ""
    names = {"lot": lot["lot_code"], "on_hand": format_quantity(lot["on_hand"], unit)}
    if any(entry.txn_type in ("RECEIVE", "ISSUE") for entry in operation.entries):
        return _("Counted %(lot)s: adjusted to %(on_hand)s on hand.", **names)
    return _("Counted %(lot)s: %(on_hand)s on hand, no difference.", **names)


_STATUS = {
    "APPROVED": _l("Lot %(lot)s is approved."),
    "QUARANTINE": _l("Lot %(lot)s is in quarantine."),
    "REJECTED": _l("Lot %(lot)s is rejected."),
}

_SETTLED = {
    "moved": _l("Moved to other lots: %(reservations)s."),
    "unreserved": _l("Unreserved: %(reservations)s."),
    "kept": _l("Still reserved, at risk: %(reservations)s."),
}
#: A sentence names at most this many reservations.
_MAX_NAMED = 3


def settlement_sentences(shown: dict[str, Any]) -> list[str]:
    """Describe what a QC decision did with reservations: moved, unreserved or kept."""
    settlement = shown.get("settlement") or {}
    return [
        sentence % {"reservations": _named(settlement[name], to=name == "moved")}
        for name, sentence in _SETTLED.items()
        if settlement.get(name)
    ]


def _named(settled: list[dict[str, Any]], *, to: bool) -> str:
    return first_named([_reservation(one, to=to) for one in settled])


def _reservation(settled: dict[str, Any], *, to: bool) -> str:
    qty = format_quantity(settled["qty"], settled["unit"])
    if not to:
        return f"{settled['reference']} {qty}"
    lots = ", ".join(lot["lot_code"] for lot in settled["lots"])
    return _(
        "%(reference)s %(qty)s to %(lots)s", reference=settled["reference"], qty=qty, lots=lots
    )


def first_named(names: list[str]) -> str:
    """Return the first names as a list, and how many more there are."""
    named = ", ".join(names[:_MAX_NAMED])
    if len(names) <= _MAX_NAMED:
        return named
    return _("%(names)s and %(count)s more", names=named, count=len(names) - _MAX_NAMED)
