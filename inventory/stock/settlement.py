"""What a QC decision did with reservations: moved, unreserved or kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.common.quantity import format_qty
from inventory.models import TxnType
from inventory.stock import queries as stock
from inventory.stock.entities import Lot, Reservation
from inventory.stock.statements import ledger


@dataclass(frozen=True, slots=True, eq=False)
class Share:
    """A quantity of one reservation in one lot, in 10^-6 units."""

    reservation: Reservation
    lot: Lot
    qty: int


@dataclass(slots=True, eq=False)
class Settlement:
    """The reservations that a QC decision moved, unreserved or kept."""

    #: The lot is the one that the quantity was moved to.
    moved: list[Share] = field(default_factory=list)
    #: The lot is the one that the quantity was unreserved in.
    unreserved: list[Share] = field(default_factory=list)
    #: The quantity is still reserved in a lot that cannot be issued from: at risk.
    kept: list[Share] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return the three lists, ready for JSON, grouped by reservation."""
        return {
            "moved": _by_reservation(self.moved),
            "unreserved": _by_reservation(self.unreserved),
            "kept": _by_reservation(self.kept),
        }


def _by_reservation(shares: Iterable[Share]) -> list[dict[str, Any]]:
    grouped: dict[Reservation, list[Share]] = {}
    for share in shares:
        grouped.setdefault(share.reservation, []).append(share)
    return [
        {
            "reservation_id": reservation.id,
            "reference": reservation.reference,
            "qty": format_qty(sum(share.qty for share in its)),
            "unit": reservation.item.unit,
            "lots": [
                {
                    "lot_id": share.lot.id,
                    "lot_code": share.lot.lot_code,
                    "qty": format_qty(share.qty),
                }
                for share in its
            ],
        }
        for reservation, its in grouped.items()
    ]


def settled_by(conn: Connection, operation_id: int, *, on_hold: Iterable[int] = ()) -> Settlement:
    """Return what the QC decisions of one operation did with reservations.

    Args:
        on_hold: the lots that the operation put on hold; what they held afterward was kept.
    """
    moved = _sums(conn, TxnType.RESERVE, operation_id)
    rest = Counter(_sums(conn, TxnType.UNRESERVE, operation_id))
    of_reservation = Counter[int]()
    for (reservation_id, _), qty in moved.items():
        of_reservation[reservation_id] += qty
    for key in rest:
        rest[key] -= of_reservation[key[0]]
    kept = _kept(conn, operation_id, sorted(on_hold))
    found = [moved, {key: qty for key, qty in rest.items() if qty > 0}, kept]
    reservation_ids = {id for sums in found for id, _ in sums}
    reservations = {
        reservation.id: reservation
        for reservation in stock.read_reservations(conn, reservation_ids)
    }
    lots = {lot.id: lot for lot in stock.read_lots(conn, {id for sums in found for _, id in sums})}
    return Settlement(
        *(
            [Share(reservations[one], lots[lot], qty) for (one, lot), qty in sums.items()]
            for sums in found
        )
    )


_Sums = dict[tuple[int, int], int]
_LINE = (ledger.c.reservation_id, ledger.c.lot_id)


def _sums(conn: Connection, txn_type: TxnType, operation_id: int) -> _Sums:
    """Return what one operation reserved or unreserved, by reservation and lot."""
    chosen = (
        sa.select(*_LINE, sa.func.sum(ledger.c.qty).label("qty"))
        .where(
            ledger.c.operation_id == operation_id,
            ledger.c.txn_type == txn_type.value,
            ledger.c.reservation_id.is_not(None),
        )
        .group_by(*_LINE)
        .order_by(sa.func.min(ledger.c.id))
    )
    return {(row.reservation_id, row.lot_id): int(row.qty) for row in conn.execute(chosen)}


def _kept(conn: Connection, operation_id: int, on_hold: list[int]) -> _Sums:
    """Return what reservations held in the lots right after the operation.

    Within a lot later operations have larger ids, because ids are allocated under its lock.
    """
    if not on_hold:
        return {}
    sign = sa.case((ledger.c.txn_type == TxnType.RESERVE.value, 1), else_=-1)
    held = sa.func.sum(sign * ledger.c.qty)
    chosen = (
        sa.select(*_LINE, held.label("qty"))
        .where(
            ledger.c.lot_id.in_(on_hold),
            ledger.c.operation_id <= operation_id,
            ledger.c.txn_type.in_([TxnType.RESERVE.value, TxnType.UNRESERVE.value]),
        )
        .group_by(*_LINE)
        .having(held > 0)
        .order_by(*_LINE)
    )
    return {(row.reservation_id, row.lot_id): int(row.qty) for row in conn.execute(chosen)}
