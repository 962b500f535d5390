"""Reports as tables of text: heads and rows, for files and for the command line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from inventory.csv_files import Row
from inventory.figures import utc
from inventory.quantity import format_qty
from inventory.recall import Recall


@dataclass(frozen=True, slots=True)
class Report:
    heads: Row
    rows: Iterable[Row]


def recall_report(found: Recall) -> Report:
    """Everything that a recall has to know of a lot: who has it, who waits for it, what is here."""
    heads = (
        "what", "reference", "item", "lot", "qty", "unit", "operation", "kind", "time", "user",
        "state",
    )  # fmt: skip
    return Report(heads, _recall_rows(found))


def _recall_rows(found: Recall) -> Iterator[Row]:
    item, unit = found.lot.item.code, found.lot.item.unit
    for one in found.movements:
        what = "went out" if one.qty > 0 else "came in"
        state = "" if one.counts else "undone" if one.undone_by else "undoing"
        yield (
            what, one.reference or "", item, one.lot_code, format_qty(abs(one.qty)), unit,
            str(one.operation_id), one.kind, utc(one.at), one.user_name, state,
        )  # fmt: skip
    for holder, lot, qty in found.reserved:
        since = utc(holder.created_at)
        yield (
            "reserved", holder.reference, item, lot.lot_code, format_qty(qty), unit, "", "", since,
            "", lot.qc_status,
        )  # fmt: skip
    for member in found.family:
        lot = member.lot
        yield (
            "on hand", "", item, lot.lot_code, format_qty(lot.on_hand), unit, "", "",
            utc(lot.received_at), "", lot.qc_status,
        )  # fmt: skip
