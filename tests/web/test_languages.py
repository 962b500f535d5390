"""Language of a page, and texts that are not translated."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from inventory.accounts import api_tokens, users
from inventory.webhooks import endpoints
from tests.support import pseudo_language
from tests.support.context_stock import ContextStock
from tests.support.pseudo_language import VisibleTexts, words_in
from tests.support.users import PASSWORD, Person, form_fields, visible_text
from tests.web.inventory.test_imports import check, open_preview
from tests.web.test_parts_by_role import addresses

#: Words that are the same in every language.
NAMES = words_in(
    "Inventory CSV XLSX JSON Lines PDF ZPL GTIN GS1 DataMatrix QR FNC1 HTTP HTTPS URL API PIN QC"
    " SHA FEFO UTC INV GiB MiB KiB Letter NONE viewer operator inspector admin tmpfs ms pc"
    " English Deutsch Español Français"
)


ENDS_THE_SESSION = {"/logout/", "/account/sessions/end/", "/account/sessions/1/end/"}
#: Values that forms refuse.
WRONG = {
    "item": "NONE", "qty": "1.5.7", "lot_code": "", "counted": "x", "expires_on": "x",
    "code": "x" * 90, "unit": "", "decimals": "9", "location": "\u200b", "url": "x",
    "name": "", "password": "x", "reference": "R" * 120, "pieces": "1,5,5", "role": "x",
}  # fmt: skip


class Unmarked:
    """Texts with words that are neither data nor translated, and where they stand."""

    def __init__(self, data: set[str]) -> None:
        self.data = data
        self.found: dict[str, set[str]] = {}

    def read(self, place: str, answer: Any) -> None:
        if answer.mimetype != "text/html" or 300 <= answer.status_code < 400:
            return
        for text in VisibleTexts(answer.text).texts:
            if words_in(_PATH.sub("", text).replace("zero width space", "")) - self.data:
                self.found.setdefault(" ".join(text.split()), set()).add(place)

    def __str__(self) -> str:
        return "\n".join(f"{text}: {sorted(places)[:3]}" for text, places in self.found.items())


_PATH = re.compile(r"/[\w./-]+")


@pytest.fixture(scope="session")
def pseudo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("translations")


@pytest.fixture
def pseudo_site(app: Flask, pseudo_folder: Path) -> Flask:
    pseudo_language.install(app, pseudo_folder)
    return app


@pytest.mark.only("sqlite")
def test_every_text_of_every_page_is_translated(
    pseudo_site: Flask, stock: ContextStock, ada: Person
) -> None:
    stock.lot("receive 10, reserve 4 JOB-1, issue 1")
    stock.lot("receive 5", quarantine=True)
    stock.link("9521123456785", item="BOLT")
    with pseudo_site.app_context():
        users.create_user(name="USER-2", password=PASSWORD, role="viewer", actor_id=ada.id)
        api_tokens.create_token(user_id=ada.id, name="TOKEN")
        endpoints.add_endpoint(url="https://localhost/", key="x" * 32, user_id=ada.id)
    unmarked = Unmarked(pseudo_language.words_of_data(pseudo_site) | NAMES)
    for _, path in addresses(pseudo_site, "GET"):
        unmarked.read(path, ada.get(path))
    fields = form_fields(ada.get("/receive/").text)
    token = {"csrf_token": fields["csrf_token"]}
    for _, path in addresses(pseudo_site, "POST"):
        if path not in ENDS_THE_SESSION:
            unmarked.read(f"POST {path}", ada.post(path, token))
            unmarked.read(f"POST {path}", ada.post(path, token | WRONG))
    # Files with many kinds of findings.
    headers = "item;lot;qty;expires\n"
    wrong = headers + "BOLT;X;x;\nBOLT;X;1.000;\nNONE;L;5;\nBOLT;;5;\nBOLT;N2;5;03/04/2030\n"
    noted = headers + "BOLT;N-1;2;\nBOLT;N1;0;\nBOLT;OLD;5;2001-01-01\nBOLT;OLd;5;2031-01-01\n"
    unmarked.data |= words_in(wrong + noted) | words_in("stock csv")
    for text in (wrong, noted):
        draft = open_preview(ada, "stock", text)
        unmarked.read("a draft", ada.get(draft))
        unmarked.read("a report", check(ada, draft))
    assert not unmarked.found, str(unmarked)


# --- the language of a page -----------------------------------------------------------------------


def lang_of(answer: Any) -> str:
    return re.search(r'<html[^>]* lang="([^"]+)"|<html\s+lang="([^"]+)"', answer.text)[1]  # type: ignore[index]


@pytest.mark.parametrize(
    ("wanted", "language"),
    [
        ("", "en"), ("de", "de"), ("de-AT,de;q=0.9,en;q=0.5", "de"), ("es-MX", "es"),
        ("pl,fr;q=0.4", "fr"), ("pl", "en"), ("en-US,de;q=0.8", "en"), ("*", "en"), (";;;", "en"),
    ],
)  # fmt: skip
def test_a_page_is_in_the_language_of_the_browser(client: Any, wanted: str, language: str) -> None:
    answer = client.get("/register/", headers={"Accept-Language": wanted})
    assert lang_of(answer) == language


def test_a_browser_that_knows_none_of_the_languages_gets_that_of_the_site(app: Flask) -> None:
    app.config["LANGUAGE"] = "fr"
    client = app.test_client()
    assert lang_of(client.get("/register/")) == "fr"
    assert lang_of(client.get("/register/", headers={"Accept-Language": "pl"})) == "fr"
    assert lang_of(client.get("/register/", headers={"Accept-Language": "de"})) == "de"


def choose(person: Person, language: str) -> Any:
    token = re.search(r'name="csrf_token" value="([^"]+)"', person.get("/account/").text)
    assert token
    return person.post("/account/language/", {"csrf_token": token[1], "language": language})


def test_a_user_chooses_a_language(ada: Person) -> None:
    saved = choose(ada, "de")
    assert saved.status_code == 303
    page = ada.get("/account/", **{"Accept-Language": "fr"})
    assert lang_of(page) == "de"
    assert "Sprache gespeichert." in page.text
    assert '<option selected value="de">' in page.text
    choose(ada, "")
    assert lang_of(ada.get("/account/", **{"Accept-Language": "fr"})) == "fr"


def test_an_unknown_language_is_refused(ada: Person) -> None:
    choose(ada, "xx")
    page = ada.get("/account/")
    assert lang_of(page) == "en"
    assert "Choose one of the languages." in page.text


def test_a_refusal_is_in_the_language_of_the_user(ada: Person, stock: ContextStock) -> None:
    stock.item("OIL", unit="kg", decimals=1)
    stock.lot("receive 12.5, reserve 5 JOB-7", item="OIL", lot_code="L-1")
    fields = {"item": "OIL", "qty": "99,5", "reference": "JOB-8"}
    choose(ada, "de")
    page = visible_text(ada.submit("/reserve/", **fields).text)
    assert "Von OIL nur 7,5 kg frei, 99,5 kg angefordert." in page
    assert "5 kg reserviert für JOB-7." in page
    assert "Stattdessen 7,5" in page


def test_a_refusal_that_was_stored_is_told_in_the_language_of_its_repeat(
    ada: Person, stock: ContextStock
) -> None:
    stock.lot("receive 5", lot_code="L-1")
    fields = form_fields(ada.get("/reserve/").text) | {"item": "BOLT", "qty": "9", "reference": "J"}
    assert "Only 5 pcs of BOLT free" in visible_text(ada.post("/reserve/", fields).text)
    choose(ada, "de")
    repeated = ada.post("/reserve/", fields)
    assert "Von BOLT nur 5 pcs frei" in visible_text(repeated.text)


def test_the_api_stays_in_english(app: Flask, ada: Person) -> None:
    with app.app_context():
        users.set_language(user_id=ada.id, language="de", actor_id=ada.id)
        _, secret = api_tokens.create_token(user_id=ada.id, name="T")
    answer = app.test_client().get(
        "/api/v1/items/NONE",
        headers={"Authorization": f"Bearer {secret}", "Accept-Language": "de"},
    )
    assert answer.json["detail"] == "There is no item NONE."


def test_an_error_page_is_translated_without_a_database(app: Flask) -> None:
    answer = app.test_client().get("/nothing/", headers={"Accept-Language": "de"})
    assert answer.status_code in (401, 404)
    assert lang_of(answer) == "de"


@pytest.mark.parametrize(
    ("language", "figure", "day"),
    [
        ("en", '1<span>234</span><span>567</span>.5', "2031-03-04"),
        ("de", '1<span>234</span><span>567</span>,5', "04.03.2031"),
        ("fr", '1<span>234</span><span>567</span>,5', "04/03/2031"),
        ("es", '1<span>234</span><span>567</span>,5', "04/03/2031"),
    ],
)  # fmt: skip
def test_figures_and_dates_are_written_as_the_language_does(
    ada: Person, stock: ContextStock, language: str, figure: str, day: str
) -> None:
    stock.item("OIL", unit="kg", decimals=1)
    lot = stock.lot("receive 1234567.5", item="OIL", lot_code="L-1", expires_on=date(2031, 3, 4))
    page = ada.get(f"/lots/{lot}/", **{"Accept-Language": language}).text
    assert figure in page
    assert day in visible_text(page)


def test_a_macro_is_not_kept_in_the_language_of_its_first_page(ada: Person) -> None:
    german = ada.get("/users/", **{"Accept-Language": "de"}).text
    english = ada.get("/users/").text
    assert "Administrator" in english
    assert "Betrachter" in german
    assert "Betrachter" not in english


def test_no_date_field_takes_a_year_of_two_digits(ada: Person, stock: ContextStock) -> None:
    stock.lot("receive 1")
    found = 0
    for path in ("/receive/", "/reserve/", "/lots/1/?do=edit", "/ledger/", "/audit/", "/floor/",
                 "/account/tokens/", "/analysis/"):  # fmt: skip
        for field in re.findall(r'<input[^>]*type="date"[^>]*>', ada.get(path).text):
            assert 'min="2000-01-01"' in field
            assert 'max="2199-12-31"' in field
            found += 1
    assert found >= 10
