"""Imports on pages: upload, preview, check, commit and undo."""

import io
import json
import re

import pytest
import sqlalchemy as sa
import xlsxwriter
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from inventory import imports
from inventory.db import connection, db
from inventory.models.imports import ImportDraft
from inventory.web.inventory import operations
from tests.support.hostile_files import HOSTILE, SMALL
from tests.support.spreadsheet_files import xlsx, xlsx_row
from tests.support.users import ROLES, Person, form_fields, visible_text

ITEMS = "SKU,What,UoM\nBOLT,Bolt,pcs\nNUT,Nut,pcs\n"
STOCK = "item,lot,qty\nBOLT,L-1,12\nNUT,L-2,3\n"


def upload(person, kind, text="", **typed):
    fields = form_fields(person.get("/import/").text) | {"kind": kind} | typed
    content = text if isinstance(text, bytes) else text.encode()
    file = {"file": FileStorage(io.BytesIO(content), f"{kind}.csv")} if content else {}
    boundary, body = encode_multipart(fields | file)
    kind = f'multipart/form-data; boundary="{boundary}"'
    return person.client.post("/import/", data=body, content_type=kind)


def open_preview(person, kind, text, **typed):
    """Upload a file and return the path of its preview page."""
    answer = upload(person, kind, text, **typed)
    assert answer.status_code == 303, visible_text(answer.text)
    return answer.location


def check(person, path, **typed):
    answer = person.post(f"{path}check/", form_fields(person.get(path).text), **typed)
    return answer if answer.status_code != 303 else person.get(answer.location.split("#")[0])


def commit(person, path):
    return person.post(
        f"{path}commit/", {"csrf_token": form_fields(person.get(path).text)["csrf_token"]}
    )


def import_file(person, kind, text, **typed):
    path = open_preview(person, kind, text)
    check(person, path, **typed)
    return commit(person, path)


def drafts(app):
    with app.app_context():
        return list(connection().execute(sa.select(ImportDraft.id)).scalars())


def test_a_file_is_uploaded_checked_imported_and_undone(ada, app, stock):
    path = open_preview(ada, "items", ITEMS)
    page = ada.get(path).text
    assert form_fields(page)["column-code"] == "SKU"
    assert form_fields(page)["column-name"] == ""
    assert 'aria-invalid="true"' in check(ada, path).text
    checked = visible_text(check(ada, path, **{"column-name": "What"}).text)
    assert "2 rows: 2 new, 0 changed, 0 unchanged" in checked
    done = commit(ada, path)
    assert done.location == "/import/?done=1"
    assert "items.csv was imported: 2 new" in visible_text(ada.get(done.location).text)
    assert drafts(app) == []
    assert import_file(ada, "stock", STOCK).location == "/import/?done=2"
    assert stock.find_lot("L-1").on_hand == 12_000_000
    undone = ada.submit("/import/2/undo/", reason="wrong file")
    assert (undone.status_code, undone.location) == (303, "/import/")
    assert stock.find_lot("L-1").on_hand == 0
    assert visible_text(ada.get("/import/").text).count("Undone") == 1
    assert "already reversed" in visible_text(ada.submit("/import/2/undo/").text)


def test_a_file_committed_twice_is_imported_once(ada, stock):
    stock.item("BOLT"), stock.item("NUT")
    path = open_preview(ada, "stock", STOCK)
    check(ada, path)
    token = {"csrf_token": form_fields(ada.get(path).text)["csrf_token"]}
    assert ada.post(f"{path}commit/", token).location == "/import/?done=1"
    assert ada.post(f"{path}commit/", token).location == "/import/?gone=1"
    assert "already imported or discarded" in visible_text(ada.get("/import/?gone=1").text)
    assert import_file(ada, "stock", STOCK).location == "/import/?none=stock"
    assert "all rows are already in the system" in visible_text(ada.get("/import/?none=stock").text)
    assert stock.entries() == 2


def test_all_errors_are_shown_and_can_be_downloaded(ada, stock):
    stock.item("BOLT")
    path = open_preview(ada, "stock", "item,lot,qty\nBOLD,L-1,1\nBOLT,,x\n")
    words = visible_text(check(ada, path).text)
    assert "3 errors. 2 rows validated. Nothing was imported." in words
    assert "There is no item BOLD. Did you mean BOLT?" in words
    assert "Import 2 rows" not in words
    file = ada.get(f"{path}wrong.csv").text
    assert [line.split(",")[:2] for line in file.splitlines()[1:]] == [
        ["2", "item"], ["3", "lot"], ["3", "qty"],
    ]  # fmt: skip
    assert commit(ada, path).location.startswith(path)
    assert stock.entries() == 0


def test_rows_that_became_invalid_since_the_check_are_reported(ada, stock):
    stock.item("BOLT"), stock.item("NUT")
    path = open_preview(ada, "stock", STOCK)
    check(ada, path)
    stock.lot("receive 5", lot_code="L-1")
    answer = commit(ada, path)
    assert answer.location == f"{path}#report"
    assert "Lot L-1 of BOLT already exists, with 5 pcs on hand." in visible_text(ada.get(path).text)
    assert stock.entries() == 1


def test_rows_can_be_pasted_from_a_spreadsheet(ada):
    path = open_preview(ada, "items", "", pasted="code\tname\nBOLT\tBolt\n")
    assert "pasted rows" in visible_text(ada.get(path).text)
    assert "1 row: 1 new" in visible_text(check(ada, path).text)


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("items", "", "Choose a file or paste rows."),
        ("", ITEMS, "Choose what is in the file."),
        ("users", ITEMS, "Choose what is in the file."),
        ("items", "code,name\n", "There are no rows below the column headers."),
        ("items", b"\0\1\2", "neither a spreadsheet"),
    ],
)
def test_an_unreadable_file_is_refused_with_the_reason(ada, app, kind, text, message):
    answer = upload(ada, kind, text)
    assert answer.status_code == 422
    assert message in visible_text(answer.text)
    assert drafts(app) == []


@pytest.mark.parametrize("content", SMALL)
def test_a_hostile_file_causes_no_server_error(ada, content):
    answer = upload(ada, "items", content)
    assert answer.status_code in (303, 422)
    if answer.status_code == 303:
        assert ada.get(answer.location).status_code == 200


def test_a_file_with_a_cell_out_of_range_is_refused_with_its_name(ada, app):
    answer = upload(ada, "items", HOSTILE["last cell"][0])
    assert answer.status_code == 422
    message = "Cell XFD1048576 of the sheet Sheet1 is not empty, but only 100 columns (A to CV)"
    assert message in visible_text(answer.text)
    assert drafts(app) == []


def test_a_formula_error_in_a_cell_blocks_the_import(ada, stock):
    stock.lot("receive 10", lot_code="A")
    rows = xlsx_row(1, "item", "lot", "counted", "expected")
    rows += xlsx_row(2, "BOLT", "A", "9").replace("</row>", '<c r="D2" t="e"><v>#N/A</v></c></row>')
    path = open_preview(ada, "counts", xlsx(rows))
    assert "In the file: #N/A" in visible_text(ada.get(path).text)
    words = visible_text(check(ada, path).text)
    assert "1 error. 1 row validated. Nothing was imported." in words
    assert "The spreadsheet has an error here (#N/A)." in words
    assert commit(ada, path).location.startswith(path)
    assert stock.find_lot("A").on_hand == 10_000_000


def test_an_import_has_a_larger_size_limit_than_forms(ada):
    text = "code,name\n" + "".join(f"P-{n},{'x' * 190}\n" for n in range(15_000))
    assert 2**21 < len(text) < imports.MAX_BYTES
    assert upload(ada, "items", text).status_code == 303
    assert upload(ada, "items", "code,name\n" + "x" * (9 * 2**20)).status_code == 413
    big = {"csrf_token": "x", "name": "y" * 2**21}
    assert ada.client.post("/users/", data=big).status_code == 413


def test_uploaded_files_are_visible_to_their_owner_only(ada, app, monkeypatch):
    path = open_preview(ada, "items", ITEMS)
    monkeypatch.setitem(ROLES, "eve", "admin")
    eve = Person(app, "eve")
    token = {"csrf_token": form_fields(eve.get("/import/").text)["csrf_token"]}
    assert eve.get(path).status_code == 404
    assert eve.get(f"{path}wrong.csv").status_code == 404
    assert eve.post(f"{path}check/", token).status_code == 404
    assert eve.post(f"{path}commit/", token).location == "/import/?gone=1"
    eve.post(f"{path}drop/", token)
    assert ada.get(path).status_code == 200


@pytest.mark.parametrize("draft_id", ["%00", "%00a", "x" * 5000, "%F0%9F%94%A9", "a b"])
def test_an_invalid_file_id_is_not_found(ada, draft_id):
    token = {"csrf_token": form_fields(ada.get("/import/").text)["csrf_token"]}
    path = f"/import/files/{draft_id}/"
    for answer in (ada.get(path), ada.get(f"{path}wrong.csv"), ada.post(f"{path}check/", token)):
        assert answer.status_code == 404
    assert ada.post(f"{path}commit/", token).location == "/import/?gone=1"
    assert ada.post(f"{path}drop/", token).location == "/import/"


def test_five_pending_files_are_kept_per_user(ada, app):
    paths = [open_preview(ada, "items", ITEMS) for _ in range(7)]
    assert len(drafts(app)) == 5
    assert ada.get(paths[-1]).status_code == 200
    token = {"csrf_token": form_fields(ada.get(paths[-1]).text)["csrf_token"]}
    assert ada.post(f"{paths[-1]}drop/", token).location == "/import/"
    assert ada.get(paths[-1]).status_code == 404


def test_repeated_counts_need_another_reference(ada, stock):
    stock.lot("receive 10", lot_code="A")
    text = "item,lot,counted\nBOLT,A,9\n"
    assert import_file(ada, "counts", text, reference="October").location == "/import/?done=1"
    path = open_preview(ada, "counts", text)
    assert "Import 1 has the same rows" in visible_text(check(ada, path, reference="October").text)
    assert "Import 1 row" in visible_text(check(ada, path, reference="November").text)
    assert commit(ada, path).location == "/import/?done=2"


def test_a_sheet_can_be_selected(ada):
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as workbook:
        for name, headers in (("Old", ["code", "name"]), ("New", ["sku", "name"])):
            sheet = workbook.add_worksheet(name)
            sheet.write_row(0, 0, headers)
            sheet.write_row(1, 0, [name, "Name"])
    path = open_preview(ada, "items", file.getvalue())
    page = form_fields(check(ada, path, sheet="New").text)
    assert (page["sheet"], page["column-code"]) == ("New", "sku")


def test_with_scripts_progress_is_streamed(ada, stock):
    stock.item("BOLT"), stock.item("NUT")
    path = open_preview(ada, "stock", STOCK)
    fields = form_fields(ada.get(path).text)
    lines = {"Accept": "application/x-ndjson"}
    messages = []
    for step in ("check", "commit"):
        answer = ada.client.post(f"{path}{step}/", data=fields, headers=lines)
        assert answer.mimetype == "application/x-ndjson"
        messages.append([json.loads(line) for line in answer.text.splitlines()])
    assert messages[0][0] == {"word": "Validating", "done": 0, "total": 2}
    assert messages[0][-1] == {"location": f"{path}#report"}
    assert {"word": "Writing", "done": 6, "total": 6} in messages[1]
    assert messages[1][-1] == {"location": "/import/?done=1"}


def test_an_internal_error_is_streamed_without_details(ada, stock, monkeypatch):
    stock.item("BOLT"), stock.item("NUT")
    path = open_preview(ada, "stock", STOCK)
    fields = form_fields(ada.get(path).text)

    def broken(*_, **__):
        raise RuntimeError("out of order")

    monkeypatch.setattr(imports, "commit", broken)
    answer = ada.client.post(
        f"{path}commit/", data=fields, headers={"Accept": "application/x-ndjson"}
    )
    [line] = [json.loads(line) for line in answer.text.splitlines()]
    assert "completely or not at all" in line["error"]
    assert "out of order" not in answer.text


@pytest.mark.parametrize("kind", imports.KINDS)
def test_templates_can_be_downloaded(ada, kind):
    assert ada.get(f"/import/templates/{kind}.csv").text.startswith("\ufeff")
    assert ada.get(f"/import/templates/{kind}.xlsx").data.startswith(b"PK")
    assert ada.get(f"/import/templates/{kind}.pdf").status_code == 404
    assert ada.get("/import/templates/users.csv").status_code == 404


def test_only_admins_can_import(app, person):
    for name in ("vic", "ole", "ira"):
        user = person(name)
        for path in ("/import/", "/import/1/undo/", "/import/templates/items.csv"):
            assert user.get(path).status_code == 403


def test_the_list_of_imports_is_paginated(ada, app):
    with app.app_context():
        for n in range(25):
            import_kind = imports.KINDS["items"]
            table = imports.read_table(f"code,name\nP-{n},Part\n".encode())
            mapping = {"code": "code", "name": "name"}
            reading = imports.read_rows(import_kind, table, mapping, imports.CellFormat())
            imports.commit(
                imports.ImportJob(kind=import_kind, reading=reading, mapping=mapping),
                file_name=f"{n}.csv", user_id=ada.id, key=f"k-{n}",
            )  # fmt: skip
        db.session.rollback()
    first = ada.get("/import/").text
    link = re.search(r'href="(/import/\?cursor=[^"]+)"', first)[1]
    second = ada.get(link).text
    shown = re.findall(r"\b(\d+)\.csv\b", first) + re.findall(r"\b(\d+)\.csv\b", second)
    assert [int(n) for n in shown] == list(range(24, -1, -1))
    assert ada.get("/import/?cursor=x").status_code == 422


def test_the_entries_of_a_large_operation_are_paginated(ada, stock, monkeypatch):
    monkeypatch.setattr(operations, "MAX_ENTRIES", 3)
    stock.item("BOLT")
    import_file(ada, "stock", "item,lot,qty\n" + "".join(f"BOLT,L-{n},1\n" for n in range(7)))
    page = ada.get("/operations/1/").text
    assert re.findall(r'id="entry-(\d)"', page) == ["1", "2", "3"]
    assert "Labels" not in page
    following = re.search(r'href="(/operations/1/\?entry=\d)" rel="next"', page)[1]
    page = ada.get(following).text
    assert re.findall(r'id="entry-(\d)"', page) == ["4", "5", "6"]
    found = ada.get("/ledger/7/").location
    assert re.findall(r'id="entry-(\d)"', ada.get(found).text) == ["7"]
    assert "?entry=7#entry-7" in ada.get("/ledger/").text
    ada.submit("/operations/1/reversal/")
    assert stock.find_lot("L-6").on_hand == 0
