"""Linked barcodes of an item: linking and unlinking, with and without scripts."""

import pytest

from tests.support.users import form_fields, visible_text

GTIN = "09521123456785"


@pytest.fixture
def bolts(stock):
    stock.lot(lot_code="L-1")
    return "/items/1/codes/"


def test_a_barcode_is_linked_without_scripts_and_listed(person, bolts):
    ole = person("ole")
    answer = ole.submit(f"{bolts}link/", code="9521123456785", qty="12")
    assert answer.status_code == 303
    words = visible_text(ole.get(answer.location).text)
    assert f"Barcode {GTIN} linked to BOLT." in words
    words = visible_text(ole.get(bolts).text)
    assert f"{GTIN} GTIN any lot 12 pcs ole" in words


def test_with_scripts_the_response_has_the_list_and_an_empty_form(ada, bolts):
    answer = ada.submit_htmx(f"{bolts}link/", code="PALLET 7", lot_id="1")
    assert "Barcode PALLET 7 linked to BOLT." in visible_text(answer.text)
    assert form_fields(answer.text)["code"] == ""


def test_a_barcode_of_a_lot_shows_the_lot(ada, bolts):
    ada.submit(f"{bolts}link/", code="PALLET 7", lot_id="1")
    assert "PALLET 7 Lot L-1 1 pcs" in visible_text(ada.get(bolts).text)


def test_an_invalid_barcode_shows_the_error_at_its_field(ada, bolts):
    answer = ada.submit(f"{bolts}link/", code="9521123456787")
    assert answer.status_code == 422
    assert 'id="code-error"' in answer.text
    assert "should be 5" in visible_text(answer.text)
    assert form_fields(answer.text)["code"] == "9521123456787"
    assert 'id="qty-error"' in ada.submit(f"{bolts}link/", code="X", qty="1.5").text
    assert 'id="code-error"' in ada.submit(f"{bolts}link/", code="").text


def test_a_barcode_of_another_item_is_refused_and_named(ada, bolts, stock):
    stock.item("NUT")
    ada.submit(f"{bolts}link/", code=GTIN)
    answer = ada.submit("/items/2/codes/link/", code=GTIN)
    assert answer.status_code == 409
    assert "is already linked to item BOLT" in visible_text(answer.text)


def test_a_form_sent_twice_links_once(ada, bolts):
    fields = form_fields(ada.get(f"{bolts}link/").text) | {"code": "X"}
    assert [ada.post(f"{bolts}link/", fields).status_code for _ in range(2)] == [303, 303]
    assert ada.get(bolts).text.count("code-1-row") == 1
    assert "code-2-row" not in ada.get(bolts).text


def test_a_barcode_is_unlinked_after_confirmation(ada, bolts):
    ada.submit(f"{bolts}link/", code=GTIN)
    assert "/codes/1/unlink/" in ada.get(bolts).text
    assert f"The barcode {GTIN} identifies BOLT" in visible_text(ada.get("/codes/1/unlink/").text)
    answer = ada.submit("/codes/1/unlink/")
    assert (answer.status_code, answer.location) == (303, bolts)
    words = visible_text(ada.get(bolts).text)
    assert " unlinked." in words
    assert "No barcodes linked" in words
    assert ada.get("/codes/1/unlink/").status_code == 404


def test_a_viewer_can_see_but_not_change_barcodes(person, ada, bolts):
    ada.submit(f"{bolts}link/", code=GTIN)
    vic = person("vic")
    page = vic.get(bolts).text
    assert GTIN in page
    assert "/unlink/" not in page
    assert 'id="act"' not in page
    assert vic.get(f"{bolts}link/").status_code == 403
    assert vic.get("/codes/1/unlink/").status_code == 403
    assert vic.get("/items/99/codes/").status_code == 404


def test_an_item_links_to_its_barcodes(ada, bolts):
    assert f'href="{bolts}"' in ada.get("/items/1/").text
