"""Recall: the movements of a lot and its descendants, and holds.

The lot and every lot split off it are one family: what was issued from any of them can have to come
back. Everything is read from the ledger.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.common.errors import NotFound
from inventory.common.messages import message
from inventory.models import Kind, QcDecision, QcStatus, TxnType, table
from inventory.stock import genealogy
from inventory.stock import queries as stock
from inventory.stock.entities import Lot, Reservation
from inventory.stock.statements import ledger, lots, operations, users

decisions = table(QcDecision)

#: The most movements that the page shows; the file has all.
MAX_SHOWN = 500


@dataclass(frozen=True, slots=True)
class Movement:
    """Stock that left the family or came into it, by one operation and lot.

    `qty` is in 10^-6 units, positive for an issue and negative for a receipt. `is_effective` is
    False if the operation was reversed or is itself a reversal.
    """

    operation_id: int
    kind: str
    reference: str | None
    lot_id: int
    lot_code: str
    qty: int
    user_name: str
    at: datetime
    undone_by: int | None
    is_effective: bool


@dataclass(frozen=True, slots=True)
class ShipmentSummary:
    """What one reference got of the family, and what it returned."""

    reference: str
    issued: int
    returned: int
    first: datetime
    last: datetime

    @property
    def out(self) -> int:
        """Return issued minus returned."""
        return self.issued - self.returned


@dataclass(frozen=True, slots=True)
class FamilyLot:
    """A lot of the family; `depth` is the number of splits from the recalled lot."""

    lot: Lot
    depth: int


@dataclass(frozen=True, slots=True)
class Recall:
    """A lot with its parents and family, and the family's movements."""

    lot: Lot
    parents: tuple[Lot, ...]
    family: tuple[FamilyLot, ...]
    movements: tuple[Movement, ...]
    reserved: tuple[tuple[Reservation, Lot, int], ...]

    @property
    def on_hand(self) -> int:
        """Return the family's stock on hand."""
        return sum(member.lot.on_hand for member in self.family)

    @property
    def usable(self) -> tuple[Lot, ...]:
        """Return the lots that a hold of the family would put in quarantine."""
        return lots_to_hold(self.lot, [member.lot for member in self.family])

    @property
    def destinations(self) -> list[ShipmentSummary]:
        """Return every reference that got stock, the largest quantity first."""
        found: dict[str, ShipmentSummary] = {}
        for movement in reversed(self.movements):
            if movement.is_effective and movement.kind in (Kind.ISSUE, Kind.CUSTOMER_RETURN):
                name = movement.reference or ""
                new = ShipmentSummary(
                    name, max(movement.qty, 0), max(-movement.qty, 0), movement.at, movement.at
                )
                found[name] = _joined(found[name], new) if name in found else new
        return sorted(found.values(), key=lambda one: (-one.out, one.reference))

    @property
    def came_in(self) -> int:
        """Return what was received, or split off a parent outside the family."""
        return -self._sum(*_IN)

    @property
    def issued(self) -> int:
        """Return what references got minus what they returned."""
        return self._sum(Kind.ISSUE, Kind.CUSTOMER_RETURN)

    @property
    def taken_out(self) -> int:
        """Return what was scrapped or returned to the supplier."""
        return self._sum(Kind.SCRAP, Kind.SUPPLIER_RETURN, Kind.EXPIRY)

    @property
    def counted_off(self) -> int:
        """Return what counts removed minus what they added."""
        return self._sum(Kind.COUNT)

    def _sum(self, *kinds: Kind) -> int:
        return sum(
            movement.qty
            for movement in self.movements
            if movement.is_effective and movement.kind in kinds
        )


_IN = (Kind.RECEIPT, Kind.IMPORT, Kind.SPLIT)


def lots_to_hold(lot: Lot, family: Iterable[Lot]) -> tuple[Lot, ...]:
    """Return the lots that a hold puts in quarantine.

    These are the approved ones of the lot itself and of its descendants with stock on hand.
    """
    return tuple(
        one
        for one in family
        if one.qc_status == QcStatus.APPROVED and (one.on_hand > 0 or one.id == lot.id)
    )


def _joined(one: ShipmentSummary, later: ShipmentSummary) -> ShipmentSummary:
    return ShipmentSummary(
        one.reference,
        one.issued + later.issued,
        one.returned + later.returned,
        min(one.first, later.first),
        max(one.last, later.last),
    )


def recall(conn: Connection, lot_id: int) -> Recall:
    """Return the recall of one lot.

    Raises:
        NotFound: unknown lot.
    """
    lot = stock.get_lot(conn, lot_id)
    depths = genealogy.get_descendants(conn, lot_id)
    by_id = {one.id: one for one in stock.read_lots(conn, depths)}
    above = genealogy.get_ancestors(conn, lot_id)
    parents = {one.id: one for one in stock.read_lots(conn, above)}
    family = tuple(FamilyLot(by_id[id], depth) for id, depth in depths.items() if id in by_id)
    return Recall(
        lot,
        tuple(parents[id] for id in above if id in parents),
        family,
        tuple(_movements(conn, list(depths))),
        tuple(_reserved(conn, [member.lot for member in family])),
    )


def find_lot(conn: Connection, lot_code: str, item: str) -> Lot:
    """Return the lot of an item by its code.

    Raises:
        NotFound: unknown item or lot.
    """
    found = stock.find_lot(conn, stock.get_item(conn, item).id, lot_code)
    if found is None:
        raise NotFound(
            message("There is no lot %(lot_code)s of %(item)s.", lot_code=lot_code, item=item),
            item=item,
            lot_code=lot_code,
        )
    return found


def _reserved(conn: Connection, family: Sequence[Lot]) -> Iterable[tuple[Reservation, Lot, int]]:
    for lot in family:
        if lot.reserved and lot.id is not None:
            ids = stock.open_reservation_ids(conn, lot_id=lot.id)
            held = stock.open_qty_by_reservation(conn, lot.id, ids)
            for reservation in stock.read_reservations(conn, ids):
                yield reservation, lot, held[reservation.id or 0]


def _movements(conn: Connection, family: Sequence[int]) -> Iterable[Movement]:
    """Yield the movements, newest first, without splits within the family."""
    rows = conn.execute(_MOVED, {"ids": family}).all()
    undone_by = {row.operation_id: row.undone_by for row in rows}
    splits: Counter[int] = Counter()
    for row in rows:
        if Kind.SPLIT in (row.kind, row.undoes_kind):
            splits[row.operation_id] += row.qty
    for row in rows:
        if splits.get(row.operation_id) == 0:
            continue
        stands = _is_effective(row.operation_id, undone_by) and row.kind != Kind.REVERSAL
        fields = {name: row._mapping[name] for name in _FIELDS}
        yield Movement(**fields, is_effective=stands)


def _is_effective(operation_id: int, undone_by: dict[int, int | None]) -> bool:
    """Return whether the operation is in effect; a reversal can be reversed itself."""
    undoing = undone_by.get(operation_id)
    return undoing is None or not _is_effective(undoing, undone_by)


def _moved() -> sa.Select[Any]:
    undoing, undone = operations.alias("undoing"), operations.alias("undone")
    came_in = ledger.c.txn_type == TxnType.RECEIVE.value
    return (
        sa.select(
            ledger.c.operation_id,
            operations.c.kind,
            operations.c.reference,
            ledger.c.lot_id,
            lots.c.lot_code,
            sa.case((came_in, -ledger.c.qty), else_=ledger.c.qty).label("qty"),
            users.c.name.label("user_name"),
            ledger.c.timestamp.label("at"),
            undoing.c.id.label("undone_by"),
            undone.c.kind.label("undoes_kind"),
        )
        .join(operations, operations.c.id == ledger.c.operation_id)
        .join(lots, lots.c.id == ledger.c.lot_id)
        .join(users, users.c.id == operations.c.user_id)
        .join(undoing, undoing.c.reverses_id == operations.c.id, isouter=True)
        .join(undone, undone.c.id == operations.c.reverses_id, isouter=True)
        .where(
            ledger.c.lot_id.in_(sa.bindparam("ids", expanding=True)),
            ledger.c.txn_type.in_([TxnType.RECEIVE.value, TxnType.ISSUE.value]),
        )
        .order_by(ledger.c.id.desc())
    )


_MOVED = _moved()
_FIELDS = [name for name in Movement.__dataclass_fields__ if name != "is_effective"]


# --- holds ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LotQcDecision:
    """The QC decision of one operation on one lot."""

    lot_id: int
    lot_code: str
    from_status: str | None
    to_status: str
    #: Whether no later decision on the lot exists.
    is_last: bool


def decisions_of(conn: Connection, operation_id: int) -> list[LotQcDecision]:
    """Return the QC decisions of one operation, ordered by lot code."""
    later = decisions.alias("later")
    is_last = ~sa.exists().where(
        later.c.lot_id == decisions.c.lot_id, later.c.decision_seq > decisions.c.decision_seq
    )
    rows = conn.execute(
        sa.select(
            decisions.c.lot_id,
            lots.c.lot_code,
            decisions.c.from_status,
            decisions.c.to_status,
            is_last.label("is_last"),
        )
        .join(lots, lots.c.id == decisions.c.lot_id)
        .where(decisions.c.operation_id == operation_id)
        .order_by(lots.c.lot_code)
    )
    return [LotQcDecision(**row._mapping) for row in rows]


def is_hold(decided: Sequence[LotQcDecision]) -> bool:
    """Return whether the operation only put approved lots in quarantine."""
    return bool(decided) and all(
        (one.from_status, one.to_status) == (QcStatus.APPROVED, QcStatus.QUARANTINE)
        for one in decided
    )
