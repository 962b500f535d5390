"""`flask webhooks …`, and senders that are killed while they send."""

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


def run_low(app: Flask) -> None:
    with app.app_context():
        stock = Stock()
        stock.item("BOLT", reorder_point="5")
        db.session.remove()


def test_a_program_is_added_told_and_told_again(
    flask: Shell, app: Flask, receiver: Receiver
) -> None:
    lines = flask("webhooks", "add", receiver.url).output.splitlines()
    assert lines[0].startswith("Webhook 1 is told")
    assert lines[1].startswith("whsec_")
    run_low(app)
    assert flask("webhooks", "deliver").output == "1 sent.\n"
    assert flask("webhooks", "deliver").output == "0 sent.\n"
    assert flask("webhooks", "replay", "1").output == "Delivery 1 is due again.\n"
    assert flask("webhooks", "deliver").output == "1 sent.\n"
    assert len({one.headers["webhook-id"] for one in receiver.requests}) == 1
    listed = flask("webhooks", "list").output
    assert receiver.url in listed
    assert "item.low" in listed
    assert lines[1] not in listed


def test_a_program_gets_a_new_secret_and_is_told_no_more(
    flask: Shell, app: Flask, receiver: Receiver
) -> None:
    first = flask("webhooks", "add", receiver.url).output.splitlines()[1]
    second = flask("webhooks", "new-secret", "1").output.strip()
    assert second.startswith("whsec_")
    assert second != first
    run_low(app)
    assert "told nothing any more" in flask("webhooks", "end", "1").output
    assert flask("webhooks", "deliver").output == "0 sent.\n"
    assert "ended" in flask("webhooks", "list").output
    assert "no webhook number 1" in flask.fails("webhooks", "end", "1")
    assert "no webhook number 2" in flask.fails("webhooks", "new-secret", "2")


def test_what_cannot_be_done_is_one_sentence(flask: Shell) -> None:
    done = flask("webhooks", "add", "ftp://a.example")
    assert (done.exit_code, done.output.count("\n")) == (1, 1)
    assert "no delivery number 9" in flask("webhooks", "replay", "9").output


def test_a_sender_killed_while_it_sends_loses_nothing(
    flask: Shell, app: Flask, receiver: Receiver, environ: dict[str, str]
) -> None:
    flask("webhooks", "add", receiver.url)
    run_low(app)
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
    assert len({one.headers["webhook-id"] for one in receiver.requests}) == 1


def test_the_server_delivers_by_itself_also_what_an_earlier_one_left(
    flask: Shell, app: Flask, receiver: Receiver, live_server: LiveServer
) -> None:
    flask("webhooks", "add", receiver.url)
    live_server.kill()
    run_low(app)
    live_server.start()
    wait_until(lambda: receiver.types == ["item.low"], "the server delivered nothing")
