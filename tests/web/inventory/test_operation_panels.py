"""The operations beside a page are those after the operation, not those before."""

from __future__ import annotations

import re

import pytest

from tests.support.users import form_fields, visible_text


def panel_of(html: str) -> str:
    """Return the HTML of the panel in a page or in a response to htmx."""
    found = re.search(r'<(aside|div)[^>]* id="panel".*?</\1>', html, re.DOTALL)
    assert found
    return found[0]


def offers_in(html: str) -> list[str]:
    return re.findall(r"\?do=(\w+)#act", panel_of(html))


def open_form(html: str) -> str:
    found = re.search(r'<form [^>]*id="act"[^>]* action="([^"]+)"', panel_of(html))
    return found[1] if found else ""


def test_an_approved_lot_offers_to_reserve_at_once(ada, stock):
    lot = stock.lot("receive 10", qc_required=True)
    page = f"/lots/{lot}/"
    assert "reserve" not in offers_in(ada.get(page).text)
    answer = ada.submit_htmx(f"{page}decision/", at=f"{page}?do=decide", status="APPROVED")
    assert answer.headers["HX-Retarget"] == "#panel"
    assert offers_in(answer.text)[:2] == ["reserve", "issue"]
    assert offers_in(answer.text) == offers_in(ada.get(page).text)
    assert open_form(answer.text) == f"{page}decision/"


def test_an_emptied_lot_offers_no_issue(ada, stock):
    lot = stock.lot("receive 10")
    page = f"/lots/{lot}/"
    answer = ada.submit_htmx("/issue/", at=f"{page}?do=issue", item="BOLT", qty="10", fixed="1")
    assert offers_in(answer.text) == offers_in(ada.get(page).text)
    assert not {"issue", "reserve", "scrap", "split"} & set(offers_in(answer.text))
    assert open_form(answer.text) == f"{page}count/"
    assert '<h2 tabindex="-1" autofocus>Count lot</h2>' in answer.text
    assert "Count lot …" in visible_text(answer.text)


def test_the_form_of_a_lot_keeps_its_lot_after_an_operation(ada, stock):
    stock.lot("receive 10", lot_code="L-1")
    second = stock.lot("receive 10", lot_code="L-2")
    at = f"/lots/{second}/?do=issue"
    answer = ada.submit_htmx("/issue/", at=at, item="BOLT", qty="1", lot_id=str(second), fixed="1")
    assert f'<option selected value="{second}">' in answer.text
    assert re.search(r'id="qty"[^>]*value=""', answer.text)


def test_a_closed_reservation_shows_no_form(ada, stock):
    stock.lot("receive 10, reserve 4 JOB-1")
    page = "/reservations/1/"
    answer = ada.submit_htmx(f"{page}issue/", at=page, qty="4")
    assert panel_of(answer.text) == '<div id="panel" hidden></div>'
    assert panel_of(ada.get(page).text) == '<div id="panel" hidden></div>'
    assert 'id="act"' not in ada.get(page).text


def test_a_partly_issued_reservation_keeps_its_form(ada, stock):
    stock.lot("receive 10, reserve 4 JOB-1")
    answer = ada.submit_htmx("/reservations/1/issue/", at="/reservations/1/", qty="1")
    assert offers_in(answer.text) == ["issue", "unreserve"]
    assert open_form(answer.text) == "/reservations/1/issue/"


def test_an_undo_brings_the_offers_back(ada, stock):
    stock.lot("receive 10, reserve 4 JOB-1")
    ada.submit_htmx("/reservations/1/issue/", at="/reservations/1/", qty="4")
    fields = {
        "key": "undo-3",
        "csrf_token": re.search(r'name="csrf_token" value="([^"]+)"', ada.get("/receive/").text)[1],
    }
    headers = {
        "HX-Request": "true",
        "HX-Request-Type": "partial",
        "HX-Target": "div#toasts",
        "HX-Current-URL": "http://localhost/reservations/1/",
    }
    answer = ada.client.post("/operations/3/reversal/", data=fields, headers=headers)
    assert answer.status_code == 200
    assert offers_in(answer.text) == ["issue", "unreserve"]


def test_the_first_receipt_of_an_item_makes_its_stock_available(ada, stock):
    stock.item("BOLT")
    answer = ada.submit_htmx(
        "/receive/", at="/items/1/", item="BOLT", fixed="1", lot_code="L-1", qty="5"
    )
    assert offers_in(answer.text) == offers_in(ada.get("/items/1/").text)
    assert open_form(answer.text) == "/receive/"


def test_a_held_family_has_no_hold_form(ada, stock):
    lot = stock.lot("receive 10")
    page = f"/lots/{lot}/recall/"
    assert open_form(ada.get(page).text) == f"{page}hold/"
    answer = ada.submit_htmx(f"{page}hold/", at=page, reason="Cracks")
    assert open_form(answer.text) == ""


def test_an_archived_item_offers_no_receipt(ada, stock):
    stock.item("BOLT")
    ada.submit("/items/1/edit/", archived="y")
    assert "receive" not in offers_in(ada.get("/items/1/").text)


@pytest.mark.parametrize("path", ["/receive/", "/?at=2026-01-01"])
def test_a_page_without_a_panel_gets_the_form_alone(ada, stock, path):
    stock.item("BOLT")
    answer = ada.submit_htmx("/receive/", at=path, item="BOLT", lot_code="L-1", qty="5")
    assert "HX-Retarget" not in answer.headers
    assert 'id="panel"' not in answer.text


DELIVERY = {"reference": "PO-7", "location": "A-1", "expires_on": "2099-01-31"}


@pytest.mark.parametrize("scripts", [True, False])
def test_the_next_receipt_of_a_delivery_keeps_what_the_lots_share(ada, stock, scripts):
    stock.item("BOLT")
    typed = {"item": "BOLT", "lot_code": "L-1", "qty": "5"} | DELIVERY
    if scripts:
        form = form_fields(ada.submit_htmx("/receive/", at="/receive/", **typed).text)
    else:
        form = form_fields(ada.get(ada.submit("/receive/", **typed).location).text)
    assert {name: form[name] for name in DELIVERY} == DELIVERY
    assert (form["item"], form["lot_code"], form["qty"]) == ("", "", "")


def test_the_next_receipt_on_the_page_of_an_item_keeps_the_item(ada, stock):
    stock.item("BOLT")
    typed = {"lot_code": "L-1", "qty": "5", "fixed": "1", "item": "BOLT"} | DELIVERY
    answer = ada.submit_htmx("/receive/", at="/items/1/?do=receive", **typed)
    form = form_fields(panel_of(answer.text))
    assert (form["item"], form["reference"], form["qty"]) == ("BOLT", "PO-7", "")


@pytest.mark.parametrize("verb", ["reserve", "issue"])
def test_the_next_line_of_a_job_keeps_its_number(ada, stock, verb):
    stock.lot("receive 10")
    typed = {"item": "BOLT", "qty": "5", "reference": "JOB-1"}
    form = form_fields(ada.submit_htmx(f"/{verb}/", at=f"/{verb}/", **typed).text)
    assert (form["item"], form["reference"], form["qty"]) == ("", "JOB-1", "")


@pytest.mark.parametrize(
    ("path", "cancel"),
    [("/receive/", "/"), ("/lots/1/count/", "/lots/1/"), ("/items/1/edit/", "/items/1/")],
)
def test_a_form_on_a_page_of_its_own_has_focus_and_can_be_cancelled(ada, stock, path, cancel):
    stock.lot("receive 10")
    page = ada.get(path).text
    assert f'<a class="btn btn-quiet" href="{cancel}">Cancel</a>' in page
    assert len(re.findall(r"<input[^>]* autofocus", page)) == 1


def test_a_form_beside_a_page_has_focus_if_it_was_asked_for(ada, stock):
    stock.lot("receive 10")
    assert not re.findall(r"<input[^>]* autofocus", ada.get("/items/1/").text)
    page = ada.get("/items/1/?do=receive").text
    assert len(re.findall(r"<input[^>]* autofocus", page)) == 1
    assert "Cancel" not in visible_text(page)


def test_the_offers_of_an_item_have_one_order(ada, stock):
    stock.item("BOLT")
    empty = ada.get("/items/1/").text
    stock.lot("receive 10")
    stocked = ada.get("/items/1/").text
    assert offers_in(stocked) == ["receive", "reserve", "issue", "customer_return"]
    assert offers_in(empty) == offers_in(stocked)
    assert (open_form(empty), open_form(stocked)) == ("/receive/", "/reserve/")
