"""Two PostgreSQL servers, one following the other: pages from the standby, and failover."""

from __future__ import annotations

import dataclasses
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask

from inventory import create_app
from inventory.config import Config
from inventory.db import db, replica
from tests.support.context_stock import ContextStock
from tests.support.databases import Server, migrate, postgresql, replica_of
from tests.support.servers import wait_until
from tests.support.users import Person, visible_text

pytestmark = pytest.mark.only("postgresql")

SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "32MB",
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "replica",
    "max_wal_senders": "4",
    "hot_standby": "on",
    "wal_receiver_status_interval": "1s",
}


@dataclass
class Pair:
    primary: Server
    standby: Server

    def ask(self, server: Server, statement: str) -> Any:
        with psycopg.connect(server.url.replace("+psycopg", ""), autocommit=True) as connection:
            found = connection.execute(statement)
            return found.fetchone()[0] if found.description else None  # type: ignore[index]

    def catch_up(self) -> None:
        position = self.ask(self.primary, "SELECT pg_current_wal_flush_lsn()")
        far = f"SELECT pg_last_wal_replay_lsn() >= '{position}'"
        wait_until(lambda: bool(self.ask(self.standby, far)), "the standby does not follow")

    def stand_still(self) -> None:
        """The standby keeps what comes, and shows none of it."""
        self.ask(self.standby, "SELECT pg_wal_replay_pause()")
        paused = "SELECT pg_get_wal_replay_pause_state() = 'paused'"
        wait_until(lambda: bool(self.ask(self.standby, paused)), "it does not stand still")

    def go_on(self) -> None:
        self.ask(self.standby, "SELECT pg_wal_replay_resume()")


@pytest.fixture
def pair() -> Iterator[Pair]:
    with ExitStack() as stack:
        places = [
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="inv-"))) for _ in "12"
        ]
        primary = stack.enter_context(postgresql(places[0], SETTINGS))
        migrate(primary.url)
        yield Pair(primary, stack.enter_context(replica_of(primary, places[1], SETTINGS)))


@pytest.fixture
def app(pair: Pair, environ: dict[str, str]) -> Iterator[Flask]:
    hosts = f"host={pair.primary.data.parent}&host={pair.standby.data.parent}"
    both = f"postgresql://postgres@/postgres?{hosts}&target_session_attrs=read-write"
    given = environ | {"DATABASE_URL": both, "DATABASE_READ_URL": pair.standby.url}
    given["DATABASE_READ_URL"] = given["DATABASE_READ_URL"].replace("+psycopg", "")
    config = Config.from_env(given)
    app = create_app(dataclasses.replace(config, password_time_cost=1, password_memory_kib=8))
    yield app
    app.extensions["standby"].dispose()
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def on_hand(someone: Person, lot: int) -> str:
    words = visible_text(someone.get(f"/lots/{lot}/").text)
    found = re.search(r"On hand pcs (\d+)", words)
    assert found, words
    return found[1]


def test_pages_come_from_the_standby_and_a_users_own_writes_never_wait_for_it(
    app: Flask, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    stock = ContextStock(app)
    lot = stock.lot("receive 10")
    ole, vic, ira = Person(app, "ole"), Person(app, "vic"), Person(app, "ira")
    pair.catch_up()
    assert (on_hand(ole, lot), on_hand(vic, lot)) == ("10", "10")
    pair.stand_still()
    assert ole.submit(f"/lots/{lot}/count/", counted="7").status_code == 303
    # Whoever wrote sees it; others see the standby, which does not know yet.
    assert (on_hand(ole, lot), on_hand(vic, lot)) == ("7", "10")
    assert "behind" not in ole.get(f"/lots/{lot}/").text
    monkeypatch.setattr("inventory.http.replica_routing.SHOWN_LAG", 0.0)
    assert "is behind." in visible_text(vic.get(f"/lots/{lot}/").text)
    # What is decided is never decided on the standby's word.
    assert ira.submit("/issue/", item="BOLT", qty="8").status_code == 409
    # Too far behind: the primary answers.
    monkeypatch.setattr(replica, "MOST_LAG", 0.0)
    assert on_hand(vic, lot) == "7"
    monkeypatch.undo()
    pair.go_on()
    pair.catch_up()
    assert (on_hand(ole, lot), on_hand(vic, lot)) == ("7", "7")


def test_without_the_standby_the_primary_answers_and_the_standby_takes_over_from_it(
    app: Flask, pair: Pair
) -> None:
    stock = ContextStock(app)
    lot = stock.lot("receive 10")
    ole = Person(app, "ole")
    pair.catch_up()
    assert on_hand(ole, lot) == "10"
    pair.standby.kill()
    assert on_hand(ole, lot) == "10"
    assert ole.submit(f"/lots/{lot}/count/", counted="7").status_code == 303
    (pair.standby.data / "postmaster.pid").unlink(missing_ok=True)
    time.sleep(0.2)
    pair.standby.start()
    pair.catch_up()
    pair.primary.kill()
    assert pair.ask(pair.standby, "SELECT pg_promote(true, 20)")

    def works() -> bool:
        answer = ole.get(f"/lots/{lot}/count/")
        return answer.status_code == 200

    wait_until(works, "nobody took over", seconds=15)
    assert ole.submit(f"/lots/{lot}/count/", counted="5").status_code == 303
    assert on_hand(ole, lot) == "5"
