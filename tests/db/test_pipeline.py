"""PostgreSQL pipeline mode: same results as single statements, with fewer round trips."""

from __future__ import annotations

import threading

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask
from psycopg import errors
from psycopg._pipeline_base import BasePipeline
from sqlalchemy.engine import Connection

from inventory import ledger
from inventory.common.clock import now
from inventory.common.errors import Busy, IdempotencyInProgress
from inventory.db import atomic_pipelined, db
from inventory.db import engine as database
from inventory.db.pipeline import DescriptionCachingCursor, pipelined
from inventory.idempotency import store
from inventory.models import Item, table
from tests.support.stock_builder import Stock, key, part

pytestmark = pytest.mark.only("postgresql")

items = table(Item)


def test_pipeline_waits_for_rows_only_when_they_are_fetched(app: Flask) -> None:
    one, two = sa.text("SELECT 11 AS a"), sa.text("SELECT 12 AS b, 13 AS c")
    for is_known in (False, True):
        with app.app_context(), db.engine.connect() as conn, pipelined(conn), conn.begin():
            if not is_known:
                DescriptionCachingCursor._columns.clear()
            found = [conn.execute(one), conn.execute(two)]
            is_fetched = [result.cursor.pgresult is not None for result in found]
            assert is_fetched == ([False, False] if is_known else [True, True])
            assert found[1].mappings().one() == {"b": 12, "c": 13}
            assert found[0].scalar_one() == 11


def test_error_of_an_unfetched_statement_is_raised_at_commit(stock: Stock) -> None:
    @atomic_pipelined
    def write_twice(tx: Connection) -> None:
        for _ in range(2):
            tx.execute(sa.insert(items).inline(), item_row(1_000))

    with pytest.raises(Busy):  # a conflict on every attempt
        write_twice()
    assert count_items(1_000) == 0


@pytest.mark.parametrize("sent_after", [0, 1, 3])
def test_first_error_of_a_pipeline_is_raised(stock: Stock, sent_after: int) -> None:
    @atomic_pipelined
    def write(tx: Connection) -> None:
        tx.execute(sa.insert(items).inline(), item_row(2_000))
        tx.exec_driver_sql("SELECT 1 / 0")
        for number in range(sent_after):
            tx.execute(sa.insert(items).inline(), item_row(2_001 + number))

    with pytest.raises(sa.exc.DBAPIError) as caught:
        write()
    assert isinstance(caught.value.orig, errors.DivisionByZero)
    assert count_items(2_000) == 0
    stock.lot("receive 1")  # the pool still works


def test_exception_in_a_pipeline_rolls_back(stock: Stock) -> None:
    @atomic_pipelined
    def write(tx: Connection) -> None:
        tx.execute(sa.insert(items).inline(), item_row(3_000))
        tx.execute(sa.select(items.c.id))
        raise LookupError

    with pytest.raises(LookupError):
        write()
    assert count_items(3_000) == 0
    assert db.engine.pool.checkedout() == 0


@pytest.mark.parametrize(
    "lose",
    [
        lambda tx: tx.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())").all(),
        lambda tx: tx.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())"),
        lambda tx: tx.connection.driver_connection.close(),
        lambda tx: terminate_backend(tx),
    ],
    ids=["at the fetch", "at commit", "closed by the client", "at the next statement"],
)
def test_connection_lost_in_a_transaction_raises_busy(stock: Stock, lose) -> None:
    @atomic_pipelined
    def write(tx: Connection) -> None:
        tx.execute(sa.insert(items).inline(), item_row(4_000))
        lose(tx)

    with pytest.raises(Busy):
        write()
    assert count_items(4_000) == 0
    stock.lot("receive 1")


def terminate_backend(tx: Connection) -> None:
    backend = tx.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    with db.engine.connect() as other:
        other.exec_driver_sql(f"SELECT pg_terminate_backend({backend}, 5000)").all()
    for _ in range(3):
        tx.execute(sa.select(items.c.id))


def test_connection_lost_before_the_first_statement_raises_busy(
    stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    @atomic_pipelined
    def write(tx: Connection) -> None:
        tx.execute(sa.insert(items).inline(), item_row(4_000))

    def lost(self: psycopg.Connection) -> None:
        raise psycopg.OperationalError("the connection is closed")

    with monkeypatch.context() as patch:
        patch.setattr(psycopg.Connection, "pipeline", lost)
        with pytest.raises(Busy):
            write()
    write()


def test_transaction_left_open_is_an_error(stock: Stock, monkeypatch: pytest.MonkeyPatch) -> None:
    @atomic_pipelined
    def write(tx: Connection) -> None:
        tx.execute(sa.insert(items).inline(), item_row(5_000))

    with monkeypatch.context() as patch:
        patch.setattr(psycopg.Connection, "commit", lambda self: None)
        with pytest.raises(RuntimeError, match="left open"):
            write()
    assert count_items(5_000) == 0


def test_reservation_takes_at_most_three_round_trips(
    stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    lot = stock.lot("receive 10")
    fields = {"qty": 1, "reference": "R", "lots": [part(lot, 1)]}
    for _ in range(2):
        stock.post("reserve", item="BOLT", **fields)
    round_trips: list[int] = []
    fetch = BasePipeline._fetch_gen

    def count(self: BasePipeline, **options: bool):
        if self.result_queue:
            round_trips.append(len(self.result_queue))
        return fetch(self, **options)

    monkeypatch.setattr(BasePipeline, "_fetch_gen", count)
    stock.post("reserve", item="BOLT", **fields)
    # 1: BEGIN, lock and read; 2: allocate ids; 3: write and commit.
    assert 0 < len(round_trips) <= 3, round_trips


def test_key_in_progress_raises_idempotency_in_progress(
    app: Flask, stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(database._POSTGRESQL, "lock_timeout", "300ms")
    db.engine.dispose()
    one_key, lots = key(), {item: stock.lot("receive 5", item=item) for item in ("BOLT", "NUT")}
    stored, may_commit = threading.Event(), threading.Event()
    store_outcome = store.store_outcome

    def store_and_wait(tx: Connection, **fields: object) -> None:
        store_outcome(tx, **fields)
        if threading.current_thread() is not threading.main_thread():
            tx.execute(sa.text("SELECT 1")).all()
            stored.set()
            may_commit.wait(20)

    monkeypatch.setattr(store, "store_outcome", store_and_wait)
    fields = [
        {"item": item, "qty": 1, "reference": "R", "lots": [part(lot, 1)]}
        for item, lot in lots.items()
    ]

    def first() -> None:
        with app.app_context():
            ledger.reserve(user_id=stock.user_id, key=one_key, **fields[0])

    worker = threading.Thread(target=first)
    worker.start()
    assert stored.wait(20)
    try:
        with pytest.raises(IdempotencyInProgress):
            ledger.reserve(user_id=stock.user_id, key=one_key, **fields[1])
    finally:
        may_commit.set()
        worker.join()
    assert ledger.reserve(user_id=stock.user_id, key=one_key, **fields[0]).replayed


def item_row(id: int) -> dict[str, object]:
    return {
        "id": id, "code": f"N-{id}", "name": "N", "unit": "pcs", "decimals": 0,
        "qc_required": False, "created_at": now(),
    }  # fmt: skip


def count_items(id: int) -> int:
    with db.engine.connect() as conn:
        chosen = sa.select(sa.func.count()).where(items.c.id == id)
        return int(conn.execute(chosen).scalar_one())
