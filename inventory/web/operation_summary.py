"""One sentence about an operation, for toasts and lists."""

from __future__ import annotations

from typing import Any

from inventory.common.quantity import format_qty
from inventory.stock.entities import Operation

WORDS = {
    "RECEIPT": "Receipt",
    "RESERVATION": "Reservation",
    "UNRESERVATION": "Given back",
    "ISSUE": "Issue",
    "QC": "QC decision",
    "SCRAP": "Scrap",
    "SUPPLIER_RETURN": "Supplier return",
    "CUSTOMER_RETURN": "Customer return",
    "COUNT": "Count",
    "SPLIT": "Split",
    "REVERSAL": "Reversal",
    "EXPIRY": "Expiry",
    "IMPORT": "Import",
}
TXN_ICONS = {
    "RECEIVE": "package-plus",
    "RESERVE": "bookmark-plus",
    "UNRESERVE": "bookmark-minus",
    "ISSUE": "package-minus",
}
_SENTENCES = {
    "RECEIPT": ("RECEIVE", "Received {qty} {unit} of {item} into {lots}"),
    "RESERVATION": ("RESERVE", "Reserved {qty} {unit} of {item} for {reference}, in {lots}"),
    "UNRESERVATION": (
        "UNRESERVE",
        "Gave back {qty} {unit} of {item} that were reserved for {reference}",
    ),
    "ISSUE": ("ISSUE", "Issued {qty} {unit} of {item} from {lots}{to}"),
    "SCRAP": ("ISSUE", "Scrapped {qty} {unit} of {item} from {lots}"),
    "SUPPLIER_RETURN": ("ISSUE", "Sent {qty} {unit} of {item} from {lots} back to the supplier"),
    "CUSTOMER_RETURN": ("RECEIVE", "Took {qty} {unit} of {item} back into {lots}"),
    "SPLIT": ("RECEIVE", "Split {qty} {unit} of {item} off into {lots}"),
}


def describe_operation(operation: Operation, shown: dict[str, Any]) -> str:
    """Return one sentence about an operation."""
    if operation.kind == "REVERSAL":
        return f"Operation {operation.reverses_id} is undone."
    lot = shown.get("lot")
    if operation.kind == "QC" and lot:
        status = f"{lot['lot_code']} is {_STATUS[lot['qc_status']]}."
        return " ".join([status, *settlement_sentences(shown)])
    if operation.kind == "COUNT" and lot:
        moved = any(entry.txn_type in ("RECEIVE", "ISSUE") for entry in operation.entries)
        was = "set right" if moved else "as the ledger says"
        unit = operation.entries[0].unit if operation.entries else ""
        on_hand = f"{lot['on_hand']} {unit}".rstrip()
        return f"{lot['lot_code']} counted and {was}: {on_hand} on hand."
    txn_type, words = _SENTENCES[operation.kind]
    warnings = [warning["detail"] for warning in shown.get("warnings", [])]
    moved_entries = [entry for entry in operation.entries if entry.txn_type == txn_type]
    return words.format(
        qty=format_qty(sum(entry.qty for entry in moved_entries)),
        item=moved_entries[0].item_code,
        unit=moved_entries[0].unit,
        lots=" and ".join(dict.fromkeys(entry.lot_code for entry in moved_entries)),
        reference=operation.reference,
        to=_issued_to(operation, shown),
    ) + " ".join([".", *warnings])


def _issued_to(operation: Operation, shown: dict[str, Any]) -> str:
    if not operation.reference:
        return ""
    of_reserved = ", of what was reserved" if shown.get("from_reserved") else ""
    return f" for {operation.reference}{of_reserved}"


_STATUS = {"APPROVED": "approved", "QUARANTINE": "back in quarantine", "REJECTED": "rejected"}

_SETTLED = {
    "moved": "Moved to other lots",
    "unreserved": "Unreserved",
    "kept": "Still reserved there, at risk",
}
#: A sentence names at most this many reservations.
_MAX_NAMED = 3


def settlement_sentences(shown: dict[str, Any]) -> list[str]:
    """Describe what a QC decision did with reservations: moved, unreserved or kept."""
    settlement = shown.get("settlement") or {}
    return [
        f"{words}: {_named(settlement[name], to=name == 'moved')}."
        for name, words in _SETTLED.items()
        if settlement.get(name)
    ]


def _named(settled: list[dict[str, Any]], *, to: bool) -> str:
    named = [
        f"{one['reference']} {one['qty']} {one['unit']}"
        + (f" to {' and '.join(lot['lot_code'] for lot in one['lots'])}" if to else "")
        for one in settled[:_MAX_NAMED]
    ]
    more = len(settled) - _MAX_NAMED
    return ", ".join(named) + (f" and {more} more" if more > 0 else "")
