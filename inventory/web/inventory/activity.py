"""History as users did it: the ledger's entries folded into operations."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from inventory.stock.entities import Entry

#: The entries that an operation is about; others follow from them: reserved stock that is issued
#: is unreserved first.
_MAIN = {
    "RECEIPT": ("RECEIVE",),
    "RESERVATION": ("RESERVE",),
    "UNRESERVATION": ("UNRESERVE",),
    "EXPIRY": ("UNRESERVE",),
    "ISSUE": ("ISSUE",),
    "SCRAP": ("ISSUE",),
    "SUPPLIER_RETURN": ("ISSUE",),
    "CUSTOMER_RETURN": ("RECEIVE",),
    "COUNT": ("RECEIVE", "ISSUE"),
    "SPLIT": ("RECEIVE",),
}
_ICONS = {
    "RECEIPT": "package-plus",
    "RESERVATION": "bookmark-plus",
    "UNRESERVATION": "bookmark-minus",
    "ISSUE": "package-minus",
    "QC": "shield-check",
    "SCRAP": "trash-2",
    "SUPPLIER_RETURN": "truck",
    "CUSTOMER_RETURN": "undo-2",
    "COUNT": "list-checks",
    "SPLIT": "split",
    "REVERSAL": "history",
    "EXPIRY": "calendar-x",
    "IMPORT": "upload",
}


@dataclass(frozen=True)
class Activity:
    """One operation, as a line of a history."""

    operation_id: int
    kind: str
    icon: str
    timestamp: datetime
    user_name: str
    reference: str | None
    #: Codes of the items and lots of its entries, each once.
    items: tuple[str, ...]
    lots: tuple[tuple[int, str], ...]
    #: "+" or "−" if the stock changed.
    sign: str
    #: In 10^-6 units; None if the entries have several items.
    qty: int | None
    unit: str


def fold(entries: Iterable[Entry], *, is_cut: bool = False) -> list[Activity]:
    """Return the operations of entries that are sorted by time, either way.

    Args:
        is_cut: the entries are a part of a longer list. The last operation is then left out unless
            it is the only one, because entries of it may be missing.
    """
    groups = [list(group) for _, group in itertools.groupby(entries, lambda one: one.operation_id)]
    if is_cut and len(groups) > 1:
        groups.pop()
    return [_activity(group) for group in groups]


def _activity(entries: list[Entry]) -> Activity:
    first = entries[0]
    main = [one for one in entries if one.txn_type in _MAIN.get(first.kind, ())] or entries
    items = tuple(dict.fromkeys(one.item_code for one in main))
    changes = {one.txn_type for one in main}
    is_clear = len(items) == 1 and len(changes) == 1
    return Activity(
        operation_id=first.operation_id,
        kind=first.kind,
        icon=_ICONS[first.kind],
        timestamp=first.timestamp,
        user_name=first.user_name,
        reference=next((one.reference for one in entries if one.reference), None),
        items=items,
        lots=tuple(dict.fromkeys((one.lot_id, one.lot_code) for one in main)),
        sign={"RECEIVE": "+", "ISSUE": "−"}.get(main[0].txn_type, "") if is_clear else "",
        qty=sum(one.qty for one in main) if is_clear else None,
        unit=first.unit,
    )
