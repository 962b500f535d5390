"""Random operations against the ledger and against a few dictionaries: the figures must agree."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from inventory.common.errors import Refusal
from inventory.ledger import PostingResult
from tests.support.stock_builder import Stock, in_days, part

ONE = 10**6
_items = itertools.count(1)

QTY = st.integers(1, 12)
DAYS = st.sampled_from([None, -1, 0, 5, 30])


@dataclass
class ModelLot:
    code: str
    qc: str
    days: int | None
    born: int
    on_hand: int = 0
    holds: dict[int, int] = field(default_factory=dict)
    decided: int = 0

    @property
    def reserved(self) -> int:
        return sum(self.holds.values())

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved

    @property
    def usable(self) -> bool:
        return self.qc == "APPROVED" and (self.days is None or self.days >= 0)

    @property
    def free(self) -> int:
        return self.available if self.usable else 0


class LedgerAgainstModel(RuleBasedStateMachine):
    stock: Stock

    lots = Bundle("lots")
    promises = Bundle("promises")

    def __init__(self) -> None:
        super().__init__()
        self.item = f"ITEM-{next(_items)}"
        self.stock.item(self.item)
        self.model: dict[int, ModelLot] = {}
        self.promised: dict[int, int] = {}
        self.issued: dict[int, int] = {}
        self.births = itertools.count()

    def attempt(self, verb: str, *, granted: bool, **facts: object) -> PostingResult | None:
        """The ledger must grant and refuse exactly what the model does."""
        if granted:
            return self.stock.post(verb, **facts)
        with pytest.raises(Refusal):
            self.stock.post(verb, **facts)
        return None

    def born(self, posting: PostingResult, qc: str, days: int | None, born: int, qty: int) -> int:
        entry = posting.operation.entries[-1]
        self.model[entry.lot_id] = ModelLot(entry.lot_code, qc, days, born, qty)
        return entry.lot_id

    @rule(target=lots, qty=QTY, days=DAYS)
    def receive(self, qty: int, days: int | None) -> int:
        born = next(self.births)
        posting = self.attempt(
            "receive", granted=True, item=self.item, lot_code=f"L-{born:03d}", qty=qty,
            expires_on=None if days is None else in_days(days),
        )  # fmt: skip
        assert posting
        return self.born(posting, "APPROVED", days, born, qty)

    @rule(lot=lots, qty=QTY)
    def add(self, lot: int, qty: int) -> None:
        there = self.model[lot]
        granted = there.qc != "REJECTED" and (there.days is None or there.days >= 0)
        if self.attempt(
            "receive", granted=granted, item=self.item, lot_code=there.code, qty=qty,
            add_to_lot=True,
        ):  # fmt: skip
            there.on_hand += qty

    @rule(target=promises, qty=QTY)
    def reserve(self, qty: int) -> object:
        usable = self.usable()
        granted = sum(lot.free for lot in usable) >= qty
        posting = self.attempt("reserve", granted=granted, item=self.item, qty=qty, reference="J")
        if not posting:
            return multiple()
        promise = posting.details[0]["reservations"][0]["id"]
        self.promised[promise], self.issued[promise] = qty, 0
        for lot in usable:
            taken = min(qty, lot.free)
            if taken:
                lot.holds[promise] = taken
                qty -= taken
        return promise

    @rule(target=promises, lot=lots, qty=QTY)
    def reserve_named(self, lot: int, qty: int) -> object:
        there = self.model[lot]
        posting = self.attempt(
            "reserve", granted=there.free >= qty, item=self.item, qty=qty, reference="J",
            lots=[part(lot, qty)],
        )  # fmt: skip
        if not posting:
            return multiple()
        promise = posting.details[0]["reservations"][0]["id"]
        self.promised[promise], self.issued[promise] = qty, 0
        there.holds[promise] = qty
        return promise

    @rule(promise=promises, lot=lots, qty=QTY)
    def unreserve(self, promise: int, lot: int, qty: int) -> None:
        there = self.model[lot]
        granted = there.holds.get(promise, 0) >= qty
        if self.attempt(
            "unreserve", granted=granted, reservation_id=promise, lots=[part(lot, qty)]
        ):
            there.holds[promise] -= qty

    @rule(promise=consumes(promises))
    def unreserve_all(self, promise: int) -> None:
        held = sum(lot.holds.get(promise, 0) for lot in self.model.values())
        if self.attempt("unreserve", granted=held > 0, reservation_id=promise):
            for lot in self.model.values():
                lot.holds.pop(promise, None)

    @rule(promise=promises, lot=lots, qty=QTY, close=st.booleans())
    def issue_reserved(self, promise: int, lot: int, qty: int, close: bool) -> None:
        there = self.model[lot]
        granted = there.holds.get(promise, 0) >= qty and there.usable
        if self.attempt(
            "issue", granted=granted, reservation_id=promise, lots=[part(lot, qty)],
            close_remainder=close,
        ):  # fmt: skip
            there.holds[promise] -= qty
            there.on_hand -= qty
            self.issued[promise] += qty
            for one in self.model.values() if close else ():
                one.holds.pop(promise, None)

    @rule(lot=lots, qty=QTY)
    def issue_free(self, lot: int, qty: int) -> None:
        there = self.model[lot]
        if self.attempt("issue", granted=there.free >= qty, item=self.item, lots=[part(lot, qty)]):
            there.on_hand -= qty

    @rule(lot=lots, qty=QTY)
    def scrap(self, lot: int, qty: int) -> None:
        there = self.model[lot]
        if self.attempt(
            "scrap", granted=there.available >= qty, lot_id=lot, qty=qty, reason="broken"
        ):
            there.on_hand -= qty

    @rule(lot=lots, counted=st.integers(0, 15))
    def count(self, lot: int, counted: int) -> None:
        there = self.model[lot]
        if self.attempt("count", granted=counted >= there.reserved, lot_id=lot, counted=counted):
            there.on_hand = counted

    @rule(target=lots, lot=lots, qty=QTY)
    def split(self, lot: int, qty: int) -> object:
        there, born = self.model[lot], next(self.births)
        posting = self.attempt(
            "split", granted=there.available >= qty, lot_id=lot, qty=qty, lot_code=f"L-{born:03d}"
        )
        if not posting:
            return multiple()
        there.on_hand -= qty
        return self.born(posting, there.qc, there.days, there.born, qty)

    @rule(
        lot=lots,
        status=st.sampled_from(["APPROVED", "QUARANTINE", "REJECTED"]),
        what=st.sampled_from(["keep", "unreserve", "reallocate"]),
    )
    def decide(self, lot: int, status: str, what: str) -> None:
        there = self.model[lot]
        allowed = {
            ("QUARANTINE", "APPROVED"), ("QUARANTINE", "REJECTED"), ("APPROVED", "QUARANTINE"),
            ("APPROVED", "REJECTED"), ("REJECTED", "QUARANTINE"),
        }  # fmt: skip
        posting = self.attempt(
            "decide_qc", granted=(there.qc, status) in allowed, lot_id=lot, status=status,
            reason="seen", on_reservations=what,
        )  # fmt: skip
        if not posting:
            return
        there.qc = status
        moved: dict[int, int] = {}
        if what == "unreserve" and status != "APPROVED":
            there.holds.clear()
        if what == "reallocate" and status != "APPROVED":
            moved = self.moved_from(there)
        told = posting.details[0]["settlement"]
        kept = {} if there.usable else {id: qty for id, qty in there.holds.items() if qty}
        assert {one["reservation_id"]: int(one["qty"]) for one in told["moved"]} == moved
        assert {one["reservation_id"]: int(one["qty"]) for one in told["kept"]} == kept

    def moved_from(self, there: ModelLot) -> dict[int, int]:
        """Move what fits, oldest reservation first; how much of each was moved."""
        moved: dict[int, int] = {}
        for promise in sorted(there.holds):
            for lot in self.usable():
                taken = min(there.holds[promise], lot.free)
                if taken:
                    there.holds[promise] -= taken
                    lot.holds[promise] = lot.holds.get(promise, 0) + taken
                    moved[promise] = moved.get(promise, 0) + taken
        return moved

    def usable(self) -> list[ModelLot]:
        """Lots with something free, in the order of allocation."""
        return sorted(
            (lot for lot in self.model.values() if lot.free),
            key=lambda lot: (lot.days is None, lot.days or 0, lot.born, lot.code),
        )

    @rule(lot=lots, qty=QTY)
    def receive_and_take_back(self, lot: int, qty: int) -> None:
        """Whatever was done is undone by its reversal, to the last figure."""
        there = self.model[lot]
        if there.available < qty:
            return
        done = self.attempt("scrap", granted=True, lot_id=lot, qty=qty, reason="by mistake")
        assert done
        self.attempt("reverse", granted=True, operation_id=done.operation.id)

    @invariant()
    def figures_agree(self) -> None:
        for lot_id, lot in self.model.items():
            found = self.stock.get_lot(lot_id)
            assert (found.on_hand, found.reserved) == (lot.on_hand * ONE, lot.reserved * ONE)
            assert 0 <= found.reserved <= found.on_hand
            assert found.qc_status == lot.qc
        for promise, qty in self.promised.items():
            found = self.stock.reservation(promise)
            held = sum(lot.holds.get(promise, 0) for lot in self.model.values())
            assert (found.qty, found.open, found.issued) == (
                qty * ONE, held * ONE, self.issued[promise] * ONE,
            )  # fmt: skip


def test_the_ledger_agrees_with_a_tiny_model(app: Flask, stock: Stock) -> None:
    class Machine(LedgerAgainstModel):
        pass

    Machine.stock = stock
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=25,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
