"""`flask export`: whole lists as files."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

import pytest
from flask import Flask

from inventory.db import db
from inventory.exports import lists
from inventory.queries import pagination
from tests.cli.test_cli import Shell
from tests.support.stock_builder import Stock


@pytest.fixture
def flask(app: Flask) -> Shell:
    with app.app_context():
        stock = Stock()
        stock.item("BOLT", name="=HYPERLINK(1)")
        stock.lot("receive 10, reserve 4 JOB-1", lot_code="L-1")
        stock.lot("receive 2.5", item=stock.item("ÖL", unit="l", decimals=1))
        stock.link("9521123456785")
        db.session.rollback()
    return Shell(app)


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


@pytest.mark.parametrize("name", lists.LISTS)
def test_each_list_is_exported_in_each_format(flask: Shell, name: str, tmp_path: Path) -> None:
    lines = rows_of(flask("export", name).output)
    assert tuple(lines[0]) == tuple(lists.LISTS[name].headers)
    assert len(lines) > 1
    output = flask("export", name, "--format", "jsonl").output
    records = [json.loads(line) for line in output.split("\n") if line]
    assert len(records) == len(lines) - 1
    file = tmp_path / "list.xlsx"
    flask("export", name, "--format", "xlsx", "--output", str(file))
    sheet = zipfile.ZipFile(file).read("xl/worksheets/sheet1.xml").decode()
    assert (sheet.count("<row "), "<f>" in sheet) == (len(lines), False)


def test_formulas_are_quoted_in_csv_but_not_in_json_lines(flask: Shell) -> None:
    assert rows_of(flask("export", "items").output)[1][1] == "'=HYPERLINK(1)"
    first = json.loads(flask("export", "items", "--format", "jsonl").output.split("\n")[0])
    assert (first["name"], first["on_hand"]) == ("=HYPERLINK(1)", "10")


def test_the_ledger_export_contains_all_pages(
    flask: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pagination, "MAX_ROWS", 1)
    lines = rows_of(flask("export", "ledger").output)[1:]
    assert [line[0] for line in lines] == ["3", "2", "1"]


def test_the_operations_export_is_complete_newest_first(
    flask: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pagination, "MAX_ROWS", 1)
    lines = rows_of(flask("export", "operations").output)[1:]
    assert [(line[0], line[2], line[3]) for line in lines] == [
        ("3", "RECEIPT", ""), ("2", "RESERVATION", "JOB-1"), ("1", "RECEIPT", ""),
    ]  # fmt: skip


def test_the_references_export_sums_single_units_only(app: Flask, flask: Shell) -> None:
    with app.app_context():
        stock = Stock()
        stock.lot("receive 5, reserve 1.5 JOB-2", item=stock.item("GAS", unit="l", decimals=1))
        stock.lot("receive 5, reserve 2 JOB-2", item=stock.item("NUT"))
        db.session.rollback()
    lines = rows_of(flask("export", "references").output)[1:]
    assert [line[:6] for line in lines] == [
        ["JOB-1", "pcs", "4", "4", "0", "no"], ["JOB-2", "", "", "", "", "no"],
    ]  # fmt: skip


def test_an_existing_file_is_not_overwritten(flask: Shell, tmp_path: Path) -> None:
    file = tmp_path / "items.csv"
    file.write_text("mine")
    done = flask("export", "items", "--output", str(file))
    assert (done.exit_code, "already exists" in done.output) == (1, True)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


def test_a_failed_export_leaves_no_file(
    flask: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("inventory.cli.export._write", full)
    done = flask("export", "items", "--output", str(tmp_path / "items.csv"))
    assert "No space left on device" in done.output
    assert list(tmp_path.iterdir()) == []
