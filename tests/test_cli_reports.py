"""`flask report …`."""

from __future__ import annotations

import pytest
from flask import Flask

from inventory.db import db
from tests.stock import Stock
from tests.test_cli import Shell


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


def test_a_lot_that_is_not_there_is_said_so(flask: Shell, lot: int) -> None:
    done = flask("report", "recall", "L-2", "--item", "BOLT")
    assert (done.exit_code, done.output) == (1, "Error: There is no lot L-2 of BOLT.\n")


def test_what_has_to_be_bought_is_printed(flask: Shell, app: Flask) -> None:
    assert flask("report", "reorder").output == "Nothing.\n"
    with app.app_context():
        stock = Stock()
        stock.item("BOLT", reorder_point="5")
    lines = flask("report", "reorder").output.splitlines()
    assert lines[1].split()[:5] == ["BOLT", "Bolt", "pcs", "0", "5"]
