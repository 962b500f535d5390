"""A month of work in the sample warehouse: receipts, QC, reservations, issues."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from inventory.common.quantity import ONE, format_qty
from inventory.db import connection
from inventory.demo.incidents import COMPLAINTS, Incidents
from inventory.demo.reorder_points import review_reorder_points
from inventory.demo.sample_items import SampleItem
from inventory.demo.simulator import Simulator, rough, weighed
from inventory.ledger import DecideQc, Issue, Receive, Request, Reserve, Unreserve
from inventory.models import QcStatus
from inventory.stock import queries as stock
from inventory.stock.entities import Lot, Reservation

#: Minutes of each of the five parts of a shift.
PART = 70
SHIFT = timedelta(minutes=5 * PART + 5)
CANCELLED = ("Job cancelled", "Order changed by the customer", "Postponed to next month")


class Month:
    """The shifts of the month, and the reservations open between them."""

    def __init__(self, desk: Simulator) -> None:
        self.simulator = desk
        self.random = desk.random
        self.incidents = Incidents(desk)
        self.open: dict[int, str] = {}
        self._doubted: set[int | None] = set()

    def seed_opening_stock(self, when: datetime) -> None:
        """Receive the opening stock: older lots, some of which expire soon."""
        self.simulator.start(when, minutes=60)
        goods = list(self.simulator.goods.values())
        receipts = [self._old_lot(sample, self.random.uniform(0.4, 1.2)) for sample in goods]
        receipts += [
            replace(self._old_lot(sample, 0.7), expires_on=self._soon())
            for sample in goods
            if sample.keeps is not None
        ]
        for first in range(0, len(receipts), 200):
            self.simulator.post(receipts[first : first + 200])
        held = [lot for lot in self.simulator.lots() if lot.qc_status == QcStatus.QUARANTINE]
        note = "Approved in the old system"
        self.simulator.post([_decision(lot, QcStatus.APPROVED, note=note) for lot in held])

    def shift(self, start: datetime, number: int) -> None:
        """Post one shift."""
        self.incidents.shift = number
        parts = (self._inspect, self._receive, self._reserve, self._pick, self.incidents.record)
        for index, part in enumerate(parts):
            self.simulator.start(start + timedelta(minutes=index * PART), minutes=PART - 5)
            part()

    def close(self) -> None:
        """Post the QC decisions of the last day, and review the reorder points."""
        for lot in [lot for lot in self.simulator.lots() if self._is_reserved_after_qc(lot)][-3:]:
            self.simulator.post([_decision(lot, QcStatus.QUARANTINE, self._complaint())])
        review_reorder_points(self.simulator)

    def _soon(self) -> date:
        """Return a date in this month or the next."""
        return self.simulator.today + timedelta(days=self.random.randint(12, 50))

    def _old_lot(self, good: SampleItem, share: float) -> Receive:
        received = self.simulator.today - timedelta(days=self.random.randint(20, 70))
        expires_on = None
        if good.keeps is not None:
            ahead = self.random.uniform(0.1, 0.8)
            expires_on = self.simulator.today + timedelta(days=6 + int(good.keeps * ahead))
        amount = rough(int(good.usual * ONE * share), good)
        return Receive(
            item=good.code,
            lot_code=f"L{received:%y%m}-{self.simulator.number('lot'):04d}",
            qty=format_qty(amount),
            expires_on=expires_on,
            supplier_lot=self._supplier_lot(good),
            location=self._location(good),
            reference="STOCK-TAKE",
            note="Taken over from the old system",
        )

    def _receive(self) -> None:
        """Receive purchase orders of one supplier each, mostly of items that run low."""
        free = self.simulator.free(self.simulator.lots())
        for _ in self.simulator.times(5, 9, always=True):
            first = self._runs_low(list(self.simulator.goods.values()), free)
            same = [
                sample
                for sample in self.simulator.goods.values()
                if sample.supplier == first.supplier
            ]
            chosen = {self._runs_low(same, free).code for _ in range(self.random.randint(1, 6))}
            reference = f"PO-{self.simulator.number('po')}"
            goods = [self.simulator.goods[code] for code in sorted(chosen)]
            for sample in goods:
                free[sample.code] += sample.usual * ONE
            self.simulator.post([self._receipt(sample, reference) for sample in goods])

    def _runs_low(self, goods: list[SampleItem], free: dict[str, int]) -> SampleItem:
        some = [self.random.choice(goods) for _ in range(3)]
        return min(some, key=lambda good: free[good.code] / good.usual)

    def _receipt(self, good: SampleItem, reference: str) -> Receive:
        today, amount = self.simulator.today, good.usual * ONE
        expires_on = None
        if good.keeps is not None:
            expires_on = today + timedelta(days=int(good.keeps * self.random.uniform(0.6, 0.95)))
        # material that is cut or weighed never has exactly the ordered quantity
        if good.decimals and good.aisle == "F":
            amount = weighed(int(amount * self.random.uniform(0.96, 1.03)), good)
        elif amount > 20 * ONE and self.simulator.chance(0.3):
            amount = rough(amount // 2, good)
        return Receive(
            item=good.code,
            lot_code=f"L{today:%y%m}-{self.simulator.number('lot'):04d}",
            qty=format_qty(amount),
            expires_on=expires_on,
            supplier_lot=self._supplier_lot(good),
            location=self._location(good),
            reference=reference,
        )

    def _supplier_lot(self, good: SampleItem) -> str:
        return f"{good.supplier}{self.random.randint(10000, 99999)}"

    def _location(self, good: SampleItem) -> str:
        return f"{good.aisle}-{self.random.randint(1, 12):02d}-{self.random.randint(1, 5)}"

    def _inspect(self) -> None:
        requests = []
        for lot in self.simulator.lots():
            if lot.qc_status == QcStatus.QUARANTINE:
                chance = self.random.random()
                if chance < 0.7:
                    again = "Measured again, within tolerance" if lot.id in self._doubted else None
                    requests.append(_decision(lot, QcStatus.APPROVED, again))
                elif chance < 0.76 and not lot.reserved:
                    requests.append(_decision(lot, QcStatus.REJECTED, self._complaint()))
            elif self._is_reserved_after_qc(lot) and self.simulator.chance(0.04):
                self._doubted.add(lot.id)
                requests.append(_decision(lot, QcStatus.QUARANTINE, self._complaint()))
        self.simulator.post(requests)

    def _is_reserved_after_qc(self, lot: Lot) -> bool:
        return lot.qc_status == QcStatus.APPROVED and lot.item.qc_required and lot.reserved > 0

    def _complaint(self) -> str:
        return self.random.choice(COMPLAINTS)

    def _reserve(self) -> None:
        free = self.simulator.free(self.simulator.lots())
        for _ in self.simulator.times(6, 9, always=True):
            filling = self.simulator.chance(0.25)
            codes = [
                code
                for code, amount in free.items()
                if (self.simulator.goods[code].aisle in "GH") == filling
                and amount > self.simulator.goods[code].usual * ONE // 20
            ]
            if not codes:
                continue
            is_order = not filling and self.simulator.chance(0.35)
            reference = (
                f"SO-{self.simulator.number('order')}"
                if is_order
                else f"JOB-{self.simulator.number('job')}"
            )
            lines = min(self.random.randint(2, 5), len(codes))
            wanted = [
                self._reserve_for_job(self.simulator.goods[code], free[code], reference)
                for code in self.random.sample(codes, lines)
            ]
            for operation in self.simulator.post([one for one in wanted if one is not None]):
                for entry in operation.entries:
                    free[entry.item_code] -= entry.qty
                    if entry.reservation_id is not None:
                        self.open[entry.reservation_id] = reference

    def _reserve_for_job(self, good: SampleItem, free: int, reference: str) -> Reserve | None:
        share = self.random.choice((0.05, 0.15, 0.3, 0.6, 1.0))
        qty = min(rough(int(good.usual * ONE * share), good), weighed(free, good))
        if qty <= 0:
            return None
        return Reserve(item=good.code, qty=format_qty(qty), reference=reference)

    def _pick(self) -> None:
        """Issue jobs as a whole, as far as their lots are usable."""
        found = stock.read_reservations(connection(), list(self.open))
        jobs: dict[str, list[Reservation]] = {}
        for reservation in found:
            if reservation.open:
                jobs.setdefault(reservation.reference, []).append(reservation)
        self.open = {one.id or 0: name for name, job in jobs.items() for one in job}
        for job in jobs.values():
            chance = self.random.random()
            # Midnight can pass during a shift, so usable lots are determined for each job.
            usable = [one for one in job if not one.at_risk(self.simulator.today)]
            if chance < 0.3:
                requests = [self._issue(one) for one in usable]
                self.incidents.sold += [one for one in usable if one.reference.startswith("SO")]
                self.simulator.post(requests)
            elif chance < 0.33:
                reason = self.random.choice(CANCELLED)
                self.simulator.post(
                    [Unreserve(reservation_id=one.id or 0, reason=reason) for one in job]
                )

    def _issue(self, reservation: Reservation) -> Request:
        sample, chance = self.simulator.goods[reservation.item.code], self.random.random()
        part = rough(int(reservation.open * self.random.uniform(0.3, 0.8)), sample)
        reserved = reservation.id or 0
        if chance < 0.7 or part == 0:
            return Issue(reservation_id=reserved)
        if chance < 0.9:
            return Issue(reservation_id=reserved, qty=format_qty(part))
        note = "Less was needed than planned"
        return Issue(reservation_id=reserved, qty=format_qty(part), close_remainder=True, note=note)


def _decision(
    lot: Lot, status: str, reason: str | None = None, note: str | None = None
) -> DecideQc:
    return DecideQc(lot_id=lot.id or 0, status=status, reason=reason, note=note)
