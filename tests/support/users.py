"""Signed-in users who fill in the forms of the pages, with and without htmx."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from flask import Flask

from inventory.accounts import users

PASSWORD = "a quiet warehouse"
ROLES = {"ada": "admin", "ira": "inspector", "ole": "operator", "vic": "viewer", "eve": "viewer"}


class Person:
    """A signed-in user: `ada.submit("/reserve/", qty="5")` opens, fills in and sends a form."""

    def __init__(self, app: Flask, name: str) -> None:
        self.app = app
        with app.app_context():
            self.id = users.create_user(name=name, password=PASSWORD, role=ROLES[name]).id
        self.client = app.test_client()
        self.post("/login/", form_fields(self.get("/login/").text), name=name, password=PASSWORD)

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(path, headers=headers)

    def post(self, path: str, fields: dict[str, str], **typed: str) -> Any:
        return self.client.post(path, data=fields | typed)

    def submit(self, path: str, *, page: str = "", **typed: str) -> Any:
        """Submit without scripts; the answer is a redirect or the page with the refused form."""
        return self.post(path, form_fields(self.get(page or path).text), **typed)

    def submit_htmx(self, path: str, *, at: str = "", **typed: str) -> Any:
        """Submit with htmx from the page `at`; the answer contains the changed parts."""
        fields = form_fields(self.get(path).text)
        headers = {
            "HX-Request": "true",
            "HX-Request-Type": "partial",
            "HX-Target": "form#act",
            "HX-Current-URL": f"http://localhost{at or path}",
        }
        return self.client.post(path, data=fields | typed, headers=headers)


class _Form(HTMLParser):
    """Collect the values of the form #act, or else of the last form of the page."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.form_id: str | None = ""
        self.select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        fields = dict(attrs)
        name, value = fields.get("name") or "", fields.get("value") or ""
        if tag == "form" and self.form_id != "act":
            self.form_id, self.fields = fields.get("id"), {}
        if tag == "select":
            self.select = name
        if tag == "option" and (self.select not in self.fields or "selected" in fields):
            self.fields[self.select] = value
        unchecked = fields.get("type") in ("checkbox", "radio") and "checked" not in fields
        if tag == "input" and name and not unchecked:
            self.fields[name] = value

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self.form_id == "act":
            self.handle_starttag = lambda tag, attrs: None  # type: ignore[method-assign]


def form_fields(html: str) -> dict[str, str]:
    parser = _Form()
    parser.feed(html)
    return parser.fields


def visible_text(html: str) -> str:
    """Return the text of a page without tags, with single spaces."""
    import html as entities

    return " ".join(entities.unescape(re.sub(r"<[^>]*>", " ", html)).split())
