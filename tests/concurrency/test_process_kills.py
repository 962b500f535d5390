"""Kill the server under load: no acknowledged operation is lost or posted twice."""

from __future__ import annotations

import itertools
import os
import threading
import time
import uuid
from collections.abc import Iterator

import httpx
import pytest
import sqlalchemy as sa
from flask import Flask

from inventory.accounts import api_tokens
from inventory.db import connection, snapshot
from inventory.models import WriteRequest
from inventory.stock.statements import ledger, operations
from inventory.verification import verify
from tests.support.servers import LiveServer
from tests.support.stock_builder import Stock

#: The nightly run kills more often (KILLS=30).
KILLS = int(os.environ.get("KILLS", "6"))
CLIENTS = 4


class Client(threading.Thread):
    """Receives, reserves and issues; retries with the same key until it has an answer."""

    def __init__(self, server: LiveServer, token: str, number: int, ended: threading.Event):
        super().__init__()
        self.server, self.ended, self.number = server, ended, number
        self.headers = {"Authorization": f"Bearer {token}"}
        #: Idempotency key: the id of the operation, or the code of the refusal.
        self.acknowledged: dict[str, object] = {}
        self.unexpected: list[str] = []

    def run(self) -> None:
        for path, body in self.requests():
            if self.ended.is_set():
                return
            key = uuid.uuid4().hex
            while (answer := self.send(path, body, key)) is None:
                time.sleep(0.02)
            self.acknowledged[key] = answer

    def requests(self) -> Iterator[tuple[str, dict[str, object]]]:
        for number in itertools.count():
            lot_code = f"L-{self.number}-{number}"
            yield "receipts", {"item": "BOLT", "lotCode": lot_code, "qty": "3"}
            yield "reservations", {"item": "BOLT", "qty": "2", "reference": lot_code}
            yield "issues", {"item": "BOLT", "qty": "2"}

    def send(self, path: str, body: dict[str, object], key: str) -> object:
        try:
            response = httpx.post(
                f"{self.server.url}/api/v1/{path}",
                json=body,
                headers={**self.headers, "Idempotency-Key": key},
                timeout=10,
            )
        except httpx.HTTPError:
            return None
        if response.status_code in (409, 503) and response.json()["code"] in (
            "BUSY", "IDEMPOTENCY_IN_PROGRESS",
        ):  # fmt: skip
            return None
        if response.status_code not in (201, 409):
            self.unexpected.append(f"{response.status_code} {response.text[:300]}")
        return response.json().get("id") or response.json()["code"]


@pytest.mark.usefixtures("stock")
def test_every_acknowledged_operation_is_stored_once_after_kills(
    app: Flask, live_server: LiveServer, stock: Stock
) -> None:
    stock.item()
    _, token = api_tokens.create_token(user_id=stock.user_id, name="load", role="operator")
    ended = threading.Event()
    clients = [Client(live_server, token, number, ended) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    for _ in range(KILLS):
        time.sleep(0.3)
        live_server.kill()
        live_server.start()
    ended.set()
    for client in clients:
        client.join()

    assert not [response for client in clients for response in client.unexpected]
    keys = {key: answer for client in clients for key, answer in client.acknowledged.items()}
    granted = [answer for answer in keys.values() if isinstance(answer, int)]
    assert len(granted) > KILLS
    stored = connection().execute(
        sa.select(WriteRequest.idempotency_key, WriteRequest.refused)
    ).all()  # fmt: skip
    outcomes_of_keys = {
        row.idempotency_key: row.refused for row in stored if row.idempotency_key in keys
    }
    assert outcomes_of_keys == {key: not isinstance(answer, int) for key, answer in keys.items()}
    written = connection().execute(sa.select(operations.c.kind, operations.c.id)).all()
    assert len(written) == len(granted)
    entries = connection().execute(sa.select(sa.func.count()).select_from(ledger)).scalar_one()
    assert entries >= len(granted)
    with snapshot() as reader:
        assert not verify(reader).findings
