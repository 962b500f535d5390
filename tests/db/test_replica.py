"""A PostgreSQL primary and its read replica: pages from the replica, and failover."""

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
    replica: Server

    def ask(self, server: Server, statement: str) -> Any:
        with psycopg.connect(server.url.replace("+psycopg", ""), autocommit=True) as connection:
            found = connection.execute(statement)
            return found.fetchone()[0] if found.description else None  # type: ignore[index]

    def catch_up(self) -> None:
        position = self.ask(self.primary, "SELECT pg_current_wal_flush_lsn()")
        far = f"SELECT pg_last_wal_replay_lsn() >= '{position}'"
        wait_until(lambda: bool(self.ask(self.replica, far)), "the replica does not catch up")

    def pause_replay(self) -> None:
        """Pause the replay: the replica receives changes but does not show them."""
        self.ask(self.replica, "SELECT pg_wal_replay_pause()")
        paused = "SELECT pg_get_wal_replay_pause_state() = 'paused'"
        wait_until(lambda: bool(self.ask(self.replica, paused)), "the replay did not pause")

    def resume_replay(self) -> None:
        self.ask(self.replica, "SELECT pg_wal_replay_resume()")


@pytest.fixture
def pair() -> Iterator[Pair]:
    with ExitStack() as stack:
        directories = [
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="inv-"))) for _ in "12"
        ]
        primary = stack.enter_context(postgresql(directories[0], SETTINGS))
        migrate(primary.url)
        yield Pair(primary, stack.enter_context(replica_of(primary, directories[1], SETTINGS)))


@pytest.fixture
def app(pair: Pair, environ: dict[str, str]) -> Iterator[Flask]:
    hosts = f"host={pair.primary.data.parent}&host={pair.replica.data.parent}"
    both = f"postgresql://postgres@/postgres?{hosts}&target_session_attrs=read-write"
    environment = environ | {"DATABASE_URL": both, "DATABASE_READ_URL": pair.replica.url}
    environment["DATABASE_READ_URL"] = environment["DATABASE_READ_URL"].replace("+psycopg", "")
    config = Config.from_env(environment)
    app = create_app(dataclasses.replace(config, password_time_cost=1, password_memory_kib=8))
    yield app
    app.extensions["standby"].dispose()
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def on_hand(person: Person, lot: int) -> str:
    words = visible_text(person.get(f"/lots/{lot}/").text)
    found = re.search(r"On hand pcs (\d+)", words)
    assert found, words
    return found[1]


def test_pages_use_the_replica_except_after_the_users_own_write(
    app: Flask, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    stock = ContextStock(app)
    lot = stock.lot("receive 10")
    ole, vic, ira = Person(app, "ole"), Person(app, "vic"), Person(app, "ira")
    pair.catch_up()
    assert (on_hand(ole, lot), on_hand(vic, lot)) == ("10", "10")
    pair.pause_replay()
    assert ole.submit(f"/lots/{lot}/count/", counted="7", reason="Missing").status_code == 303
    # The writer sees the change; others read the replica, which does not have it yet.
    assert (on_hand(ole, lot), on_hand(vic, lot)) == ("7", "10")
    assert "behind" not in ole.get(f"/lots/{lot}/").text
    monkeypatch.setattr("inventory.http.replica_routing.SHOWN_LAG", 0.0)
    assert "is not up to date." in visible_text(vic.get(f"/lots/{lot}/").text)
    # Writes are decided on the primary, never on the replica.
    assert ira.submit("/issue/", item="BOLT", qty="8").status_code == 409
    # If the replica is too far behind, the primary answers.
    monkeypatch.setattr(replica, "MOST_LAG", 0.0)
    assert on_hand(vic, lot) == "7"
    monkeypatch.undo()
    pair.resume_replay()
    pair.catch_up()
    assert (on_hand(ole, lot), on_hand(vic, lot)) == ("7", "7")


def test_primary_answers_without_the_replica_and_failover_works(app: Flask, pair: Pair) -> None:
    stock = ContextStock(app)
    lot = stock.lot("receive 10")
    ole = Person(app, "ole")
    pair.catch_up()
    assert on_hand(ole, lot) == "10"
    pair.replica.kill()
    assert on_hand(ole, lot) == "10"
    assert ole.submit(f"/lots/{lot}/count/", counted="7", reason="Missing").status_code == 303
    (pair.replica.data / "postmaster.pid").unlink(missing_ok=True)
    time.sleep(0.2)
    pair.replica.start()
    pair.catch_up()
    pair.primary.kill()
    assert pair.ask(pair.replica, "SELECT pg_promote(true, 20)")

    def can_count() -> bool:
        answer = ole.get(f"/lots/{lot}/count/")
        return answer.status_code == 200

    wait_until(can_count, "the replica did not take over", seconds=15)
    assert ole.submit(f"/lots/{lot}/count/", counted="5", reason="Missing").status_code == 303
    assert on_hand(ole, lot) == "5"
