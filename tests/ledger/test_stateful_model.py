"""Random operations on the ledger and on a small model must give the same figures."""

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
    number: int
    on_hand: int = 0
    holds: dict[int, int] = field(default_factory=dict)
    #: What was issued of the lot, and what came back of that.
    went_out: int = 0
    came_back: int = 0

    @property
    def reserved(self) -> int:
        return sum(self.holds.values())

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved

    @property
    def expired(self) -> bool:
        return self.days is not None and self.days < 0

    @property
    def usable(self) -> bool:
        return self.qc == "APPROVED" and not self.expired

    @property
    def free(self) -> int:
        return self.available if self.usable else 0


class LedgerAgainstModel(RuleBasedStateMachine):
    stock: Stock

    lots = Bundle("lots")
    reservations = Bundle("reservations")

    def __init__(self) -> None:
        super().__init__()
        self.item = f"ITEM-{next(_items)}"
        self.stock.item(self.item)
        self.model: dict[int, ModelLot] = {}
        self.reserved_qty: dict[int, int] = {}
        self.issued: dict[int, int] = {}
        self.numbers = itertools.count()

    def attempt(self, verb: str, *, granted: bool, **fields: object) -> PostingResult | None:
        """Post the operation; the ledger must grant or refuse it as the model does."""
        if granted:
            return self.stock.post(verb, **fields)
        with pytest.raises(Refusal):
            self.stock.post(verb, **fields)
        return None

    def add_lot(
        self, posting: PostingResult, qc: str, days: int | None, number: int, qty: int
    ) -> int:
        entry = posting.operation.entries[-1]
        self.model[entry.lot_id] = ModelLot(entry.lot_code, qc, days, number, qty)
        return entry.lot_id

    @rule(target=lots, qty=QTY, days=DAYS)
    def receive(self, qty: int, days: int | None) -> int:
        number = next(self.numbers)
        posting = self.attempt(
            "receive", granted=True, item=self.item, lot_code=f"L-{number:03d}", qty=qty,
            expires_on=None if days is None else in_days(days),
        )  # fmt: skip
        assert posting
        return self.add_lot(posting, "APPROVED", days, number, qty)

    @rule(lot=lots, qty=QTY)
    def add(self, lot: int, qty: int) -> None:
        model_lot = self.model[lot]
        granted = model_lot.qc != "REJECTED" and not model_lot.expired
        if self.attempt(
            "receive", granted=granted, item=self.item, lot_code=model_lot.code, qty=qty,
            add_to_lot=True,
        ):  # fmt: skip
            model_lot.on_hand += qty

    @rule(lot=lots, qty=QTY)
    def add_in_another_case(self, lot: int, qty: int) -> None:
        """The code of the lot is found in another case, unless two lots have it then."""
        model_lot = self.model[lot]
        code = model_lot.code.swapcase()
        same = [one for one in self.model.values() if one.code.lower() == code.lower()]
        found = [one for one in same if one.code == code] or (same if len(same) == 1 else [])
        granted = bool(found) and found[0].qc != "REJECTED" and not found[0].expired
        if self.attempt(
            "receive", granted=granted, item=self.item, lot_code=code, qty=qty, add_to_lot=True
        ):
            found[0].on_hand += qty

    @rule(target=lots, lot=lots, qty=QTY, allowed=st.booleans())
    def receive_lookalike(self, lot: int, qty: int, allowed: bool) -> object:
        """A second lot of the code in another case needs a confirmation, a third is a duplicate."""
        code, number = self.model[lot].code.lower(), next(self.numbers)
        exists = any(one.code == code for one in self.model.values())
        posting = self.attempt(
            "receive", granted=allowed and not exists, item=self.item, lot_code=code, qty=qty,
            allow_lookalike=allowed,
        )  # fmt: skip
        return self.add_lot(posting, "APPROVED", None, number, qty) if posting else multiple()

    @rule(target=lots, qty=QTY, days=DAYS)
    def receive_again_after_a_reversal(self, qty: int, days: int | None) -> int:
        """The lot is as if new."""
        fields = {"item": self.item, "lot_code": f"L-{next(self.numbers):03d}"}
        first = self.attempt("receive", granted=True, qty=3, expires_on=in_days(9), **fields)
        assert first
        self.attempt("reverse", granted=True, operation_id=first.operation.id)
        number = next(self.numbers)
        day = None if days is None else in_days(days)
        posting = self.attempt("receive", granted=True, qty=qty, expires_on=day, **fields)
        assert posting
        assert posting.operation.entries[0].lot_id == first.operation.entries[0].lot_id
        return self.add_lot(posting, "APPROVED", days, number, qty)

    @rule(target=lots, lot=lots, qty=QTY, unmatched=st.booleans(), quarantine=st.booleans())
    def come_back(self, lot: int, qty: int, unmatched: bool, quarantine: bool) -> object:
        """No more comes back than went out; where the lot takes no more, it is a child lot."""
        model_lot, number = self.model[lot], next(self.numbers)
        granted = unmatched or qty <= model_lot.went_out - model_lot.came_back
        posting = self.attempt(
            "return_from_customer", granted=granted, item=self.item, lot_code=model_lot.code,
            qty=qty, unmatched=unmatched, quarantine=quarantine, reason="too many",
        )  # fmt: skip
        if not posting:
            return multiple()
        model_lot.came_back += qty
        closed = model_lot.qc == "REJECTED" or model_lot.expired
        if not closed and (not quarantine or model_lot.qc == "QUARANTINE"):
            assert posting.operation.entries[0].lot_id == lot
            model_lot.on_hand += qty
            return multiple()
        qc = "QUARANTINE" if quarantine or model_lot.qc != "APPROVED" else "APPROVED"
        child = self.add_lot(posting, qc, model_lot.days, number, qty)
        assert self.stock.get_lot(child).parent_lot_id == lot
        return child

    @rule(target=reservations, qty=QTY)
    def reserve(self, qty: int) -> object:
        usable = self.usable()
        granted = sum(lot.free for lot in usable) >= qty
        posting = self.attempt("reserve", granted=granted, item=self.item, qty=qty, reference="J")
        if not posting:
            return multiple()
        reservation_id = posting.details[0]["reservations"][0]["id"]
        self.reserved_qty[reservation_id], self.issued[reservation_id] = qty, 0
        for lot in usable:
            taken = min(qty, lot.free)
            if taken:
                lot.holds[reservation_id] = taken
                qty -= taken
        return reservation_id

    @rule(target=reservations, lot=lots, qty=QTY)
    def reserve_named(self, lot: int, qty: int) -> object:
        model_lot = self.model[lot]
        posting = self.attempt(
            "reserve", granted=model_lot.free >= qty, item=self.item, qty=qty, reference="J",
            lots=[part(lot, qty)],
        )  # fmt: skip
        if not posting:
            return multiple()
        reservation_id = posting.details[0]["reservations"][0]["id"]
        self.reserved_qty[reservation_id], self.issued[reservation_id] = qty, 0
        model_lot.holds[reservation_id] = qty
        return reservation_id

    @rule(reservation_id=reservations, lot=lots, qty=QTY)
    def unreserve(self, reservation_id: int, lot: int, qty: int) -> None:
        model_lot = self.model[lot]
        granted = model_lot.holds.get(reservation_id, 0) >= qty
        if self.attempt(
            "unreserve", granted=granted, reservation_id=reservation_id, lots=[part(lot, qty)]
        ):
            model_lot.holds[reservation_id] -= qty

    @rule(reservation_id=consumes(reservations))
    def unreserve_all(self, reservation_id: int) -> None:
        held = sum(lot.holds.get(reservation_id, 0) for lot in self.model.values())
        if self.attempt("unreserve", granted=held > 0, reservation_id=reservation_id):
            for lot in self.model.values():
                lot.holds.pop(reservation_id, None)

    @rule(reservation_id=reservations, lot=lots, qty=QTY, close=st.booleans())
    def issue_reserved(self, reservation_id: int, lot: int, qty: int, close: bool) -> None:
        model_lot = self.model[lot]
        granted = model_lot.holds.get(reservation_id, 0) >= qty and model_lot.usable
        if self.attempt(
            "issue", granted=granted, reservation_id=reservation_id, lots=[part(lot, qty)],
            close_remainder=close,
        ):  # fmt: skip
            model_lot.holds[reservation_id] -= qty
            model_lot.on_hand -= qty
            model_lot.went_out += qty
            self.issued[reservation_id] += qty
            for other in self.model.values() if close else ():
                other.holds.pop(reservation_id, None)

    @rule(lot=lots, qty=QTY)
    def issue_free(self, lot: int, qty: int) -> None:
        model_lot = self.model[lot]
        if self.attempt(
            "issue", granted=model_lot.free >= qty, item=self.item, lots=[part(lot, qty)]
        ):
            model_lot.on_hand -= qty
            model_lot.went_out += qty

    @rule(lot=lots, qty=QTY)
    def issue_and_reverse(self, lot: int, qty: int) -> None:
        """What was reversed did not go out."""
        if self.model[lot].free >= qty:
            lots = [part(lot, qty)]
            done = self.attempt("issue", granted=True, item=self.item, lots=lots)
            assert done
            self.attempt("reverse", granted=True, operation_id=done.operation.id)

    @rule(lot=lots, qty=QTY)
    def issue_and_come_back_in_parts(self, lot: int, qty: int) -> None:
        """What one reference got can come back once, in any parts."""
        if self.model[lot].free < qty:
            return
        reference = f"SO-{next(self.numbers)}"
        lots = [part(lot, qty)]
        self.attempt("issue", granted=True, item=self.item, lots=lots, reference=reference)
        for part_qty, granted in [(1, True), (qty, False), (qty - 1, qty > 1), (1, False)]:
            self.attempt(
                "return_from_customer", granted=granted, item=self.item, qty=part_qty,
                lot_code=self.model[lot].code, reference=reference, reason="too many",
            )  # fmt: skip
        self.model[lot].went_out += qty
        self.model[lot].came_back += qty

    @rule(lot=lots, qty=QTY)
    def scrap(self, lot: int, qty: int) -> None:
        model_lot = self.model[lot]
        if self.attempt(
            "scrap", granted=model_lot.available >= qty, lot_id=lot, qty=qty, reason="broken"
        ):
            model_lot.on_hand -= qty

    @rule(lot=lots, counted=st.integers(0, 15))
    def count(self, lot: int, counted: int) -> None:
        model_lot = self.model[lot]
        if self.attempt(
            "count", granted=counted >= model_lot.reserved, lot_id=lot, counted=counted
        ):
            model_lot.on_hand = counted

    @rule(target=lots, lot=lots, qty=QTY)
    def split(self, lot: int, qty: int) -> object:
        model_lot, number = self.model[lot], next(self.numbers)
        posting = self.attempt(
            "split",
            granted=model_lot.available >= qty,
            lot_id=lot,
            qty=qty,
            lot_code=f"L-{number:03d}",
        )
        if not posting:
            return multiple()
        model_lot.on_hand -= qty
        return self.add_lot(posting, model_lot.qc, model_lot.days, model_lot.number, qty)

    @rule(
        lot=lots,
        status=st.sampled_from(["APPROVED", "QUARANTINE", "REJECTED"]),
        on_reservations=st.sampled_from(["keep", "unreserve", "reallocate"]),
    )
    def decide(self, lot: int, status: str, on_reservations: str) -> None:
        model_lot = self.model[lot]
        allowed = {
            ("QUARANTINE", "APPROVED"), ("QUARANTINE", "REJECTED"), ("APPROVED", "QUARANTINE"),
            ("APPROVED", "REJECTED"), ("REJECTED", "QUARANTINE"),
        }  # fmt: skip
        posting = self.attempt(
            "decide_qc", granted=(model_lot.qc, status) in allowed, lot_id=lot, status=status,
            reason="seen", on_reservations=on_reservations,
        )  # fmt: skip
        if not posting:
            return
        model_lot.qc = status
        moved: dict[int, int] = {}
        if on_reservations == "unreserve" and status != "APPROVED":
            model_lot.holds.clear()
        if on_reservations == "reallocate" and status != "APPROVED":
            moved = self.moved_from(model_lot)
        settlement = posting.details[0]["settlement"]
        kept = {} if model_lot.usable else {id: qty for id, qty in model_lot.holds.items() if qty}
        assert {line["reservation_id"]: int(line["qty"]) for line in settlement["moved"]} == moved
        assert {line["reservation_id"]: int(line["qty"]) for line in settlement["kept"]} == kept

    def moved_from(self, model_lot: ModelLot) -> dict[int, int]:
        """Move reservations in the model, oldest first; return the moved quantity of each."""
        moved: dict[int, int] = {}
        for reservation_id in sorted(model_lot.holds):
            for lot in self.usable():
                taken = min(model_lot.holds[reservation_id], lot.free)
                if taken:
                    model_lot.holds[reservation_id] -= taken
                    lot.holds[reservation_id] = lot.holds.get(reservation_id, 0) + taken
                    moved[reservation_id] = moved.get(reservation_id, 0) + taken
        return moved

    def usable(self) -> list[ModelLot]:
        """Return the lots with free stock, in the order of allocation (FEFO)."""
        return sorted(
            (lot for lot in self.model.values() if lot.free),
            key=lambda lot: (lot.days is None, lot.days or 0, lot.number, lot.code),
        )

    @rule(lot=lots, qty=QTY)
    def scrap_and_reverse(self, lot: int, qty: int) -> None:
        """A reversal restores every figure; the invariant checks it."""
        model_lot = self.model[lot]
        if model_lot.available < qty:
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
        for reservation_id, qty in self.reserved_qty.items():
            found = self.stock.reservation(reservation_id)
            held = sum(lot.holds.get(reservation_id, 0) for lot in self.model.values())
            assert (found.qty, found.open, found.issued) == (
                qty * ONE, held * ONE, self.issued[reservation_id] * ONE,
            )  # fmt: skip


def test_ledger_agrees_with_the_model(app: Flask, stock: Stock) -> None:
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
