"""Pages and tablet in other languages: nothing is left in English, and longer texts fit."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from inventory.accounts import users
from inventory.common.languages import LANGUAGES
from inventory.translations.update import script_of
from tests.e2e.tablets import PASSWORD, Tablet
from tests.e2e.test_every_page import OVERFLOWING, RULES, axe, set_width
from tests.e2e.test_stock_pages import PAGES, warehouse
from tests.support import pseudo_language
from tests.support.pseudo_language import CODE, words_in
from tests.support.servers import ThreadedServer
from tests.web.test_languages import NAMES

__all__ = ["warehouse"]

#: The behavior of the browser does not depend on the database.
pytestmark = [pytest.mark.browser, pytest.mark.only("sqlite")]

#: In each run, all pages are opened in the language with the longest texts, and a few in the real
#: ones; the nightly run opens all in each, and checks them with axe (AXE=all).
FEW_PAGES = ["/", "/items/1/", "/lots/1/", "/receive/", "/reservations/", "/import/"]
IS_WHOLE = os.environ.get("AXE") == "all"
WIDTHS = (320, 768, 1280) if IS_WHOLE else (320, 1280)


@pytest.fixture
def url(app: Flask) -> Iterator[str]:
    """Serve the test's own application, whose languages a test can change."""
    server = ThreadedServer(app).start()
    yield server.url
    server.stop()


@pytest.fixture
def open_page(browser: Browser, url: str) -> Iterator[Callable[[str], Page]]:
    """`open_page("de")` returns an empty page of a browser that asks for a language."""
    contexts = []

    def open_page(language: str) -> Page:
        context = browser.new_context(base_url=url, locale=language, service_workers="block")
        contexts.append(context)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def pseudo_site(app: Flask, tmp_path: Path) -> Flask:
    pseudo_language.install(app, tmp_path)
    return app


def sign_in(page: Page, name: str, target: str = "/") -> None:
    page.goto(f"/login/?next={target}")
    page.locator("[name=name]").fill(name)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("form [type=submit]").first.click()
    page.wait_for_url(f"**{target}")


def problems_at_widths(page: Page, paths: list[str]) -> list[str]:
    problems = []
    for path in paths:
        page.goto(path)
        for width in WIDTHS:
            set_width(page, width)
            page.evaluate("scrollTo(0, 0)")  # The header covers what is scrolled below it.
            found = page.evaluate(OVERFLOWING)
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                found.append("scrolls sideways")
            if IS_WHOLE:
                found += [
                    f"{rule['id']}: {node['html'][:100]}"
                    for rule in axe(page, runOnly=RULES)
                    for node in rule["nodes"]
                ]
            problems += [f"{path} at {width}: {problem}" for problem in found]
    return problems


def test_longer_texts_fit(pseudo_site: Flask, warehouse: None, open_page: Any) -> None:
    page = open_page(CODE)
    sign_in(page, "ada")
    assert page.locator("html").get_attribute("lang") == CODE
    problems = problems_at_widths(page, [*PAGES, "/users/", "/checkup/", "/account/"])
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != "en"])
def test_pages_fit_in_each_language(warehouse: None, open_page: Any, language: str) -> None:
    page = open_page(language)
    sign_in(page, "ada")
    assert page.locator("html").get_attribute("lang") == language
    problems = problems_at_widths(page, PAGES if IS_WHOLE else FEW_PAGES)
    assert not problems, "\n".join(problems)


#: All that a user reads or hears on the tablet.
_TEXTS = """
[document.body.innerText, ...[...document.querySelectorAll("[aria-label], [placeholder]")]
  .map((e) => `${e.getAttribute("aria-label") ?? ""} ${e.getAttribute("placeholder") ?? ""}`)]
"""


def test_no_text_of_the_tablet_is_left_in_english(
    pseudo_site: Flask, stock: Any, open_page: Any
) -> None:
    with pseudo_site.app_context():
        users.create_user(name="ole", password=PASSWORD, role="operator")
    stock.item("BOLT", name="BOLT")
    stock.lot("receive 20, reserve 5 JOB-7", lot_code="L-1", location="A-1")
    stock.lot("receive 5", lot_code="L-2", quarantine=True)
    page = open_page(CODE)
    script = script_of(pseudo_language.translated("scripts"))
    page.route(
        "**/static/floor/messages.*.js",
        lambda route: route.fulfill(body=script, content_type="text/javascript"),
    )
    sign_in(page, "ole", "/floor/")
    tablet = Tablet(page).waits("ole")
    data = pseudo_language.words_of_data(pseudo_site) | NAMES | words_in("L-3 NOTHING")
    unmarked: set[str] = set()

    def read() -> None:
        for text in page.evaluate(_TEXTS):
            unmarked.update(line for line in text.split("\n") if words_in(line) - data)

    for task in ("issue", "receive", "reserve", "pick", "count", "move", "lookup"):
        tablet.does(task)
        read()
        for scanned in ("L-1", "BOLT", "L-2", "NOTHING", "9521123456780", "JOB-7", "A-1"):
            tablet.scans_again(scanned)
            page.wait_for_timeout(60)
            read()
        tablet.does(task)
        tablet.scans_again("L-1")
        if page.locator("#qty").is_visible():
            for qty in ("1,000", "x", "50", "2"):
                tablet.sets(qty)
                page.wait_for_timeout(30)
                read()
        if page.locator("#go").is_visible():
            page.locator("#go").click()
            page.wait_for_timeout(400)
            read()
    expect(page.locator("#entries > li").first).to_be_visible()
    page.locator("#who").click()
    read()
    assert "⟦" in page.locator("#band").inner_text()
    assert unmarked == set()
