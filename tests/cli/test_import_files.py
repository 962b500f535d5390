"""`flask import`: checking, importing, listing and undoing files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask

from inventory import imports
from tests.cli.test_cli import Shell, create_user
from tests.support.hostile_files import HOSTILE
from tests.support.spreadsheet_files import xlsx, xlsx_row

FILES = {
    "items": "code,name\nBOLT,Bolt\nNUT,Nut\n",
    "stock": "item,lot,qty\nBOLT,L-1,12\nNUT,L-2,3\n",
    "reorder-points": "item,reorder point\nBOLT,20\nNUT,1\n",
    "codes": "code,item\n4006381333931,BOLT\nBIN-7,NUT\n",
    "counts": "item,lot,counted\nBOLT,L-1,11\nNUT,L-2,3\n",
}


@pytest.fixture
def flask(app: Flask) -> Shell:
    shell = Shell(app)
    create_user(shell)
    return shell


def test_each_kind_is_checked_imported_and_not_imported_twice(flask: Shell, tmp_path: Path) -> None:
    assert list(FILES) == list(imports.KINDS)
    for number, (kind, text) in enumerate(FILES.items(), start=1):
        file = tmp_path / f"{kind}.csv"
        file.write_text(text)
        checked = flask("import", kind, str(file))
        assert "2 rows can be imported" in checked.output, checked.output
        assert "Nothing was imported" in checked.output
        done = flask("import", kind, str(file), "--commit", "--user", "anna")
        assert f"Imported 2 rows as import {number}" in done.output, done.output
        again = flask("import", kind, str(file), "--commit", "--user", "Anna")
        assert "Nothing to do" in again.output, again.output
    listed = flask("import", "list").output.splitlines()
    assert [line.split()[3] for line in listed[1:]] == list(reversed(FILES))


def test_all_errors_are_printed_and_written_to_a_file(flask: Shell, tmp_path: Path) -> None:
    file, errors = tmp_path / "items.csv", tmp_path / "errors.csv"
    file.write_text("code,name,decimals\nBOLT,Bolt,x\nNUT,,1\n")
    output = flask.fails("import", "items", str(file), "--commit", "--user", "Anna",
                       "--errors", str(errors))  # fmt: skip
    assert "The decimal places must be 0 to 6." in output
    assert "“Name” is missing." in output
    assert "2 errors. Nothing was imported." in output
    assert errors.read_text().splitlines()[1] == "2,decimals,x,The decimal places must be 0 to 6."
    assert "0 items" not in flask("import", "list").output
    file.write_text("code,name\nBOLT,\n")
    assert "1 error." in flask.fails("import", "items", str(file))


def test_columns_can_be_mapped(flask: Shell, tmp_path: Path) -> None:
    file = tmp_path / "items.csv"
    file.write_text("Anything;Code;Else\nBolt;B-1;x\n")
    assert "Choose the column of “Name”" in flask.fails("import", "items", str(file))
    words = ("import", "items", str(file), "--commit", "--user", "Anna", "--map", "name=Anything")
    assert "name from 'Anything'" in flask(*words).output
    assert "There is no field colour" in flask.fails(*words, "--map", "colour=Else")
    assert "There is no column Nowhere" in flask.fails(*words, "--map", "name=Nowhere")


def test_a_missing_column_is_refused_with_the_existing_columns(
    flask: Shell, tmp_path: Path
) -> None:
    file = tmp_path / "items.csv"
    file.write_text("Teilenummer;Bezeichnung\nBOLT;Bolt\n")
    output = flask.fails("import", "items", str(file))
    assert "Choose the column of “Code”" in output
    assert (
        "The file has: Teilenummer, Bezeichnung. Name the column with --map code=COLUMN." in output
    )
    words = ("--map", "code=Teilenummer", "--map", "name=Bezeichnung")
    assert "1 rows can be imported" in flask("import", "items", str(file), *words).output


def test_an_import_is_undone(flask: Shell, tmp_path: Path) -> None:
    for kind in ("items", "stock"):
        file = tmp_path / f"{kind}.csv"
        file.write_text(FILES[kind])
        assert flask("import", kind, str(file), "--commit", "--user", "Anna").exit_code == 0
    undone = flask("import", "undo", "2", "--user", "Anna", "--reason", "wrong file").output
    assert "Import 2 was undone by operation 2." in undone
    assert "taken back" in flask("import", "list").output
    assert "already reversed" in flask.fails("import", "undo", "2", "--user", "Anna")
    assert "There is no import number 9" in flask.fails("import", "undo", "9", "--user", "Anna")


def test_a_file_with_a_cell_out_of_range_is_refused(flask: Shell, tmp_path: Path) -> None:
    file = tmp_path / "items.xlsx"
    file.write_bytes(HOSTILE["last cell"][0])
    assert file.stat().st_size < 3000
    assert "Cell XFD1048576 of the sheet Sheet1" in flask.fails("import", "items", str(file))


def test_formula_errors_in_cells_block_the_import(flask: Shell, tmp_path: Path) -> None:
    items, file = tmp_path / "items.csv", tmp_path / "stock.xlsx"
    items.write_text(FILES["items"])
    flask("import", "items", str(items), "--commit", "--user", "anna")
    rows = xlsx_row(1, "item", "lot", "quantity", "QC status", "expires on")
    cells = '<c r="D2" t="e"><v>#N/A</v></c><c r="E2" t="e"><f>A9</f><v>#REF!</v></c></row>'
    rows += xlsx_row(2, "BOLT", "L-1", "12").replace("</row>", cells)
    cells = '<c r="E3"><f>TODAY()+90</f></c></row>'
    rows += xlsx_row(3, "NUT", "L-2", "3").replace("</row>", cells)
    file.write_bytes(xlsx(rows))
    output = flask.fails("import", "stock", str(file), "--commit", "--user", "anna")
    for pattern in (
        r"2  QC status +#N/A +The spreadsheet has an error here \(#N/A\)",
        r"2  expires on +#REF! +The spreadsheet has an error here \(#REF!\)",
        r"3  expires on +\(formula without a value\) +The formula here has no stored value",
    ):
        assert re.search(pattern, output)
    assert "3 errors. Nothing was imported." in output
    assert [line.split()[3] for line in flask("import", "list").output.splitlines()[1:]] == [
        "items"
    ]


def test_an_import_needs_a_known_user(flask: Shell, tmp_path: Path) -> None:
    file = tmp_path / "items.csv"
    file.write_text(FILES["items"])
    assert "Name the user who imports it" in flask.fails("import", "items", str(file), "--commit")
    words = ("import", "items", str(file), "--commit", "--user", "Nobody")
    assert "There is no user Nobody" in flask.fails(*words)


@pytest.mark.parametrize("kind", imports.KINDS)
def test_templates_are_written(flask: Shell, kind: str, tmp_path: Path) -> None:
    headers = flask("import", "template", kind).output
    assert imports.KINDS[kind].fields[0].label in headers
    for ending in ("csv", "xlsx"):
        path = tmp_path / f"{kind}.{ending}"
        assert flask("import", "template", kind, "--output", str(path)).exit_code == 0
        assert path.read_bytes()[:2] == (b"PK" if ending == "xlsx" else b"\xef\xbb")
    assert "already exists" in flask.fails("import", "template", kind, "--output", str(path))
