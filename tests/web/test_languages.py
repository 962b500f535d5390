"""Language of a page, and texts that are not translated."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from inventory.accounts import api_tokens, users
from inventory.webhooks import endpoints
from tests.support import pseudo_language
from tests.support.context_stock import ContextStock
from tests.support.pseudo_language import VisibleTexts, words_in
from tests.support.users import PASSWORD, Person, form_fields
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
    assert not unmarked.found, str(unmarked)
