"""Parallel operations: counts of outcomes and final figures, never times."""

import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from flask import Flask

from inventory import ledger
from inventory.common.errors import Busy, QcTransition
from inventory.db import connection, db, sqlite_write_lock
from inventory.db import transaction as database
from inventory.ledger import PostingResult, loader
from inventory.models import InventoryLedger, Operation
from tests.support.race_processes import race, race_processes
from tests.support.stock_builder import Stock, key, part


def count_outcomes(outcomes: list[object]) -> Counter[str]:
    """Count the outcomes: granted, the code of a refusal, or the repr of an error."""
    return Counter(
        "granted"
        if isinstance(outcome, PostingResult)
        else getattr(outcome, "code", None) or repr(outcome)
        for outcome in outcomes
    )


def reserve_one(stock: Stock, lot: int, tries: int = 1, **fields: object) -> object:
    last: object = None
    for _ in range(tries):
        last = stock.post(
            "reserve", item="BOLT", qty=1, reference="RACE", lots=[part(lot, 1)], **fields
        )
    return last


@pytest.mark.parametrize("named", [True, False])
def test_16_threads_reserve_exactly_the_free_quantity(
    app: Flask, stock: Stock, named: bool
) -> None:
    lots = [stock.lot("receive 20"), stock.lot("receive 10")][: 1 if named else 2]
    free = 20 if named else 30

    def reserve_three_times(_: int) -> Counter[str]:
        outcomes: list[object] = []
        for _ in range(3):
            try:
                chosen = [part(lots[0], 1)] if named else None
                outcomes.append(
                    stock.post("reserve", item="BOLT", qty=1, reference="R", lots=chosen)
                )
            except Exception as error:
                outcomes.append(error)
        return count_outcomes(outcomes)

    total: Counter[str] = Counter()
    for outcome in race(app, 16, reserve_three_times):
        assert isinstance(outcome, Counter), outcome
        total += outcome
    assert total == {"granted": free, "INSUFFICIENT_STOCK": 48 - free}
    assert sum(stock.get_lot(lot).available for lot in lots) == 0


def test_8_processes_reserve_exactly_the_free_quantity(
    stock: Stock, environ: dict[str, str]
) -> None:
    lot = stock.lot("receive 100")
    total = race_processes(os.environ | environ, 8, 50, user_id=stock.user_id, lot_id=lot)
    assert total == {"granted": 100, "INSUFFICIENT_STOCK": 300}
    assert stock.figures(lot) == "100 on hand, 100 reserved, 0 available"


def test_unique_constraint_prevents_overselling_without_the_lock(
    app: Flask, stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock only shortens the wait; the constraint keeps the figures right."""
    lot = stock.lot("receive 20")
    monkeypatch.setattr(loader, "lock_lots", lambda tx, ids: None)
    monkeypatch.setattr(database, "_write_lock_of", lambda engine: database._no_lock)
    outcomes = race(app, 16, lambda _: reserve_one(stock, lot))
    granted = count_outcomes(outcomes)["granted"]
    assert all(isinstance(outcome, PostingResult | Busy) for outcome in outcomes), count_outcomes(
        outcomes
    )
    assert stock.figures(lot) == f"20 on hand, {granted} reserved, {20 - granted} available"


def test_20_parallel_requests_with_one_key_post_one_operation(app: Flask, stock: Stock) -> None:
    lot, one_key = stock.lot("receive 20"), key()
    outcomes = race(app, 20, lambda _: reserve_one(stock, lot, key=one_key))
    assert count_outcomes(outcomes) == {"granted": 20}
    answers = [(o.operations, list(o.details)) for o in outcomes if isinstance(o, PostingResult)]
    assert all(answer == answers[0] for answer in answers)
    assert [o.replayed for o in outcomes if isinstance(o, PostingResult)].count(False) == 1
    assert stock.figures(lot) == "20 on hand, 1 reserved, 19 available"


def test_20_parallel_receipts_with_one_key_create_one_lot(app: Flask, stock: Stock) -> None:
    stock.item()
    one_key = key()
    fields = {"item": "BOLT", "lot_code": "L-1", "qty": 5, "key": one_key}
    outcomes = race(app, 20, lambda _: stock.post("receive", **fields))
    assert count_outcomes(outcomes) == {"granted": 20}
    assert stock.find_lot("L-1").on_hand == 5_000_000


def test_one_of_parallel_receipts_of_a_new_lot_code_is_granted(app: Flask, stock: Stock) -> None:
    stock.item()
    fields = {"item": "BOLT", "lot_code": "L-1", "qty": 5}
    outcomes = race(app, 8, lambda _: stock.post("receive", **fields))
    assert count_outcomes(outcomes) == {"granted": 1, "DUPLICATE_LOT": 7}


def test_parallel_refusals_with_one_key_are_equal(app: Flask, stock: Stock) -> None:
    lot, one_key = stock.lot("receive 1"), key()
    fields = {"item": "BOLT", "qty": 2, "reference": "R", "key": one_key}
    outcomes = race(app, 8, lambda _: stock.post("reserve", **fields, lots=[part(lot, 2)]))
    assert count_outcomes(outcomes) == {"INSUFFICIENT_STOCK": 8}
    assert len({str(outcome) for outcome in outcomes}) == 1


def test_operation_is_reversed_once_by_parallel_requests(app: Flask, stock: Stock) -> None:
    stock.item()
    receipt = stock.post("receive", item="BOLT", lot_code="L", qty=5).operation.id
    outcomes = race(app, 8, lambda _: stock.post("reverse", operation_id=receipt))
    assert count_outcomes(outcomes) == {"granted": 1, "NOT_REVERSIBLE": 7}


def test_reservation_is_issued_once_by_parallel_requests(app: Flask, stock: Stock) -> None:
    lot = stock.lot("receive 10")
    reservation = stock.reserve(4)
    outcomes = race(app, 8, lambda _: stock.post("issue", reservation_id=reservation, qty=4))
    assert count_outcomes(outcomes) == {"granted": 1, "OVER_ISSUE": 7}
    assert stock.figures(lot) == "6 on hand, 0 reserved, 6 available"


def test_nothing_is_reserved_in_a_lot_after_its_rejection(app: Flask, stock: Stock) -> None:
    lot = stock.lot("receive 1000")

    def operate(number: int) -> object:
        if number == 0:
            return stock.post("decide_qc", lot_id=lot, status="REJECTED", reason="rust")
        return reserve_one(stock, lot, tries=5)

    outcomes = race(app, 8, operate)
    assert set(count_outcomes(outcomes)) <= {"granted", "QC_BLOCKED"}
    decision = outcomes[0]
    assert isinstance(decision, PostingResult)
    seq_of_decision = decision.details[0]["lot"]["lot_seq"]
    assert stock.get_lot(lot).lot_seq == seq_of_decision


def test_reservations_of_lots_in_opposite_order_do_not_deadlock(app: Flask, stock: Stock) -> None:
    first, second = stock.lot("receive 100"), stock.lot("receive 100")

    def operate(number: int) -> object:
        lots = [part(first, 1), part(second, 1)]
        for _ in range(5):
            outcome = stock.post(
                "reserve", item="BOLT", qty=2, reference="R",
                lots=lots if number % 2 else lots[::-1],
            )  # fmt: skip
        return outcome

    assert count_outcomes(race(app, 8, operate)) == {"granted": 8}
    assert (
        stock.figures(first) == stock.figures(second) == ("100 on hand, 40 reserved, 60 available")
    )


def test_decisions_that_move_reservations_do_not_deadlock(
    app: Flask, stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each decision moves to the lots of the others; all are locked first, in id order."""
    monkeypatch.setattr(database, "ATTEMPTS", 1)
    lots = [stock.lot("receive 10") for _ in range(4)]
    for lot in lots:
        stock.reserve(4, lot=lot)
    orders = [lots, lots[::-1], lots[2:] + lots[:2], lots[1:] + lots[:1]]

    def operate(number: int) -> object:
        last: object = None
        for lot in orders[number % 4]:
            fields = {"lot_id": lot, "reason": "seen", "on_reservations": "reallocate"}
            for status in ("QUARANTINE", "APPROVED"):
                try:
                    last = stock.post("decide_qc", status=status, **fields)
                except QcTransition as refusal:
                    last = refusal
        return last

    assert set(count_outcomes(race(app, 8, operate))) <= {"granted", "QC_TRANSITION"}
    final_lots = [stock.get_lot(lot) for lot in lots]
    assert sum(lot.reserved for lot in final_lots) == 16_000_000
    assert all(lot.reserved <= lot.on_hand for lot in final_lots)


def test_parallel_decision_and_reservations_reserve_nothing_twice(app: Flask, stock: Stock) -> None:
    lot, other = stock.lot("receive 20"), stock.lot("receive 20")
    for _ in range(5):
        stock.reserve(3, lot=lot)

    def operate(number: int) -> object:
        if number == 0:
            fields = {"status": "REJECTED", "reason": "rust", "on_reservations": "reallocate"}
            return stock.post("decide_qc", lot_id=lot, **fields)
        return reserve_one(stock, other, tries=2)

    outcomes = race(app, 8, operate)
    assert set(count_outcomes(outcomes)) <= {"granted", "INSUFFICIENT_STOCK"}
    decision = outcomes[0]
    assert isinstance(decision, PostingResult)
    settled = decision.details[0]["settlement"]
    moved, kept = (sum(int(line["qty"]) for line in settled[name]) for name in ("moved", "kept"))
    assert moved + kept == 15
    assert stock.get_lot(lot).reserved == kept * 10**6
    assert stock.get_lot(other).reserved <= 20_000_000


def test_reads_see_the_latest_write_of_another_thread(app: Flask, stock: Stock) -> None:
    lot = stock.lot("receive 100")
    assert stock.get_lot(lot).on_hand == 100_000_000
    race(app, 4, lambda _: stock.post("issue", item="BOLT", lots=[part(lot, 1)]))
    assert stock.figures(lot) == "96 on hand, 0 reserved, 96 available"


def test_lot_sequence_has_no_gaps_after_a_race(app: Flask, stock: Stock) -> None:
    lot = stock.lot("receive 100")
    race(app, 8, lambda _: reserve_one(stock, lot, tries=4))
    db.session.rollback()
    ledger_table = InventoryLedger.__table__
    seqs = connection().execute(
        sa.select(ledger_table.c.lot_seq)
        .where(ledger_table.c.lot_id == lot)
        .order_by(ledger_table.c.lot_seq)
    ).scalars().all()  # fmt: skip
    assert seqs == list(range(1, 34))
    assert connection().execute(sa.select(sa.func.count(Operation.id))).scalar_one() == 33


@contextmanager
def _lot_held(lot: int) -> Iterator[None]:
    """Hold the write lock (SQLite) or the row of the lot (PostgreSQL)."""
    if db.engine.dialect.name == "sqlite":
        with database._write_lock_of(db.engine)():
            yield
        return
    with db.engine.connect() as holder, holder.begin():
        holder.exec_driver_sql(f"UPDATE inventory_lots SET location = 'X' WHERE id = {lot}")
        yield


def test_lot_locked_too_long_is_busy_and_the_key_works_later(
    app: Flask, stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    lot, one_key = stock.lot("receive 5"), key()
    monkeypatch.setattr(sqlite_write_lock, "WAIT_SECONDS", 0.2)
    fields = {"item": "BOLT", "qty": 1, "reference": "R", "lots": [part(lot, 1)], "key": one_key}
    with _lot_held(lot), pytest.raises(Busy):
        stock.post("reserve", **fields)
    assert not stock.post("reserve", **fields).replayed
    assert ledger.reserve(user_id=stock.user_id, **fields).replayed


@pytest.mark.parametrize("named", [True, False])
def test_write_waits_for_an_earlier_write_and_sees_its_result(
    app: Flask, stock: Stock, named: bool
) -> None:
    """Without the lock (or with a plain BEGIN) the reservation would be granted or fail."""
    lot = stock.lot("receive 5")
    outcomes: list[object] = []

    def reserve() -> None:
        with app.app_context():
            try:
                lots = [part(lot, 1)] if named else None
                fields = {"item": "BOLT", "qty": 1, "reference": "R", "lots": lots}
                outcomes.append(stock.post("reserve", **fields))
            except Exception as error:
                outcomes.append(error)

    with db.engine.connect().execution_options(write=True) as holder:
        with holder.begin():
            holder.exec_driver_sql(
                f"UPDATE inventory_lots SET qc_status = 'REJECTED' WHERE id = {lot}"
            )
            waiting = threading.Thread(target=reserve)
            waiting.start()
            waiting.join(0.5)
            assert not outcomes
        waiting.join()
        with holder.begin():
            holder.exec_driver_sql(
                f"UPDATE inventory_lots SET qc_status = 'APPROVED' WHERE id = {lot}"
            )
    assert count_outcomes(outcomes) == {"QC_BLOCKED": 1}
