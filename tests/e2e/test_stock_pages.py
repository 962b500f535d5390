"""Accessibility and layout of stock pages, in all widths and color schemes."""

from contextlib import nullcontext

import pytest
from playwright.sync_api import expect

from inventory.accounts import users
from tests.e2e.test_every_page import OVERFLOWING, PASSWORD, check_pages, set_width
from tests.support.stock_builder import in_days

#: The behavior of the browser does not depend on the database.
pytestmark = [pytest.mark.browser, pytest.mark.only("sqlite")]

PAGES = [
    "/",
    "/items/",
    "/items/?state=low",
    "/items/1/",
    "/items/new/",
    "/items/1/edit/",
    "/lots/1/",
    "/lots/1/?do=count",
    "/lots/1/?do=edit",
    "/lots/2/?do=decide",
    "/reservations/",
    "/reservations/1/",
    "/ledger/",
    "/operations/1/",
    "/operations/1/reversal/",
    "/receive/",
    "/reserve/?item=BOLT",
    "/items/1/codes/",
    "/codes/1/unlink/",
    "/labels/",
    "/labels/?operation=1&item=BOLT",
    "/lots/1/recall/",
    "/lots/?state=hold&sort=expires",
    "/reservations/?state=all",
    "/references/issue/?reference=JOB-7",
    "/search/?q=L-0",
    "/ledger/1/",
    "/analysis/",
    "/analysis/?item=BOLT",
    "/analysis/ageing/",
    "/analysis/turnover/",
    "/analysis/expiry/",
    "/reports/",
    "/reports/reorder/",
    "/reports/stock/?at=2026-01-01T00:00",
    "/webhooks/",
    "/import/",
    "/audit/",
    "/audit/?who=ada&what=logins",
]


@pytest.fixture
def warehouse(app, stock):
    with app.app_context():
        users.create_user(name="ada", password=PASSWORD, role="admin")
    stock.item("BOLT", name="Hex bolt M8", qc_required=True, reorder_point="500")
    stock.lot("receive 120, approve, reserve 40 JOB-7, issue 10", lot_code="L-001")
    stock.lot("receive 60, approve, reserve 20 JOB-8, quarantine", lot_code="L-002")
    stock.item("OIL", unit="l", decimals=1)
    stock.lot("receive 1234567.5, reserve 0.5 JOB-9", item="OIL", lot_code="B")
    stock.link("9521123456785", item="BOLT")
    stock.lot("receive 3", lot_code="L-003", expires_on=in_days(-1))


@pytest.fixture
def warehouse_page(warehouse, page):
    page.goto("/login/")
    page.get_by_label("Name", exact=True).fill("ada")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")
    return page


@pytest.mark.parametrize("part", [0, 1])
def test_every_stock_page_is_accessible_and_fits(warehouse_page, part):
    page, console_messages = warehouse_page, []
    page.on("console", lambda message: console_messages.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: console_messages.append(str(error)))
    problems = check_pages(page, PAGES[part::2], console_messages)
    assert not problems, "\n".join(problems)


def test_nothing_overflows_where_the_layout_changes(warehouse_page):
    page, problems = warehouse_page, []
    for path in [*PAGES, "/users/", "/checkup/"]:
        page.goto(path, wait_until="commit")
        page.wait_for_load_state("domcontentloaded")
        for width in (704, 767, 1024, 1216):
            set_width(page, width)
            found = page.evaluate(OVERFLOWING)
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                found.append("scrolls sideways")
            problems += [f"{path} at {width}: {problem}" for problem in found]
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("verb", ["receive", "reserve", "issue"])
def test_changing_the_item_keeps_the_other_fields(warehouse_page, verb):
    page = warehouse_page
    page.goto(f"/{verb}/")
    form = page.locator("#act")
    form.get_by_label("Quantity").fill("12")
    form.get_by_label("Item", exact=True).fill("OIL")
    with page.expect_event("requestfinished", timeout=3000) if verb != "receive" else nullcontext():
        form.get_by_label("Item", exact=True).press("Tab")
    page.wait_for_timeout(300)
    expect(form.get_by_label("Item", exact=True)).to_have_value("OIL")
    expect(form.get_by_label("Quantity")).to_have_value("12")
