"""Forms that are sent after the session ended: what was typed comes back, nothing is posted."""

from __future__ import annotations

import html
import re

import pytest

from inventory.accounts import sessions
from inventory.web.auth import form_drafts
from tests.support.users import PASSWORD, Person, form_fields, visible_text
from tests.web.auth.test_two_factor import sets_up, token_on

TYPED = {"item": "BOLT", "lot_code": "L-77", "qty": "12.5", "note": "Box 3 <torn>"}


@pytest.fixture
def ole(person):
    return person("ole")


def end_session(app, *people: Person) -> None:
    with app.app_context():
        for one in people:
            sessions.end_others(user_id=one.id, this="")


def filled(ole, path="/receive/", **typed):
    return form_fields(ole.get(path).text) | (typed or TYPED)


def input_value(page: str, name: str) -> str:
    tag = re.search(rf'<(?:input|textarea)[^>]*\bname="{name}"[^>]*>([^<]*)', page)
    assert tag, name
    value = re.search(r'\bvalue="([^"]*)"', tag[0])
    return html.unescape(value[1] if value else tag[1]).strip()


def action_of(page: str) -> str:
    return html.unescape(re.search(r'<form class="form"[^>]* action="([^"]+)"', page)[1])


def sign_in(client, page, name="ole", password=PASSWORD, **more):
    fields = {"csrf_token": token_on(page), "draft": input_value(page, "draft")}
    fields |= {"name": name, "password": password} | more
    return client.post(action_of(page), data=fields)


def send_late(app, ole, **typed):
    """Fill in the receive form, end the session, and send the form."""
    fields = filled(ole, **typed)
    end_session(app, ole)
    return fields, ole.client.post("/receive/", data=fields)


def test_a_form_sent_after_the_session_ended_comes_back_after_sign_in(app, stock, ole):
    stock.item("BOLT")
    fields, page = send_late(app, ole)
    assert page.status_code == 401
    assert "get the form back with your input" in visible_text(page.text)
    assert "torn" not in page.text
    form = sign_in(ole.client, page.text)
    assert form.status_code == 200
    assert {name: input_value(form.text, name) for name in TYPED} == TYPED
    assert input_value(form.text, "key") == fields["key"]
    assert "Send the form to post the operation" in visible_text(form.text)
    assert stock.entries() == 0
    done = ole.client.post("/receive/", data=form_fields(form.text) | TYPED | {"qty": "12"})
    assert done.status_code == 303
    assert stock.entries() == 1


def test_a_restored_form_is_not_posted_a_second_time(app, stock, ole):
    stock.item("BOLT")
    fields = filled(ole) | {"qty": "12"}
    assert ole.client.post("/receive/", data=fields).status_code == 303
    end_session(app, ole)
    form = sign_in(ole.client, ole.client.post("/receive/", data=fields).text)
    again = ole.client.post("/receive/", data=form_fields(form.text) | TYPED | {"qty": "12"})
    assert again.status_code == 303
    assert stock.entries() == 1


def test_another_user_does_not_get_the_form(app, stock, ole, person):
    person("ira")
    _, page = send_late(app, ole)
    answer = sign_in(ole.client, page.text, name="ira")
    assert answer.status_code == 303
    text = visible_text(ole.get(answer.location).text)
    assert "Another user opened the form. Nothing was posted." in text
    assert "L-77" not in text
    assert stock.entries() == 0


def test_a_wrong_password_keeps_the_form(app, ole, stock):
    _, page = send_late(app, ole)
    refused = sign_in(ole.client, page.text, password="not the password")
    assert refused.status_code == 401
    form = sign_in(ole.client, refused.text)
    assert input_value(form.text, "lot_code") == "L-77"


def test_a_form_is_kept_over_both_factors(app, ole, stock):
    codes = sets_up(ole)[1]
    _, page = send_late(app, ole)
    asked = sign_in(ole.client, page.text)
    assert "Enter your code" in visible_text(asked.text)
    wrong = sign_in(ole.client, asked.text, code="000000")
    assert wrong.status_code == 401
    form = sign_in(ole.client, wrong.text, code=codes[0])
    assert input_value(form.text, "lot_code") == "L-77"


def test_starting_the_sign_in_again_keeps_the_form(app, ole, stock):
    sets_up(ole)
    _, page = send_late(app, ole)
    asked = sign_in(ole.client, page.text).text
    again = ole.client.post(
        "/login/",
        data={"csrf_token": token_on(asked), "draft": input_value(asked, "draft"), "again": "1"},
    )
    assert input_value(again.text, "draft") == input_value(asked, "draft")


def test_the_sign_in_with_a_draft_requires_the_csrf_token(app, ole):
    _, page = send_late(app, ole)
    assert sign_in(ole.client, page.text, csrf_token="").status_code == 400


@pytest.mark.parametrize(
    "forged", [{"owner": "1.AAAA"}, {"owner": ""}, {"key": "another"}, {"owner": "x.y"}]
)
def test_a_form_that_was_not_shown_to_a_user_is_not_kept(app, ole, forged):
    fields = filled(ole) | forged
    end_session(app, ole)
    answer = ole.client.post("/receive/", data=fields)
    assert answer.status_code == 303
    assert answer.location == "/login/"


def test_a_form_above_the_limit_is_not_kept(app, ole):
    _, answer = send_late(app, ole, note="x" * form_drafts.MAX_BYTES)
    assert answer.location == "/login/"


def test_a_user_is_told_that_a_form_was_not_kept(app, ole):
    _, answer = send_late(app, ole, note="x" * form_drafts.MAX_BYTES)
    assert "could not be kept" in visible_text(ole.client.get(answer.location).text)


def test_rows_pasted_for_an_import_come_back_after_sign_in(app, person):
    ada = person("ada")
    rows = "code\tname\n" + "".join(f"B-{number}\tBolt {number}\n" for number in range(3000))
    fields = form_fields(ada.get("/import/").text) | {"kind": "items", "pasted": rows}
    end_session(app, ada)
    page = ada.client.post("/import/", data=fields, content_type="multipart/form-data")
    assert page.status_code == 401
    form = sign_in(ada.client, page.text, name="ada")
    assert input_value(form.text, "pasted") == rows.strip()
    assert '<input type="radio" name="kind" value="items" required checked>' in form.text
    assert '<details class="more-fields" open>' in form.text
    assert "Send the form to post the operation" in visible_text(form.text)


def test_rows_pasted_in_an_earlier_session_come_back_at_once(app, person):
    ada = person("ada")
    fields = form_fields(ada.get("/import/").text) | {"kind": "items", "pasted": "code\nB-1"}
    answer = ada.client.post("/import/", data=fields | {"csrf_token": "of another session"})
    assert answer.status_code == 200
    assert input_value(answer.text, "pasted") == "code\nB-1"


def test_a_draft_is_valid_for_an_hour(app, ole, monkeypatch):
    _, page = send_late(app, ole)
    monkeypatch.setattr(form_drafts, "MAX_AGE_SECONDS", -1)
    answer = sign_in(ole.client, page.text)
    assert "could not be kept" in visible_text(ole.get(answer.location).text)


def test_sign_in_after_a_draft_opens_pages_of_this_site_only(app, ole):
    fields = filled(ole) | {"back": "https://evil.example/"}
    end_session(app, ole)
    page = ole.client.post("/receive/", data=fields).text
    assert action_of(page) == "/login/?next=/"


def test_a_form_whose_lot_is_gone_leaves_a_note(app, stock, ole):
    lot = stock.lot("receive 5", lot_code="L-1")
    fields = filled(ole, f"/lots/{lot}/count/", counted="5")
    end_session(app, ole)
    page = ole.client.post("/lots/999/count/", data=fields).text
    answer = sign_in(ole.client, page)
    assert "Nothing was posted." in visible_text(ole.get(answer.location).text)


def test_a_user_who_lost_the_role_gets_a_note(app, stock, ole, monkeypatch):
    _, page = send_late(app, ole)
    monkeypatch.setattr(app.view_functions["inventory.operations.receive"], "minimum_role", "admin")
    answer = sign_in(ole.client, page.text)
    assert "can no longer open that form" in visible_text(ole.get(answer.location).text)


def test_a_form_of_an_earlier_session_of_the_same_user_is_shown_again(app, stock, ole):
    stock.item("BOLT")
    fields = filled(ole) | {"qty": "12"}
    end_session(app, ole)
    csrf = token_on(ole.client.get("/login/").text)
    ole.client.post("/login/", data={"csrf_token": csrf, "name": "ole", "password": PASSWORD})
    form = ole.client.post("/receive/", data=fields)
    assert form.status_code == 400
    assert input_value(form.text, "lot_code") == "L-77"
    assert stock.entries() == 0
    again = form_fields(form.text) | TYPED | {"qty": "12"}
    assert ole.client.post("/receive/", data=again).status_code == 303


def test_a_form_of_another_users_session_is_not_shown(app, stock, ole, person):
    fields = filled(person("ira"))
    answer = ole.client.post("/receive/", data=fields)
    assert answer.status_code == 400
    assert "L-77" not in answer.text
