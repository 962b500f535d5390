"""A month of work in the demo's warehouse, day by day, through the ledger itself."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from inventory import clock, ledger, stock
from inventory.db import connection
from inventory.demo.goods import Good
from inventory.figures import Lot, Reservation
from inventory.ledger import (
    Count,
    Decide,
    Issue,
    Part,
    Receive,
    Request,
    Reserve,
    Reverse,
    Split,
    TakeOut,
    Unreserve,
)
from inventory.models import Kind
from inventory.quantity import ONE, format_qty

PICKERS = ("Assembly", "Maintenance", "Filling line 2", "Prototype shop")
DAMAGE = ("Dented in transport", "Dropped", "Seal broken", "Water damage")
COMPLAINTS = ("Surface scratched", "Wrong certificate", "Measured out of tolerance")


class Month:
    """Keeps what people would keep in their heads: open jobs, and what to count next."""

    def __init__(self, goods: list[Good], user_id: int, seed: int, scale: float) -> None:
        self.goods = {good.code: good for good in goods}
        self.user_id = user_id
        self.random = random.Random(seed)
        self.scale = scale
        self.open: list[int] = []
        self.numbers = {"key": 0, "lot": 240, "job": 4700, "order": 1200, "po": 880}
        self.operations = 0

    def day(self, moment: datetime) -> None:
        """One working day that starts at this moment."""
        steps = (self._receive, self._inspect, self._reserve, self._issue, self._odds_and_ends)
        for hour, step in enumerate(steps):
            with clock.at(moment + timedelta(hours=hour, minutes=self.random.randint(0, 50))):
                step()

    def post(self, requests: list[Request]) -> list[ledger.Posting]:
        if not requests:
            return []
        posting = ledger.post(requests, user_id=self.user_id, key=f"demo-{self.next('key')}")
        self.operations += len(posting.operations)
        for shown in posting.shown:
            for reservation in shown["reservations"]:
                if reservation["id"] not in self.open:
                    self.open.append(reservation["id"])
        return [posting]

    def next(self, what: str) -> int:
        self.numbers[what] += 1
        return self.numbers[what]

    def some(self, least: int, most: int) -> range:
        return range(max(1, round(self.random.randint(least, most) * self.scale)))

    def qty(self, good: Good, amount: float) -> str:
        """An amount that this good comes in: whole pieces, or its own decimals."""
        steps = 10 ** min(good.decimals, 2)
        return format_qty(max(1, int(amount * steps)) * ONE // steps)

    def lots(self) -> list[Lot]:
        conn = connection()
        ids = [item.id for item in stock.read_items(conn, codes=list(self.goods))]
        return sorted(stock.stocked_lots_of(conn, ids), key=lambda lot: lot.id or 0)

    # What happens

    def _receive(self) -> None:
        requests: list[Request] = []
        for _ in self.some(22, 30):
            good = self.random.choice(list(self.goods.values()))
            requests.append(self._receipt(good))
        self.post(requests)

    def _receipt(self, good: Good) -> Receive:
        number, today = self.next("lot"), clock.today()
        expires_on = None
        if good.keeps is not None:
            expires_on = today + timedelta(days=int(good.keeps * self.random.uniform(0.04, 1)))
        return Receive(
            item=good.code,
            lot_code=f"L{today:%y%m}-{number:04d}",
            qty=self.qty(good, good.usual * self.random.choice((0.5, 1, 1, 2))),
            expires_on=expires_on,
            supplier_lot=f"{good.supplier}{self.random.randint(10000, 99999)}",
            location=f"{good.aisle}-{self.random.randint(1, 12):02d}-{self.random.randint(1, 5)}",
            reference=f"PO-{self.next('po') if self.random.random() < 0.4 else self.numbers['po']}",
        )

    def _inspect(self) -> None:
        requests: list[Request] = []
        for lot in self.lots():
            chance = self.random.random()
            if lot.qc_status == "QUARANTINE" and chance < 0.7:
                status = "APPROVED" if chance < 0.66 else "REJECTED"
                reason = self.random.choice(COMPLAINTS) if status == "REJECTED" else "Inspected"
                requests.append(Decide(lot_id=lot.id or 0, status=status, reason=reason))
            elif lot.qc_status == "APPROVED" and lot.item.qc_required and chance < 0.008:
                reason = self.random.choice(COMPLAINTS)
                requests.append(Decide(lot_id=lot.id or 0, status="QUARANTINE", reason=reason))
        self.post(requests)

    def _reserve(self) -> None:
        free: dict[str, int] = {}
        for lot in self.lots():
            free[lot.item.code] = free.get(lot.item.code, 0) + lot.free(clock.today())
        codes = [code for code, amount in free.items() if amount > 20 * ONE]
        requests: list[Request] = []
        for code in self.random.sample(codes, min(len(codes), len(self.some(14, 22)))):
            job = self.random.random() < 0.7
            reference = f"JOB-{self.next('job')}" if job else f"SO-{self.next('order')}"
            share = self.random.choice((0.05, 0.1, 0.2, 0.4, 0.9))
            qty = self.qty(self.goods[code], free[code] / ONE * share)
            requests.append(Reserve(item=code, qty=qty, reference=reference))
        self.post(requests)

    def _issue(self) -> None:
        requests: list[Request] = []
        for reservation in self._issuable():
            good, chance = self.goods[reservation.item.code], self.random.random()
            part = self.qty(good, reservation.open / ONE * self.random.uniform(0.2, 0.7))
            facts: dict[str, Any] = {"reservation_id": reservation.id or 0}
            if chance < 0.45:
                requests.append(Issue(**facts))
            elif chance < 0.6:
                requests.append(Issue(**facts, qty=part))
            elif chance < 0.66:
                requests.append(Issue(**facts, qty=part, close_remainder=True))
            elif chance < 0.7:
                requests.append(Unreserve(**facts, reason="Job cancelled"))
        self.post(requests)

    def _issuable(self) -> Iterator[Reservation]:
        found = stock.read_reservations(connection(), self.open)
        self.open = [one.id or 0 for one in found if one.open]
        return (one for one in found if one.open and not one.at_risk(clock.today()))

    def _odds_and_ends(self) -> None:
        today, requests = clock.today(), list[Request]()
        lots = [lot for lot in self.lots() if lot.available > 20 * ONE]
        chosen = iter(self.random.sample(lots, min(len(lots), 12)))
        for lot, kind in zip(chosen, ("free", "free", "free", "scrap", "count", "count", "split",
                                      "return", "customer"), strict=False):  # fmt: skip
            if self.random.random() < 0.6 and (kind != "free" or lot.free(today)):
                requests.append(self._odd(kind, lot, self.goods[lot.item.code]))
        for posting in self.post(requests):
            if self.random.random() < 0.3:
                mistaken = next((o for o in posting.operations if o.kind == "SCRAP"), None)
                if mistaken:
                    self.post([Reverse(operation_id=mistaken.id, reason="Booked by mistake")])

    def _odd(self, kind: str, lot: Lot, good: Good) -> Request:
        few = self.qty(good, max(1.0, lot.available / ONE * self.random.uniform(0.01, 0.06)))
        lot_id = lot.id or 0
        if kind == "free":
            lots = [Part(lot_id=lot_id, qty=few)]
            return Issue(item=good.code, lots=lots, reference=self.random.choice(PICKERS))
        if kind == "scrap":
            return TakeOut(lot_id=lot_id, qty=few, reason=self.random.choice(DAMAGE))
        if kind == "return":
            reason = self.random.choice(COMPLAINTS)
            return TakeOut(lot_id=lot_id, qty=few, reason=reason, kind=Kind.SUPPLIER_RETURN)
        if kind == "split":
            return Split(lot_id=lot_id, qty=few, lot_code=f"{lot.lot_code}-A{self.next('lot')}")
        if kind == "customer":
            return Receive(
                item=good.code,
                lot_code=f"RET-{self.next('lot')}",
                qty=few,
                reason="Too many delivered",
                reference=f"SO-{self.numbers['order']}",
                kind=Kind.CUSTOMER_RETURN,
            )
        step = ONE // 10 ** min(good.decimals, 2)
        counted = lot.on_hand + self.random.choice((-2, -1, 0, 0, 1)) * step
        return Count(lot_id=lot_id, counted=format_qty(counted), lot_seq=lot.lot_seq)
