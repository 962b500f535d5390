"""Registration, login and logout in a browser, with and without scripts."""

import re

import pytest
from playwright.sync_api import expect

#: The behavior of the browser does not depend on the database.
pytestmark = [pytest.mark.browser, pytest.mark.only("sqlite")]

PASSWORD = "a quiet warehouse"


def register(page, name="ada"):
    page.goto("/register/")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()


def log_in(page, name="ada"):
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_register_log_out_and_log_in_again(browser, live_server, scripts):
    context = browser.new_context(base_url=live_server.url, java_script_enabled=scripts)
    page = context.new_page()
    register(page)
    page.goto("/account/")
    expect(page.get_by_role("heading", name="ada")).to_be_visible()
    page.locator("#user-menu summary").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto("/account/")
    log_in(page)
    expect(page).to_have_url(re.compile(r"/account/$"))
    context.close()


def test_the_next_field_to_fill_has_the_focus(page):
    register(page)
    page.goto("/logout/")
    page.locator("main").get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.get_by_label("Name", exact=True).fill("ada")
    page.get_by_label("Password", exact=True).fill("wrong password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("is wrong")
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    expect(page.get_by_label("Name", exact=True)).to_have_value("ada")


def test_a_double_click_sends_a_form_once(page):
    register(page)
    page.goto("/users/")
    sent = []
    page.on("request", lambda request: request.method == "POST" and sent.append(request.url))
    page.get_by_label("Name", exact=True).fill("ben")
    page.get_by_label("Initial password").fill(PASSWORD)
    page.get_by_role("button", name="Create user").dblclick()
    expect(page.get_by_role("status").filter(has_text="User ben created")).to_be_visible()
    assert len(sent) == 1


def test_the_theme_is_switched_without_a_request_and_kept(page):
    page.goto("/register/")
    sent = []
    page.on("request", lambda request: request.method == "POST" and sent.append(request.url))
    page.locator("#user-menu summary").click()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert not sent
    page.locator("#user-menu summary").click()
    page.get_by_role("button", name="System").click()
    page.reload()
    assert page.locator("html").get_attribute("data-theme") is None


def test_escape_closes_a_menu_and_restores_the_focus(page):
    page.goto("/register/")
    summary = page.locator("#user-menu summary")
    summary.click()
    page.get_by_role("button", name="Dark").focus()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Dark")).to_be_hidden()
    expect(summary).to_be_focused()


def test_a_toast_can_be_dismissed(page):
    register(page)
    page.goto("/account/")
    page.get_by_label("Current password").fill(PASSWORD)
    page.get_by_label("New password").fill("another one")
    page.get_by_role("button", name="Change password").click()
    toast = page.get_by_role("status").filter(has_text="Password changed")
    expect(toast).to_be_visible()
    page.get_by_role("button", name="Dismiss").click()
    expect(toast).to_be_hidden()
