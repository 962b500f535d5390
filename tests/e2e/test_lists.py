"""Lists in the browser: sorting, history navigation and transferred bytes."""

import re

import pytest
from playwright.sync_api import expect

from inventory.accounts import users

#: The behavior of the browser does not depend on the database.
pytestmark = [pytest.mark.browser, pytest.mark.only("sqlite")]

PASSWORD = "a quiet warehouse"


@pytest.fixture
def ada(app, stock, page):
    with app.app_context():
        users.create_user(name="ada", password=PASSWORD, role="admin")
    for number in range(30):
        item = stock.item(f"PART-{number:03d}", name=f"A part that is called {number}")
        stock.lot(f"receive {100 + number}, reserve {number + 1} JOB-{number}", item=item)
    log_in(page)
    return page


def log_in(page):
    page.goto("/login/")
    page.get_by_label("Name", exact=True).fill("ada")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")


def first_row(page):
    return page.locator("#live .table tbody tr").first


def test_a_list_is_sorted_in_place_and_back_restores_it(ada):
    page = ada
    page.goto("/items/")
    page.evaluate("window.same = true")
    expect(first_row(page)).to_contain_text("PART-000")
    page.get_by_role("columnheader", name="Free").get_by_role("link").click()
    expect(page.get_by_role("columnheader", name="Free")).to_have_attribute(
        "aria-sort", "descending"
    )
    expect(page).to_have_url(re.compile(r"/items/\?sort=-free$"))
    page.get_by_role("columnheader", name="Reserved").get_by_role("link").click()
    expect(first_row(page)).to_contain_text("PART-029")
    expect(page).to_have_url(re.compile(r"/items/\?sort=-reserved$"))
    assert page.evaluate("window.same"), "the whole page was loaded"
    page.go_back()
    expect(page.get_by_role("columnheader", name="Free")).to_have_attribute(
        "aria-sort", "descending"
    )
    page.go_back()
    expect(first_row(page)).to_contain_text("PART-000")
    page.go_forward()
    expect(page.get_by_role("columnheader", name="Free")).to_have_attribute(
        "aria-sort", "descending"
    )


def test_a_late_poll_does_not_restore_the_old_list(ada):
    page, held = ada, []
    page.goto("/items/")
    page.route(re.compile(r"/items/$"), lambda route: held.append(route))
    while not held:
        page.wait_for_timeout(100)
    page.get_by_role("columnheader", name="Free").get_by_role("link").click()
    free = page.get_by_role("columnheader", name="Free")
    expect(free).to_have_attribute("aria-sort", "descending")
    with page.expect_event("requestfinished"):
        held[0].continue_(headers=held[0].request.headers | {"hx-ptag": "older"})
    page.wait_for_timeout(300)
    expect(free).to_have_attribute("aria-sort", "descending")


def test_back_and_forward_restore_search_filters_and_the_open_form(ada):
    page = ada
    page.goto("/items/")
    page.get_by_label("Search items").fill("PART-01")
    expect(page.locator("#live .table tbody tr")).to_have_count(10)
    page.get_by_role("link", name="PART-017").click()
    expect(page.get_by_role("heading", name="PART-017")).to_be_visible()
    page.locator(".offers").get_by_role("link", name="Issue", exact=True).click()
    expect(page.get_by_role("complementary").get_by_role("heading", name="Issue")).to_be_visible()
    page.go_back()
    page.go_back()
    expect(page.get_by_label("Search items")).to_have_value("PART-01")
    expect(page.locator("#live .table tbody tr")).to_have_count(10)
    page.go_forward()
    expect(page.get_by_role("heading", name="PART-017")).to_be_visible()


def record_transfers(page):
    """Return a function that gives the transferred bytes per URL, headers included."""
    session, names, sizes = page.context.new_cdp_session(page), {}, {}

    def on_response(event):
        names[event["requestId"]] = event["response"]["url"]

    def on_finished(event):
        sizes[event["requestId"]] = event["encodedDataLength"]

    session.on("Network.responseReceived", on_response)
    session.on("Network.loadingFinished", on_finished)
    session.send("Network.enable")
    return lambda: {names.get(id, id): size for id, size in sizes.items()}


def test_the_dashboard_loads_at_most_40_kb(ada, browser, live_server):
    context = browser.new_context(base_url=live_server.url)
    context.add_cookies(ada.context.cookies())
    page = context.new_page()
    transfers = record_transfers(page)
    page.goto("/", wait_until="networkidle")
    expect(page.locator("#latest tbody tr")).to_have_count(12)
    sizes = transfers()
    assert 15_000 < sum(sizes.values()) <= 40_000, sizes
    assert len(sizes) <= 8, sizes
    context.close()


def test_a_partial_update_transfers_at_most_3_kb(ada, stock):
    page = ada
    for path, action in (
        ("/items/", lambda: page.get_by_label("Search items").fill("PART-01")),
        ("/items/1/", lambda: stock.lot("receive 7", item="PART-000")),
        ("/lots/1/", lambda: stock.post("scrap", lot_id=1, qty=1, reason="bent")),
        ("/", lambda: page.keyboard.press("Control+k") or page.keyboard.type("PART")),
    ):
        page.goto(path, wait_until="networkidle")
        transfers = record_transfers(page)
        before = set(transfers())
        with page.expect_event("requestfinished", timeout=15_000):
            action()
        page.wait_for_timeout(500)
        sizes = {url: size for url, size in transfers().items() if url not in before}
        assert sizes
        assert max(sizes.values()) <= 3_000, (path, sizes)
