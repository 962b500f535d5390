"""Layout of narrow pages and of printed pages."""

import pytest
from playwright.sync_api import expect

from tests.e2e import test_lists

#: The behavior of the browser does not depend on the database.
pytestmark = [pytest.mark.browser, pytest.mark.only("sqlite")]

ada = test_lists.ada


@pytest.fixture
def narrow(ada):
    ada.set_viewport_size({"width": 320, "height": 800})
    return ada


def test_a_toast_on_a_narrow_page_has_few_lines(narrow):
    page = narrow
    page.goto("/items/1/?do=reserve")
    form = page.locator("#act")
    form.get_by_label("Quantity").fill("2")
    form.get_by_label("Job or order").fill("JOB-4711")
    form.get_by_role("button", name="Reserve").click()
    expect(page.locator(".toast")).to_contain_text("Reserved 2 pcs of PART-000 for JOB-4711")
    assert page.locator(".toast").bounding_box()["height"] < 160


def test_the_menu_is_scrolled_to_the_current_page(narrow):
    page = narrow
    page.goto("/reports/")
    box = page.locator(".nav").get_by_role("link", name="Reports").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 320


def test_a_search_field_is_wide_enough_for_a_code(narrow):
    page = narrow
    for path in ("/items/", "/reservations/", "/labels/"):
        page.goto(path)
        for field in page.locator("input[type=search]").all():
            assert field.bounding_box()["width"] > 160, path


def test_a_long_reference_does_not_widen_the_page(narrow, stock):
    page = narrow
    lot = stock.lot("receive 9", lot_code="L" * 64, location="A" * 30)
    stock.post("issue", item="BOLT", qty=1, reference="R" * 100)
    for width in (320, 768, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        for path in ("/", "/ledger/", f"/lots/{lot}/", "/items/31/", "/lots/?q=LLL", "/labels/"):
            page.goto(path)
            wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
            assert not wide, (path, width)


def test_item_lot_and_ledger_fit_on_paper(ada, stock):
    page = ada
    lot = stock.lot("receive 9", lot_code="L" * 64)
    stock.post("issue", item="BOLT", qty=1, reference="R" * 100)
    page.set_viewport_size({"width": 688, "height": 900})
    page.emulate_media(media="print")
    for path in ("/items/31/", f"/lots/{lot}/", "/ledger/"):
        page.goto(path)
        wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert not wide, path


def test_a_job_is_printed_as_a_pick_list(ada, stock):
    page = ada
    for number in ("10", "2"):
        fields = {"lot_code": f"L-{number}", "location": f"A-{number}"}
        stock.lot("receive 9, reserve 3 JOB-77", **fields)
    stock.lot("receive 9, reserve 3 JOB-77", lot_code="L" * 64, location="A" * 64)
    page.goto("/references/issue/?reference=JOB-77")
    expect(page.get_by_role("button", name="Print pick list")).to_be_visible()
    expect(page.locator(".tick").first).to_be_hidden()
    page.set_viewport_size({"width": 688, "height": 900})
    page.emulate_media(media="print")
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    expect(page.get_by_role("heading", name="Pick list JOB-77")).to_be_visible()
    rows = page.locator(".pick-list tbody tr")
    expect(rows.nth(0)).to_contain_text("A-2")
    expect(rows.nth(1)).to_contain_text("A-10")
    for row in rows.all():
        expect(row).to_contain_text("3 pcs")
        expect(row.locator(".tick")).to_be_visible()
    expect(page.locator("#act").get_by_role("button")).to_have_count(0)


@pytest.mark.parametrize("width", [320, 390, 768, 1024, 1100, 1280])
def test_the_location_of_a_lot_is_visible_at_every_width(ada, stock, width):
    page = ada
    stock.lot("receive 9, reserve 3 JOB-77", lot_code="L2611-0985-R1", location="A-12-04")
    page.set_viewport_size({"width": width, "height": 800})
    for path in ("/lots/?q=L2611", "/items/31/", "/labels/?q=L2611"):
        page.goto(path)
        expect(page.locator("main table").get_by_text("A-12-04").first).to_be_visible()
        wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert not wide, path


def test_the_stock_actions_fill_the_bottom_of_a_narrow_page(narrow):
    page = narrow
    page.goto("/items/")
    box = page.locator(".verbs").bounding_box()
    assert (box["x"], box["width"]) == (0, 320)
    assert box["y"] + box["height"] == 800
