"""Statements that travel together to PostgreSQL: as right as one at a time, in fewer journeys."""

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


def test_rows_are_waited_for_when_they_are_fetched(app: Flask) -> None:
    one, two = sa.text("SELECT 11 AS a"), sa.text("SELECT 12 AS b, 13 AS c")
    for is_known in (False, True):
        with app.app_context(), db.engine.connect() as conn, pipelined(conn), conn.begin():
            if not is_known:
                DescriptionCachingCursor._columns.clear()
            found = [conn.execute(one), conn.execute(two)]
            is_here = [result.cursor.pgresult is not None for result in found]
            assert is_here == ([False, False] if is_known else [True, True])
            assert found[1].mappings().one() == {"b": 12, "c": 13}
            assert found[0].scalar_one() == 11


def test_what_was_sent_and_refused_is_told_at_the_commit(stock: Stock) -> None:
    @atomic_pipelined
    def write_twice(tx: Connection) -> None:
        for _ in range(2):
            tx.execute(sa.insert(items).inline(), item_row(1_000))

    with pytest.raises(Busy):  # a lost race, again and again
        write_twice()
    assert there(1_000) == 0


@pytest.mark.parametrize("sent_after", [0, 1, 3])
def test_what_went_wrong_first_is_what_is_told(stock: Stock, sent_after: int) -> None:
    @atomic_pipelined
    def write(tx: Connection) -> None:
        tx.execute(sa.insert(items).inline(), item_row(2_000))
        tx.exec_driver_sql("SELECT 1 / 0")
        for number in range(sent_after):
            tx.execute(sa.insert(items).inline(), item_row(2_001 + number))

    with pytest.raises(sa.exc.DBAPIError) as caught:
        write()
    assert isinstance(caught.value.orig, errors.DivisionByZero)
    assert there(2_000) == 0
    stock.lot("receive 1")  # the connection is as good as new


def test_a_verb_that_gives_up_leaves_nothing(stock: Stock) -> None:
    @atomic_pipelined
    def write(tx: Connection) -> None:
        tx.execute(sa.insert(items).inline(), item_row(3_000))
        tx.execute(sa.select(items.c.id))
        raise LookupError

    with pytest.raises(LookupError):
        write()
    assert there(3_000) == 0
    assert db.engine.pool.checkedout() == 0


@pytest.mark.parametrize(
    "lose",
    [
        lambda tx: tx.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())").all(),
        lambda tx: tx.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())"),
        lambda tx: tx.connection.driver_connection.close(),
        lambda tx: kill_from_outside(tx),
    ],
    ids=["seen at once", "seen at the commit", "closed here", "seen at the next statement"],
)
def test_a_connection_lost_on_the_way_is_busy(stock: Stock, lose) -> None:
    @atomic_pipelined
    def write(tx: Connection) -> None:
        tx.execute(sa.insert(items).inline(), item_row(4_000))
        lose(tx)

    with pytest.raises(Busy):
        write()
    assert there(4_000) == 0
    stock.lot("receive 1")


def kill_from_outside(tx: Connection) -> None:
    backend = tx.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    with db.engine.connect() as other:
        other.exec_driver_sql(f"SELECT pg_terminate_backend({backend}, 5000)").all()
    for _ in range(3):
        tx.execute(sa.select(items.c.id))


def test_a_connection_lost_before_the_first_word_is_busy(
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


def test_a_transaction_that_would_stay_open_is_no_success(
    stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    @atomic_pipelined
    def write(tx: Connection) -> None:
        tx.execute(sa.insert(items).inline(), item_row(5_000))

    with monkeypatch.context() as patch:
        patch.setattr(psycopg.Connection, "commit", lambda self: None)
        with pytest.raises(RuntimeError, match="left open"):
            write()
    assert there(5_000) == 0


def test_a_reservation_takes_three_journeys_at_the_most(
    stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    lot = stock.lot("receive 10")
    fields = {"qty": 1, "reference": "R", "lots": [part(lot, 1)]}
    for _ in range(2):
        stock.post("reserve", item="BOLT", **fields)
    journeys: list[int] = []
    fetch = BasePipeline._fetch_gen

    def count(self: BasePipeline, **how: bool):
        if self.result_queue:
            journeys.append(len(self.result_queue))
        return fetch(self, **how)

    monkeypatch.setattr(BasePipeline, "_fetch_gen", count)
    stock.post("reserve", item="BOLT", **fields)
    # Begin, lock and look; ids; write and commit.
    assert 0 < len(journeys) <= 3, journeys


def test_a_key_that_is_being_worked_on_is_told_as_that(
    app: Flask, stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(database._POSTGRESQL, "lock_timeout", "300ms")
    db.engine.dispose()
    one_key, lots = key(), {item: stock.lot("receive 5", item=item) for item in ("BOLT", "NUT")}
    wrote, may_go = threading.Event(), threading.Event()
    remember = store.store_outcome

    def remember_slowly(tx: Connection, **fields: object) -> None:
        remember(tx, **fields)
        if threading.current_thread() is not threading.main_thread():
            tx.execute(sa.text("SELECT 1")).all()
            wrote.set()
            may_go.wait(20)

    monkeypatch.setattr(store, "store_outcome", remember_slowly)
    fields = [
        {"item": item, "qty": 1, "reference": "R", "lots": [part(lot, 1)]}
        for item, lot in lots.items()
    ]

    def first() -> None:
        with app.app_context():
            ledger.reserve(user_id=stock.user_id, key=one_key, **fields[0])

    worker = threading.Thread(target=first)
    worker.start()
    assert wrote.wait(20)
    try:
        with pytest.raises(IdempotencyInProgress):
            ledger.reserve(user_id=stock.user_id, key=one_key, **fields[1])
    finally:
        may_go.set()
        worker.join()
    assert ledger.reserve(user_id=stock.user_id, key=one_key, **fields[0]).replayed


def item_row(id: int) -> dict[str, object]:
    return {
        "id": id, "code": f"N-{id}", "name": "N", "unit": "pcs", "decimals": 0,
        "qc_required": False, "created_at": now(),
    }  # fmt: skip


def there(id: int) -> int:
    with db.engine.connect() as conn:
        chosen = sa.select(sa.func.count()).where(items.c.id == id)
        return int(conn.execute(chosen).scalar_one())
