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
