"""`flask report`."""

from __future__ import annotations

import pytest
from flask import Flask

from inventory.common import clock
from inventory.db import db
from tests.cli.test_cli import Shell
from tests.support.stock_builder import Stock, in_days


@pytest.fixture
def flask(app: Flask) -> Shell:
    return Shell(app)


@pytest.fixture
def lot(app: Flask) -> int:
    with app.app_context():
        stock = Stock()
        db.session.rollback()
        return stock.lot("receive 10, reserve 4 JOB-1", lot_code="L-1")


def test_a_recall_is_printed_as_a_table_or_as_csv(flask: Shell, lot: int) -> None:
    lines = flask("report", "recall", "L-1", "--item", "BOLT").output.splitlines()
    assert lines[0].split()[:3] == ["WHAT", "REFERENCE", "ITEM"]
    assert [line.split()[0] for line in lines[1:]] == ["came", "reserved", "on"]
    lines = flask("report", "recall", "L-1", "--item", "BOLT", "--csv").output.splitlines()
    assert lines[2].startswith("reserved,JOB-1,BOLT,L-1,4,pcs,")


def test_an_unknown_lot_is_refused(flask: Shell, lot: int) -> None:
    done = flask("report", "recall", "L-2", "--item", "BOLT")
    assert (done.exit_code, done.output) == (1, "Error: There is no lot L-2 of BOLT.\n")


def test_the_reorder_report_is_printed(flask: Shell, app: Flask) -> None:
    assert flask("report", "reorder").output == "Nothing.\n"
    with app.app_context():
        stock = Stock()
        stock.item("BOLT", reorder_point="5")
    lines = flask("report", "reorder").output.splitlines()
    assert lines[1].split()[:5] == ["BOLT", "Bolt", "pcs", "0", "5"]


def csv(flask: Shell, *words: str) -> list[list[str]]:
    lines = flask("report", *words, "--csv").output.removeprefix("\ufeff").splitlines()
    return [line.split(",") for line in lines[1:]]


def test_stock_is_printed_now_and_as_of_a_time(flask: Shell, lot: int) -> None:
    assert csv(flask, "stock") == [["BOLT", "Bolt", "pcs", "10", "4", "6", "0", "6"]]
    assert csv(flask, "stock", "--lots")[0][:4] == ["BOLT", "L-1", "pcs", "APPROVED"]
    assert csv(flask, "stock", "--at", "2020-01-01") == []


def test_movement_age_and_expiry_are_printed(flask: Shell, app: Flask, lot: int) -> None:
    with app.app_context():
        today = str(clock.today())
        Stock().lot("receive 3", item="MILK", expires_on=in_days(2))
        expires = str(in_days(2))
    assert csv(flask, "movement", "--item", "BOLT")[-1] == [today, "10", "0"]
    assert csv(flask, "movement")[-1] == [today, "2", "0"]
    assert len(csv(flask, "movement", "--from", today, "--to", today)) == 1
    assert csv(flask, "ageing") == [["pcs", "up to 30", "2", "13"]]
    assert csv(flask, "ageing", "--item", "MILK") == [["pcs", "up to 30", "1", "3"]]
    assert csv(flask, "expiring") == [[expires, "pcs", "1", "3", "0"]]
    done = flask("report", "movement", "--from", today, "--to", "2020-01-01")
    assert (done.exit_code, "at once" in done.output) == (1, True)
    assert "no item NUT" in flask("report", "ageing", "--item", "NUT").output
