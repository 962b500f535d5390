"""The Recall page: content, export, put on hold and lift the hold."""

import pytest

from tests.support.users import form_fields, visible_text


@pytest.fixture
def lot(stock):
    return stock.lot("receive 20, issue 5, reserve 3 JOB-9", lot_code="L-1")


def test_a_lot_links_to_its_recall_with_receipts_and_issues(ada, lot):
    assert f'href="/lots/{lot}/recall/"' in ada.get(f"/lots/{lot}/").text
    words = visible_text(ada.get(f"/lots/{lot}/recall/").text)
    for text in ("Received pcs 20", "Issued pcs 5", "On hand pcs 15", "JOB-9", "No job or order"):
        assert text in words


def test_all_lots_are_put_on_hold_and_the_hold_is_lifted(person, ada, lot):
    ira = person("ira")
    answer = ira.submit(f"/lots/{lot}/recall/hold/", page=f"/lots/{lot}/recall/")
    assert answer.location == f"/lots/{lot}/recall/"
    page = ira.get(answer.location).text
    assert "On hold: L-1." in visible_text(page)
    assert "Put all lots on hold" not in page
    operation = page.partition('href="/operations/')[2].partition("/")[0]
    shown = ira.get(f"/operations/{operation}/").text
    assert "Recall of L-1" in visible_text(shown)
    release = f"/operations/{operation}/release/"
    assert release in shown
    assert release not in person("ole").get(f"/operations/{operation}/").text
    assert ira.submit(release).status_code == 422
    ira.submit(release, reason="nothing found")
    assert "Approved" in ira.get(f"/lots/{lot}/").text
    assert release not in ira.get(f"/operations/{operation}/").text


def test_a_hold_shows_reservations_before_and_at_risk_after(ada, lot):
    path = f"/lots/{lot}/recall/hold/"
    assert "Reserved in these lots JOB-9 3 pcs in L-1" in visible_text(ada.get(path).text)
    answer = ada.submit_htmx(path, at=f"/lots/{lot}/recall/")
    assert "Still reserved, at risk: JOB-9 3 pcs." in visible_text(answer.text)
    operation = answer.text.partition('href="/operations/')[2].partition("/")[0]
    page = visible_text(ada.get(f"/operations/{operation}/").text)
    assert "At risk JOB-9 3 pcs still reserved in L-1" in page


def test_there_is_no_form_if_all_lots_are_on_hold(ada, lot):
    path = f"/lots/{lot}/recall/hold/"
    assert 'name="reason"' in ada.get(path).text
    ada.submit(path)
    page = ada.get(path).text
    assert "All lots are already on hold." in visible_text(page)
    assert 'name="reason"' not in page


def test_with_htmx_the_response_shows_the_hold(ada, lot):
    answer = ada.submit_htmx(f"/lots/{lot}/recall/hold/", at=f"/lots/{lot}/recall/")
    assert "On hold: L-1." in visible_text(answer.text)
    assert "In quarantine" in answer.text


def test_operators_can_read_a_recall_but_not_put_on_hold(person, lot):
    ole = person("ole")
    page = ole.get(f"/lots/{lot}/recall/")
    assert "Put all lots on hold" not in page.text
    form = form_fields(ole.get("/account/").text)
    assert ole.post(f"/lots/{lot}/recall/hold/", form, reason="x").status_code == 403


def test_the_export_is_complete_and_quotes_formulas(ada, stock, lot):
    stock.lot("receive 2", lot_code="=1+1")
    lines = ada.get(f"/lots/{lot}/recall/export.csv").text.splitlines()
    assert lines[0].startswith("\ufeffwhat,reference,item,lot,qty")
    assert [line.split(",")[0] for line in lines[1:]] == [
        "went out", "came in", "reserved", "on hand",
    ]  # fmt: skip
    assert ",'=1+1,2," in ada.get(f"/lots/{lot + 1}/recall/export.csv").text


def test_a_recall_of_an_unknown_lot_is_not_found(ada, lot):
    for path in ("", "export.csv", "hold/"):
        assert ada.get(f"/lots/99/recall/{path}").status_code == 404
    assert ada.get("/operations/99/release/").status_code == 404
