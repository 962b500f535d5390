"""A tap posts once: a second tap, a held key or a second Enter posts nothing."""

import pytest
from playwright.sync_api import expect

from inventory.accounts import users
from tests.e2e.tablets import PASSWORD, Tablet
from tests.e2e.test_double_submit import GAPS_MS, clicks_twice, presses_twice
from tests.support.stock_builder import part

pytestmark = [pytest.mark.browser, pytest.mark.only("sqlite", nightly="postgresql")]


@pytest.fixture
def lot(stock):
    return stock.lot("receive 80, reserve 50 JOB-1", lot_code="L-001")


@pytest.fixture
def tablet(app, stock, lot, page):
    with app.app_context():
        users.create_user(name="ole", password=PASSWORD, role="operator")
    stock.lot("receive 40", lot_code="L-002")
    tablet = Tablet(page).opens()
    expect(page.locator("#asof")).to_contain_text("Quantities as of")
    yield tablet
    assert tablet.console_errors == []


def issues_too_much(tablet, page, stock, *lots):
    """Issue all of each lot after the desk took one, so that the server refuses it."""
    page.context.set_offline(True)
    for lot in lots:
        tablet.issues(lot, str(stock.find_lot(lot).available // 10**6))
        stock.post("issue", item="BOLT", lots=[part(stock.find_lot(lot).id, 1)])
    page.context.set_offline(False)
    tablet.settles(*["refused"] * len(lots))


def focuses_go(page):
    """Focus the button after the time in which a scanner can send a second Enter."""
    page.wait_for_timeout(1100)
    page.locator("#go").focus()


def use_less_button(page, row=0):
    return page.locator("#entries > li").nth(row).get_by_role("button", name="Use ")


@pytest.mark.parametrize("gap", GAPS_MS)
def test_a_second_tap_on_the_large_button_posts_nothing(tablet, page, stock, lot, gap):
    tablet.scans("L-001")
    expect(page.locator("#go")).to_be_visible()
    clicks_twice(page, page.locator("#go"), gap)
    tablet.settles("done")
    page.wait_for_timeout(500)
    assert tablet.states() == ["done"]
    assert stock.figures(lot) == "79 on hand, 50 reserved, 29 available"


@pytest.mark.parametrize("gap", GAPS_MS)
def test_a_second_enter_after_a_partial_pick_posts_nothing(tablet, page, stock, lot, gap):
    tablet.does("pick")
    page.locator("[data-job='JOB-1']").click()
    tablet.scans("L-001")
    expect(page.locator("#go")).to_contain_text("50")
    tablet.sets("5")
    focuses_go(page)
    presses_twice(page, gap)
    tablet.settles("done")
    page.keyboard.press("Enter")
    page.wait_for_timeout(300)
    assert tablet.states() == ["done"]
    expect(page.locator("#go")).to_be_hidden()
    assert stock.reservation(1).open == 45_000_000
    tablet.sees("Issued 5", "done")


def test_a_held_enter_posts_once(tablet, page, stock, lot):
    tablet.scans("L-001")
    focuses_go(page)
    for _ in range(15):
        page.keyboard.down("Enter")
        page.wait_for_timeout(30)
    page.keyboard.up("Enter")
    tablet.settles("done")
    assert stock.figures(lot) == "79 on hand, 50 reserved, 29 available"


def test_a_second_enter_of_the_scanner_does_not_press_a_button(tablet, page):
    page.route("**/floor/scan*", lambda route: None)
    tablet.scans("L-001")
    expect(page.locator("#go")).to_be_visible()
    page.locator("#go").focus()
    tablet.scans("UNKNOWN-CODE")
    page.keyboard.press("Enter")
    page.wait_for_timeout(300)
    assert tablet.states() == []
    page.unroute_all(behavior="ignoreErrors")


def test_the_next_lot_can_be_posted_immediately(tablet, page):
    page.context.set_offline(True)
    tablet.scans("L-001")
    expect(page.locator("#subject")).to_contain_text("L-001")
    tablet.taps()
    expect(page.locator("#entries > li")).to_have_count(1)
    tablet.scans("L-002")
    expect(page.locator("#subject")).to_contain_text("L-002")
    page.locator("#go").evaluate("button => button.click()")
    expect(page.locator("#entries > li")).to_have_count(2, timeout=600)
    page.context.set_offline(False)
    tablet.settles("done", "done")


def test_a_double_tap_on_a_proposed_quantity_posts_once(tablet, page, stock, lot):
    issues_too_much(tablet, page, stock, "L-002")
    use_less_button(page).dblclick()
    tablet.settles("done")
    assert stock.find_lot("L-002").on_hand == 0


def test_a_second_tap_does_not_hit_a_button_that_moved(tablet, page, stock, lot):
    issues_too_much(tablet, page, stock, "L-001", "L-002")
    first, second = use_less_button(page), use_less_button(page, 1)
    assert first.inner_text() != second.inner_text()
    clicks_twice(page, first, 350)
    page.wait_for_timeout(500)
    assert sorted(tablet.states()) == ["done", "refused"]
