"""The help dialog and the pages of the user guide."""

import pytest
from playwright.sync_api import expect

from tests.e2e import test_lists
from tests.e2e.test_every_page import problems_of, set_width

#: The behavior of the browser does not depend on the database.
pytestmark = [pytest.mark.browser, pytest.mark.only("sqlite")]

ada = test_lists.ada


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_help_dialog_opens_closes_and_fits(ada, scheme):
    page = ada
    messages = []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.emulate_media(color_scheme=scheme)
    page.goto("/receive/", wait_until="networkidle")
    dialog = page.get_by_role("dialog", name="Help")

    page.get_by_label("Lot number", exact=True).fill("A")
    page.keyboard.press("?")
    expect(page.get_by_label("Lot number", exact=True)).to_have_value("A?")
    expect(dialog).to_be_hidden()

    page.locator("h1").click()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text("Ctrl-K")
    expect(dialog).to_contain_text("On hand minus reserved")
    for width in (320, 1280):
        set_width(page, width)
        assert problems_of(page) == []
        assert dialog.evaluate("(e) => e.scrollWidth <= e.clientWidth")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.keyboard.press("?")
    dialog.get_by_role("link", name="User guide").click()
    page.wait_for_url("**/help/receiving/#receive-a-lot")
    assert messages == []


def test_help_in_the_user_menu_opens_the_dialog(ada):
    page = ada
    page.goto("/", wait_until="networkidle")
    menu = page.locator("#user-menu")
    dialog = page.get_by_role("dialog", name="Help")
    menu.locator("summary").click()
    menu.get_by_role("link", name="Help").click()
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()
    expect(menu.locator("summary")).to_be_focused()


@pytest.mark.parametrize("width", [320, 1280])
def test_pages_of_the_guide_are_accessible_and_fit(ada, width):
    page = ada
    set_width(page, width)
    paths = ["/help/", "/help/shortcuts/"]
    page.goto(paths[0])
    links = page.get_by_role("navigation", name="Pages of the user guide").get_by_role("link")
    paths += [link.get_attribute("href") for link in links.all()]
    assert len(paths) > 10
    problems, pictures = [], 0
    for path in paths:
        page.goto(path)
        problems += [f"{path}: {problem}" for problem in problems_of(page)]
        for picture in page.locator(".guide img").all():
            before = picture.bounding_box()
            picture.scroll_into_view_if_needed()
            expect(picture).to_have_js_property("complete", True)
            assert picture.evaluate("(e) => e.naturalWidth > 0"), path
            after = picture.bounding_box()
            assert (after["width"], after["height"]) == (before["width"], before["height"]), path
            pictures += 1
    assert problems == []
    assert pictures > 10
