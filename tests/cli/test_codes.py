"""`flask codes` and `flask labels`."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from inventory.db import db
from tests.cli.test_cli import Shell
from tests.labels.test_labels import scanned
from tests.support.stock_builder import Stock

GTIN = "09521123456785"


@pytest.fixture
def flask(app: Flask) -> Shell:
    return Shell(app)


@pytest.fixture
def lot(app: Flask) -> int:
    with app.app_context():
        stock = Stock()
        db.session.rollback()
        return stock.lot(lot_code="L-1")


@pytest.fixture
def anna(flask: Shell) -> None:
    words = ("users", "create", "Anna", "--role", "operator", "--password-stdin")
    assert flask(*words, input="a fine long password\n").exit_code == 0


def test_a_barcode_is_linked_listed_and_unlinked(flask: Shell, lot: int, anna: None) -> None:
    done = flask(
        "codes", "link", "9521123456785", "--item", "BOLT", "--qty", "12", "--user", "Anna"
    )
    assert done.output == f"{GTIN} is linked to 12 of BOLT.\n"
    done = flask("codes", "link", "BIN 7", "--lot", str(lot), "--user", "Anna")
    assert done.output == "BIN 7 is linked to lot L-1 of BOLT.\n"
    listed = [line.split() for line in flask("codes", "list", "--item", "BOLT").output.splitlines()]
    assert [line[1:] for line in listed[1:]] == [
        ["BIN", "7", "BOLT", "L-1", "1", "Anna"], [GTIN, "BOLT", "12", "Anna"],
    ]  # fmt: skip
    assert "no longer" in flask("codes", "unlink", f"(01){GTIN}", "--user", "anna").output
    assert GTIN not in flask("codes", "list").output


def test_refused_barcode_commands_print_the_reason(flask: Shell, lot: int, anna: None) -> None:
    assert "should be 5" in flask.fails("codes", "link", "9521123456787", "--item", "BOLT",
                                        "--user", "Anna")  # fmt: skip
    assert "no item" in flask.fails("codes", "link", "X", "--item", "NIX", "--user", "Anna")
    assert "either" in flask.fails("codes", "link", "X", "--user", "Anna")
    assert "no user Bob" in flask.fails("codes", "link", "X", "--item", "BOLT", "--user", "Bob")
    assert "not linked" in flask.fails("codes", "unlink", "X", "--user", "Anna")


def test_labels_are_written_to_a_file_or_standard_output(
    flask: Shell, lot: int, tmp_path: Path
) -> None:
    out = tmp_path / "labels.pdf"
    words = ("labels", "print", "--receipt", "1", "--item", "BOLT", "--location", "A-1")
    done = flask(*words, "--copies", "2", "--layout", "a4-3x8", "--start", "23", "--out", str(out))
    assert done.output == f"6 labels are in {out}.\n"
    found = scanned(out.read_bytes())
    assert len(found) == 6
    assert len([code for code in found if code.startswith(f"]Q1INV1L{lot}X")]) == 2
    content = flask("labels", "print", "--lot", str(lot), "--qty", "--format", "zpl").stdout_bytes
    assert content.startswith(b"^XA")
    assert b"Qty 10 pcs" in content
    assert flask("labels", "print", "--lot", str(lot)).stdout_bytes.startswith(b"%PDF")


def test_refused_label_commands_print_the_reason(flask: Shell, lot: int, tmp_path: Path) -> None:
    command = ("labels", "print", "--lot", str(lot))
    assert "Choose lots" in flask.fails("labels", "print")
    assert "no lot with the ID 99" in flask.fails("labels", "print", "--lot", "99")
    assert "A layout is one of" in flask.fails(*command, "--layout", "a5")
    assert "position 1 to 24" in flask.fails(*command, "--layout", "a4-3x8", "--start", "25")
    assert "1 to 1000" in flask.fails(*command, "--copies", "1001")
    assert "not a sheet" in flask.fails(*command, "--layout", "a4-3x8", "--format", "zpl")
    assert "cannot be written" in flask.fails(*command, "--out", str(tmp_path / "no" / "where.pdf"))


def test_the_layouts_are_listed(flask: Shell) -> None:
    output = flask("labels", "layouts").output
    assert "a4-3x8" in output
    assert "63.5 × 33.9 mm" in output
