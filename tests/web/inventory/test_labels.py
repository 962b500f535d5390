"""The Labels page: selection, and the file it produces."""

import re

import pytest

from tests.labels.test_labels import scanned
from tests.support.users import visible_text

PAPER = {"layout": "62x29", "copies": "1", "start": "1", "kind": "pdf"}


@pytest.fixture
def lots(stock):
    return [stock.lot(lot_code=f"L-{number}", location="A-1") for number in (1, 2, 3)]


def print_labels(user, **fields):
    """Submit the form of the page."""
    csrf = re.search(r'name="csrf_token" value="([^"]+)"', user.get("/labels/").text)[1]
    return user.client.post("/labels/", data={"csrf_token": csrf, **PAPER, **fields})


def checked(page):
    return re.findall(r'name="lot" value="(\d+)" checked', page)


def test_a_lot_links_to_its_label(ada, lots):
    assert 'href="/labels/?lot=2"' in ada.get("/lots/2/").text
    page = ada.get("/labels/?lot=2").text
    assert checked(page) == ["2"]
    assert "L-3" not in visible_text(page)


def test_the_lots_of_a_receipt_are_selected(ada, lots):
    assert 'href="/labels/?operation=3"' in ada.get("/operations/3/").text
    assert checked(ada.get("/labels/?operation=3").text) == ["3"]


def test_lots_in_stock_are_listed_and_searched(ada, lots, stock):
    stock.lot("receive 1, issue 1", lot_code="GONE")
    words = visible_text(ada.get("/labels/").text)
    assert "L-1" in words
    assert "GONE" not in words
    page = ada.get("/labels/?lot=3&q=l-1").text
    assert re.findall(r'name="lot" value="(\d+)"(?: checked)?>', page).count("1") == 1
    assert checked(page) == ["3"]
    assert "L-2" not in visible_text(page)
    assert "No lot in stock matches your search" in ada.get("/labels/?q=nothing").text


def test_a_pdf_of_labels_can_be_scanned(person, lots):
    answer = print_labels(
        person("vic"), lot=["1", "3"], item="BOLT", locations="A-1\n\nB-2\n", copies="2"
    )
    assert answer.content_type == "application/pdf"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="labels.pdf"'
    found = [code[3:8] for code in scanned(answer.data)]
    assert sorted(found) == sorted(["INV1L"] * 4 + ["INV1I"] * 2 + ["INV1P"] * 4)


def test_labels_are_produced_for_a_zpl_printer(ada, lots):
    answer = print_labels(ada, lot="1", kind="zpl", qty="1", custom="50x25")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="labels.zpl"'
    assert answer.data.startswith(b"^XA")
    assert b"Qty 10 pcs" in answer.data


@pytest.mark.parametrize(
    ("fields", "message", "field"),
    [
        ({}, "Choose lots, items or locations", ""),
        ({"lot": "1", "copies": "1001"}, "1 to 1000", "copies"),
        ({"lot": "1", "copies": "none"}, "1 to 1000", "copies"),
        ({"lot": "1", "layout": "a4-3x8", "start": "25"}, "position 1 to 24", "start"),
        ({"lot": "1", "custom": "20x10"}, "too small", "custom"),
        ({"lot": "1", "custom": "huge"}, "A layout is one of", "custom"),
        ({"lot": "1", "layout": "a4-3x8", "kind": "zpl"}, "not a sheet", "custom"),
        ({"locations": "x" * 65}, "At most 64", "locations"),
        ({"lot": "99"}, "no lot with the ID 99", ""),
        ({"item": "NIX"}, "no item NIX", ""),
    ],
)
def test_invalid_labels_are_refused_and_the_selection_is_kept(ada, lots, fields, message, field):
    answer = print_labels(ada, **fields)
    assert answer.status_code == 422
    assert message in visible_text(answer.text)
    wrong = re.findall(r'id="(\w+)"[^>]*aria-invalid', answer.text)
    assert wrong == ([field] if field else [])
    if fields.get("lot") == "1":
        assert checked(answer.text) == ["1"]
    assert f'value="{fields.get("copies", "1")}"' in answer.text


def test_a_form_without_the_csrf_token_is_refused(ada, lots):
    assert ada.client.post("/labels/", data={"lot": "1", **PAPER}).status_code == 400


def test_invalid_input_causes_no_server_error(ada, lots):
    for query in (
        "lot=x",
        "lot=-1",
        "lot=" + "9" * 30,
        "operation=x",
        "item=%00",
        "q=%00",
        "lot=99",
    ):
        assert ada.get(f"/labels/?{query}").status_code == 200, query
    assert ada.get("/labels/?operation=99").status_code == 404
    for fields in ({"lot": "9" * 18}, {"item": "\0"}, {"locations": "\0"}, {"custom": "\0" * 70}):
        assert print_labels(ada, **fields).status_code == 422, fields
