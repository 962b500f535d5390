"""Incidents of the sample data: damage, counts, returns, mistakes, reversals."""

from __future__ import annotations

from inventory.common.quantity import ONE, format_qty
from inventory.db import connection
from inventory.demo.simulator import Simulator, rough, weighed
from inventory.ledger import Count, Issue, LotQuantity, Receive, RemoveStock, Reverse, Split
from inventory.models import Kind, QcStatus
from inventory.stock import queries as stock
from inventory.stock.entities import Lot, Reservation

TAKERS = ("MAINTENANCE", "PROTOTYPE-SHOP", "LINE-2", "SERVICE-VAN")
DAMAGE = ("Dented in the aisle", "Dropped while picking", "Packaging torn", "Got wet")
COMPLAINTS = ("Certificate missing", "Out of tolerance", "Packaging damaged", "Wrong grade")
RETURNS = ("Too many delivered", "Ordered by mistake", "Does not fit")
MISTAKES = ("Wrong item picked", "Booked twice", "Typed the wrong quantity")


class Incidents:
    """Posts the incidents of a shift."""

    def __init__(self, desk: Simulator) -> None:
        self.simulator = desk
        self.random = desk.random
        self.shift = 0
        #: Reservations of shipped orders, which customers can return.
        self.sold: list[Reservation] = []
        self._children: dict[str, int] = {}
        self._lots: list[Lot] = []

    def record(self) -> None:
        """Post the incidents of one shift.

        The lots are loaded once, because each lot is used at most once.
        """
        self._lots = self.simulator.lots()
        for _ in self.simulator.times(2, 4):
            self._take()
        for _ in self.simulator.times(1, 4):
            self._count()
        for _ in self.simulator.times(0, 2):
            self._scrap()
        for _ in self.simulator.times(0, 2):
            self._split()
        if self.sold and self.simulator.chance(0.5):
            self._return_from_customer()
        if self.shift % 4 == 2:
            self._mistake()
        self._return_to_supplier()
        self._discard_expired()

    def _some_lot(self, *, free: bool = False) -> Lot | None:
        """Return a random lot with available stock and remove it from the list."""
        today = self.simulator.today
        found = [
            index
            for index, lot in enumerate(self._lots)
            if lot.available > 4 * ONE and (not free or lot.free(today))
        ]
        return self._lots.pop(self.random.choice(found)) if found else None

    def _few(self, lot: Lot, limit: float = 0.08) -> int:
        sample = self.simulator.goods[lot.item.code]
        share = rough(int(lot.available * self.random.uniform(0.01, limit)), sample)
        return share or ONE // 10**sample.decimals

    def _take(self) -> int | None:
        """Issue a few pieces without a reservation; returns the operation's id."""
        lot = self._some_lot(free=True)
        if lot is None:
            return None
        parts = [LotQuantity(lot_id=lot.id or 0, qty=format_qty(self._few(lot)))]
        reference = self.random.choice(TAKERS)
        made = self.simulator.post([Issue(item=lot.item.code, lots=parts, reference=reference)])
        return made[0].id

    def _mistake(self) -> None:
        taken = self._take()
        if taken is not None:
            reason = self.random.choice(MISTAKES)
            self.simulator.post([Reverse(operation_id=taken, reason=reason)])

    def _count(self) -> None:
        """Count a lot: mostly without a difference, otherwise with a small one."""
        lot = self._some_lot()
        if lot is None:
            return
        sample = self.simulator.goods[lot.item.code]
        off = self.random.choice((0, 0, 0, -3, -2, -1, -1, 1, 2))
        step = max(ONE // 10**sample.decimals, weighed(lot.on_hand // 400, sample))
        counted = lot.on_hand + off * step
        if counted < lot.reserved:
            counted = lot.on_hand
        reason = "Cycle count"
        self.simulator.post(
            [
                Count(
                    lot_id=lot.id or 0,
                    counted=format_qty(counted),
                    lot_seq=lot.lot_seq,
                    reason=reason,
                )
            ]
        )

    def _scrap(self) -> None:
        if lot := self._some_lot():
            self._take_out(lot, self._few(lot, 0.03), self.random.choice(DAMAGE), Kind.SCRAP)

    def _take_out(self, lot: Lot, qty: int, reason: str, kind: Kind) -> None:
        request = RemoveStock(lot_id=lot.id or 0, qty=format_qty(qty), reason=reason, kind=kind)
        self.simulator.post([request])

    def _split(self) -> None:
        """Split part of a lot off and move it to another location."""
        lot = self._some_lot()
        if lot is None or "-" in lot.lot_code.partition("-")[2]:
            return
        qty = rough(
            lot.available // self.random.choice((2, 3, 4)), self.simulator.goods[lot.item.code]
        )
        number = self._children.get(lot.lot_code, 0)
        self._children[lot.lot_code] = number + 1
        self.simulator.post(
            [
                Split(
                    lot_id=lot.id or 0,
                    qty=format_qty(qty),
                    lot_code=f"{lot.lot_code}-{chr(ord('A') + number % 26)}",
                    location=f"LINE-{self.random.randint(1, 4)}",
                    reason="Moved to the line",
                )
            ]
        )

    def _return_from_customer(self) -> None:
        sold = self.sold.pop(self.random.randrange(len(self.sold)))
        sample = self.simulator.goods[sold.item.code]
        [issued] = stock.read_reservations(connection(), [sold.id or 0])
        line = max(issued.lines, key=lambda line: line.issued)
        few = min(line.issued, rough(line.issued // 5, sample) or ONE // 10**sample.decimals)
        if not few:
            return
        self.simulator.post(
            [
                Receive(
                    item=sample.code,
                    lot_code=line.lot.lot_code,
                    qty=format_qty(few),
                    location="RETURNS-1",
                    reason=self.random.choice(RETURNS),
                    reference=sold.reference,
                    kind=Kind.CUSTOMER_RETURN,
                )
            ]
        )

    def _return_to_supplier(self) -> None:
        """Return faulty pieces, and sometimes a whole rejected lot, to the supplier."""
        for _ in self.simulator.times(0, 1):
            if faulty := self._some_lot():
                reason = self.random.choice(COMPLAINTS)
                self._take_out(faulty, self._few(faulty), reason, Kind.SUPPLIER_RETURN)
        for lot in self._lots:
            if lot.qc_status == QcStatus.REJECTED and lot.available and self.simulator.chance(0.15):
                reason = "Rejected at receipt"
                self._take_out(lot, lot.available, reason, Kind.SUPPLIER_RETURN)

    def _discard_expired(self) -> None:
        for lot in self._lots:
            gone = lot.expired(self.simulator.today) and lot.qc_status != QcStatus.REJECTED
            if gone and lot.available and self.simulator.chance(0.02):
                self._take_out(lot, lot.available, "Expired", Kind.SCRAP)
