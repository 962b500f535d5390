"""A session ends while a form is filled in: what was typed comes back after sign-in."""

import re

import pytest
from playwright.sync_api import expect

from inventory.accounts import sessions, users
from tests.e2e.tablets import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.only("sqlite", nightly="postgresql")]

#: Longer than the interval of the poll.
POLLED_MS = 6000
SETTLED_MS = 1200


@pytest.fixture
def ole(app, stock):
    with app.app_context():
        return users.create_user(name="ole", password=PASSWORD, role="operator").id


@pytest.fixture
def end_session(app, ole):
    def end():
        with app.app_context():
            sessions.end_others(user_id=ole, this="")

    return end


def sign_in(page, name="ole"):
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")


def fill_in(page):
    page.locator("#lot_code").fill("L-77")
    page.locator("#act #qty").fill("12")
    page.locator("#act #location").fill("A-1")


def comes_back(page):
    expect(page.get_by_text("before your session ended")).to_be_visible()
    expect(page.locator("#lot_code")).to_have_value("L-77")
    expect(page.locator("#act #qty")).to_have_value("12")
    expect(page.locator("#act #location")).to_have_value("A-1")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_form_sent_after_the_session_ended_comes_back(
    browser, live_server, stock, end_session, scripts
):
    stock.lot("receive 5", lot_code="L-1")
    context = browser.new_context(base_url=live_server.url, java_script_enabled=scripts)
    page = context.new_page()
    page.goto("/login/?next=/items/1/?do=receive")
    sign_in(page)
    page.wait_for_url(lambda url: "/login/" not in url)
    fill_in(page)
    end_session()
    page.locator("#act").get_by_role("button", name="Receive").last.click()
    expect(page.get_by_text("Your session has ended")).to_be_visible()
    sign_in(page)
    comes_back(page)
    assert stock.entries() == 1
    if scripts:
        expect(page).to_have_url(re.compile("/receive/$"))
        page.keyboard.press("Enter")
        page.wait_for_timeout(SETTLED_MS)
    page.locator("#act").get_by_role("button", name="Receive").last.click()
    expect(page.locator("#toasts")).to_contain_text("into L-77")
    assert stock.entries() == 2
    context.close()


def test_a_poll_without_session_leaves_typed_values_alone(page, live_server, stock, end_session):
    stock.lot("receive 5", lot_code="L-1")
    page.goto("/login/?next=/items/1/?do=receive")
    sign_in(page)
    page.wait_for_url(lambda url: "/login/" not in url)
    fill_in(page)
    end_session()
    page.wait_for_timeout(POLLED_MS)
    expect(page.locator("#lot_code")).to_have_value("L-77")
    page.locator("#act").get_by_role("button", name="Receive").last.click()
    expect(page.get_by_text("Your session has ended")).to_be_visible()
    sign_in(page)
    comes_back(page)


def test_a_poll_without_session_opens_the_sign_in_page_if_nothing_is_typed(
    page, live_server, stock, end_session
):
    stock.lot("receive 5", lot_code="L-1")
    page.goto("/login/?next=/items/1/")
    sign_in(page)
    page.wait_for_url(lambda url: "/login/" not in url)
    end_session()
    expect(page).to_have_url(re.compile("/login/"), timeout=2 * POLLED_MS)


def replace_session(page, name):
    """Sign out in another tab of the browser, and in again."""
    tab = page.context.new_page()
    tab.goto("/logout/")
    tab.locator("main form [type=submit]").first.click()
    tab.goto("/login/")
    sign_in(tab, name)
    tab.wait_for_url(lambda url: "/login/" not in url)
    tab.close()


def test_a_form_of_an_earlier_session_comes_back(page, stock, ole):
    stock.lot("receive 5", lot_code="L-1")
    page.goto("/login/?next=/items/1/?do=receive")
    sign_in(page)
    page.wait_for_url(lambda url: "/login/" not in url)
    fill_in(page)
    replace_session(page, "ole")
    page.locator("#act").get_by_role("button", name="Receive").last.click()
    comes_back(page)
    assert stock.entries() == 1
    page.locator("#act").get_by_role("button", name="Receive").last.click()
    expect(page.locator("#toasts")).to_contain_text("into L-77")
    assert stock.entries() == 2


def test_a_form_of_another_user_is_not_posted(page, app, stock, ole):
    with app.app_context():
        users.create_user(name="ida", password=PASSWORD, role="operator")
    stock.lot("receive 5", lot_code="L-1")
    page.goto("/login/?next=/items/1/?do=receive")
    sign_in(page)
    page.wait_for_url(lambda url: "/login/" not in url)
    fill_in(page)
    replace_session(page, "ida")
    page.locator("#act").get_by_role("button", name="Receive").last.click()
    expect(page.get_by_role("heading", name="This page has expired")).to_be_visible()
    assert stock.entries() == 1


def test_undo_in_a_toast_of_an_earlier_session_says_what_to_do(page, stock, ole):
    stock.lot("receive 5", lot_code="L-1")
    page.goto("/login/?next=/items/1/?do=receive")
    sign_in(page)
    page.wait_for_url(lambda url: "/login/" not in url)
    fill_in(page)
    page.locator("#act").get_by_role("button", name="Receive").last.click()
    expect(page.locator("#toasts")).to_contain_text("into L-77")
    replace_session(page, "ole")
    page.wait_for_timeout(SETTLED_MS)
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator("#toasts")).to_contain_text("Reload the page, then try again.")
    assert stock.entries() == 2
