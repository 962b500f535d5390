"""The menu of every page, error pages, and the targets of forms."""

import re

import pytest

from tests.support.users import visible_text


def current_menu_entries(page):
    """Return (aria-current, label) of the marked entries of the menu."""
    menu = page.text.partition('<nav class="nav"')[2].partition("</nav>")[0]
    return re.findall(r'<a href="[^"]*" aria-current="(\w+)">(\w+)</a>', menu)


def test_the_menu_marks_the_section_of_the_current_page(ada, stock):
    lot = stock.lot("receive 10, reserve 4 JOB-1")
    assert current_menu_entries(ada.get("/items/")) == [("page", "Items")]
    for path, section in (
        ("/items/1/", "Items"),
        (f"/lots/{lot}/", "Lots"),
        ("/reservations/1/", "Jobs"),
        ("/operations/1/", "Ledger"),
        ("/analysis/turnover/", "Reports"),
    ):
        assert ("true", section) in current_menu_entries(ada.get(path)), path
    assert current_menu_entries(ada.get("/account/")) == []


@pytest.mark.parametrize(
    ("path", "method", "status", "message"),
    [
        ("/nowhere/", "get", 404, "Page not found"),
        ("/items/99/", "get", 404, "There is no item with the ID 99"),
        ("/theme/", "get", 405, "Method not allowed"),
        ("/reserve/", "post", 400, "Nothing was posted"),
    ],
)
def test_an_error_page_says_what_to_do_and_not_what_http_says(ada, path, method, status, message):
    answer = getattr(ada.client, method)(path)
    assert answer.status_code == status
    words = visible_text(answer.text)
    assert message in words
    assert "Ledger" in words  # the menu
    assert not re.search("requested URL|server|CSRF|method", words.partition("Settings")[2])


def test_every_form_posts_to_an_existing_route(app, ada, stock):
    lot = stock.lot("receive 10, reserve 4 JOB-1")
    stock.link("9521123456785")
    adapter = app.url_map.bind("localhost")
    pages = (
        "/", "/receive/", "/reserve/", "/issue/", "/settings/", "/items/", "/items/1/",
        "/items/1/codes/", "/lots/",
        f"/lots/{lot}/", f"/lots/{lot}/?do=count", f"/lots/{lot}/recall/", "/reservations/",
        "/reservations/1/", "/ledger/", "/operations/1/reversal/", "/labels/", "/import/",
        "/users/", "/account/", "/account/tokens/", "/webhooks/", "/checkup/", "/receive/",
    )  # fmt: skip
    for page in pages:
        forms = re.findall(r'<form[^>]*method="post"[^>]*action="([^"]+)"', ada.get(page).text)
        assert len(forms) > 2 or page not in ("/receive/", "/items/1/"), page
        for path in forms:
            adapter.match(path, method="POST")
