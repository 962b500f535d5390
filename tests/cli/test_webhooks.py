"""`flask webhooks`, and deliveries of killed senders."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask

from inventory.common import clock
from inventory.db import db
from inventory.http.secret_keys import signing_keys
from inventory.webhooks import delivery
from tests.cli.test_cli import Shell
from tests.support.servers import ROOT, LiveServer, wait_until
from tests.support.stock_builder import Stock
from tests.support.webhook_receivers import Receiver, run_receiver


@pytest.fixture
def flask(app: Flask) -> Shell:
    return Shell(app)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with run_receiver() as receiver:
        yield receiver


def create_low_item(app: Flask) -> None:
    with app.app_context():
        stock = Stock()
        stock.item("BOLT", reorder_point="5")
        db.session.remove()


def test_an_endpoint_is_added_notified_and_notified_again(
    flask: Shell, app: Flask, receiver: Receiver
) -> None:
    lines = flask("webhooks", "add", receiver.url).output.splitlines()
    assert lines[0].startswith("Webhook 1 added.")
    assert lines[1].startswith("whsec_")
    create_low_item(app)
    assert flask("webhooks", "deliver").output == "1 sent.\n"
    assert flask("webhooks", "deliver").output == "0 sent.\n"
    assert flask("webhooks", "replay", "1").output == "Delivery 1 is due again.\n"
    assert flask("webhooks", "deliver").output == "1 sent.\n"
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1
    listed = flask("webhooks", "list").output
    assert receiver.url in listed
    assert "item.low" in listed
    assert lines[1] not in listed


def test_an_endpoint_gets_a_new_secret_and_is_ended(
    flask: Shell, app: Flask, receiver: Receiver
) -> None:
    first = flask("webhooks", "add", receiver.url).output.splitlines()[1]
    second = flask("webhooks", "new-secret", "1").output.strip()
    assert second.startswith("whsec_")
    assert second != first
    create_low_item(app)
    assert "removed. It gets no more events." in flask("webhooks", "end", "1").output
    assert flask("webhooks", "deliver").output == "0 sent.\n"
    assert "ended" in flask("webhooks", "list").output
    assert "no webhook endpoint number 1" in flask.fails("webhooks", "end", "1")
    assert "no webhook endpoint number 2" in flask.fails("webhooks", "new-secret", "2")


def test_refused_webhook_commands_print_the_reason(flask: Shell) -> None:
    done = flask("webhooks", "add", "ftp://a.example")
    assert (done.exit_code, done.output.count("\n")) == (1, 1)
    assert "no delivery number 9" in flask("webhooks", "replay", "9").output


def test_a_delivery_of_a_killed_sender_is_sent_again(
    flask: Shell, app: Flask, receiver: Receiver, environ: dict[str, str]
) -> None:
    flask("webhooks", "add", receiver.url)
    create_low_item(app)
    receiver.seconds = 30
    sender = subprocess.Popen(
        [sys.executable, "-m", "flask", "webhooks", "deliver"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environ},
        start_new_session=True,
    )
    wait_until(lambda: len(receiver.requests) == 1, "nothing was sent", seconds=30)
    os.killpg(sender.pid, signal.SIGKILL)
    sender.wait()
    receiver.seconds = 0
    with app.app_context(), clock.frozen_at(clock.now() + timedelta(minutes=2)):
        assert delivery.deliver_due(keys=signing_keys(app)) == 1
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1


def test_the_server_sends_deliveries_of_an_earlier_run(
    flask: Shell, app: Flask, receiver: Receiver, live_server: LiveServer
) -> None:
    flask("webhooks", "add", receiver.url)
    live_server.kill()
    create_low_item(app)
    live_server.start()
    wait_until(lambda: receiver.types == ["item.low"], "the server delivered nothing")
