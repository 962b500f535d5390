"""Search with the keyboard: the field of the header, and the search of a list."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e import test_lists

#: The behavior of the browser does not depend on the database.
pytestmark = [pytest.mark.browser, pytest.mark.only("sqlite")]

ada = test_lists.ada


def test_enter_waits_for_the_results_of_the_typed_text(ada):
    """A scanner types faster than the results arrive."""
    page = ada
    page.goto("/", wait_until="networkidle")
    page.keyboard.press("Control+k")
    expect(page.locator("#found a").first).to_be_visible()
    page.keyboard.type("PART-017")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/items/\d+/$"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("PART-017")


def test_enter_without_results_stays_on_the_page(ada):
    page = ada
    page.keyboard.press("/")
    page.keyboard.type("no such thing")
    page.keyboard.press("Enter")
    expect(page.locator("#found")).to_contain_text("No results for")
    expect(page).to_have_url(re.compile(r"/$"))


def test_arrow_keys_move_through_the_rows_of_a_search(ada):
    page = ada
    page.goto("/items/")
    page.get_by_label("Search items").fill("PART-01")
    expect(page.locator("#live .table tbody tr")).to_have_count(10)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="PART-011")).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_label("Search items")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("PART-010")


@pytest.mark.parametrize("verb", ["receive", "reserve"])
def test_proposed_items_of_a_form_follow_the_typed_text(ada, stock, verb):
    page = ada
    stock.item("ZINC", name="Zinc sheet")
    page.goto(f"/{verb}/")
    page.get_by_label("Item", exact=True).press_sequentially("zin")
    choices, field = page.locator("#item-choices li"), page.get_by_label("Item", exact=True)
    expect(choices).to_contain_text(["Zinc sheet ZINC 0 pcs free", "Create zin"])
    field.fill("PART-01")
    expect(choices).to_have_count(9)
    expect(field).to_have_value("PART-01")
    expect(choices.first).to_contain_text(re.compile(r"PART-010\s+99 pcs free"))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(field).to_have_value("PART-011")
    expect(choices.first).to_be_hidden()
    field.fill("PART-02")
    expect(choices.nth(2)).to_contain_text("PART-022")
    choices.nth(2).click()
    expect(field).to_have_value("PART-022")
    field.fill("NEW-1")
    expect(choices).to_contain_text(["Create NEW-1"])
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Code", exact=True)).to_have_value("NEW-1")


def test_results_show_while_the_focus_is_in_the_search(ada):
    page = ada
    page.goto("/items/")
    field, found = page.get_by_label("Search or scan"), page.locator("#found")
    expect(found).to_be_hidden()
    page.keyboard.press("/")
    expect(field).to_be_focused()
    expect(found).to_contain_text("Receive")
    page.keyboard.type("part-011")
    expect(found.get_by_role("link").first).to_contain_text("PART-011")
    page.keyboard.press("ArrowDown")
    expect(found.get_by_role("link").first).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    expect(found).to_be_hidden()
    expect(field).to_have_value("")
    field.fill("audit")
    expect(found.get_by_role("link").first).to_contain_text("Audit log")
    page.keyboard.press("Enter")
    page.wait_for_url("**/audit/")


def test_a_click_on_a_row_opens_what_the_row_is_about(ada):
    page = ada
    page.goto("/items/")
    page.locator("#live tbody tr").nth(2).locator("td").last.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("PART-002")
    page.goto("/items/")
    box = page.locator("#live tbody tr").nth(2).locator("td").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 3, box["y"] + box["height"] / 2, steps=5)
    page.mouse.up()
    page.wait_for_timeout(300)
    assert page.evaluate("String(getSelection())").strip()
    expect(page).to_have_url(re.compile(r"/items/$"))
