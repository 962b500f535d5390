"""Saved views: the filters and the order of a list under a name."""

from __future__ import annotations

import re

import pytest

from inventory.accounts import saved_views
from tests.support.users import form_fields, visible_text


def save(person, path, name, **headers):
    page = person.get(path).text.partition('<div class="views')[2]
    form = page[: page.index("</details>")]
    fields = form_fields(form[form.rindex("<form") :])
    return person.client.post("/views/", data=fields | {"name": name}, headers=headers)


def views_of(page):
    part = page.text.partition('<div class="views')[2].partition("<details")[0]
    return re.findall(r'href="([^"]+)"( aria-current="page")?>.*?</svg>([^<]+)</a>', part, re.S)


def test_a_view_is_saved_opened_and_deleted(ada, stock):
    stock.item("BOLT")
    assert save(ada, "/items/?sort=-free&state=low&cursor=", "Low first").location == (
        "/items/?sort=-free&state=low"
    )
    page = ada.get("/items/")
    assert views_of(page) == [("/items/?sort=-free&amp;state=low", "", "Low first")]
    opened = ada.get("/items/?state=low&sort=-free")
    assert views_of(opened)[0][1]
    assert views_of(ada.get("/lots/")) == []
    fields = form_fields(opened.text)
    token = {"csrf_token": fields["csrf_token"]}
    gone = ada.post("/views/1/delete/", token | {"path": "/items/"})
    assert gone.location == "/items/"
    page = ada.get("/items/")
    assert "View Low first deleted." in visible_text(page.text)
    assert views_of(page) == []
    assert ada.post("/views/1/delete/", token | {"path": "/items/"}).status_code == 404


@pytest.mark.parametrize("path", ["/items/", "/lots/", "/reservations/", "/ledger/"])
def test_each_list_has_views(ada, stock, path):
    stock.lot("receive 5, reserve 1 JOB-1")
    assert save(ada, f"{path}?q=a", "Mine").location == f"{path}?q=a"
    assert views_of(ada.get(path)) == [(f"{path}?q=a", "", "Mine")]


def test_a_view_of_the_same_name_is_replaced(ada, stock):
    stock.item("BOLT")
    save(ada, "/items/?q=a", "Mine")
    save(ada, "/items/?q=b", "Mine")
    assert views_of(ada.get("/items/")) == [("/items/?q=b", "", "Mine")]


def test_views_belong_to_their_user(ada, person, stock):
    stock.item("BOLT")
    save(ada, "/items/?q=a", "Mine")
    ole = person("ole")
    assert views_of(ole.get("/items/")) == []
    fields = form_fields(ole.get("/items/").text)
    refused = ole.post("/views/1/delete/", {"csrf_token": fields["csrf_token"], "path": "/items/"})
    assert refused.status_code == 404
    assert len(views_of(ada.get("/items/"))) == 1


def test_wrong_views_are_refused_in_words(ada, stock, monkeypatch):
    stock.item("BOLT")
    save(ada, "/items/", "")
    assert views_of(ada.get("/items/")) == []
    save(ada, "/items/?q=" + "a" * 1100, "Long")
    assert "too long" in visible_text(ada.get("/items/").text)
    monkeypatch.setattr(saved_views, "MAX_VIEWS", 1)
    save(ada, "/items/", "One")
    save(ada, "/items/", "Two")
    page = ada.get("/items/")
    assert "at most 1 saved views" in visible_text(page.text)
    assert len(views_of(page)) == 1
    fields = form_fields(page.text)
    token = {"csrf_token": fields["csrf_token"]}
    assert ada.post("/views/", token | {"path": "/users/"}, name="x").status_code == 404
    assert ada.post("/views/", token | {"path": "//evil.example"}, name="x").status_code == 404


def test_with_htmx_the_url_that_the_browser_shows_is_saved(ada, stock):
    stock.item("BOLT")
    shown = {"HX-Request": "true", "HX-Current-URL": "http://localhost/items/?q=bo&sort=name"}
    answer = save(ada, "/items/", "Mine", **shown)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/items/?q=bo&sort=name")
    assert views_of(ada.get("/items/"))[0][0] == "/items/?q=bo&amp;sort=name"
