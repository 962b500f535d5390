"""The panel of a page follows each operation without a reload."""

import pytest
from playwright.sync_api import expect

from inventory.accounts import users
from tests.e2e.tablets import PASSWORD
from tests.e2e.test_double_submit import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.only("sqlite")]


#: Longer than a new form ignores a submit.
SETTLED_MS = 1200


@pytest.fixture
def desk(app, stock, page):
    with app.app_context():
        users.create_user(name="ada", password=PASSWORD, role="admin")
    sign_in(page)
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("console", lambda one: one.type == "error" and page.problems.append(one.text))
    yield page
    assert page.problems == []


def test_an_approved_lot_offers_to_reserve_at_once(desk, stock):
    lot = stock.lot("receive 10", qc_required=True)
    desk.goto(f"/lots/{lot}/?do=decide")
    offers = desk.get_by_role("navigation", name="Other operations")
    expect(offers.get_by_role("link", name="Reserve")).to_have_count(0)
    desk.get_by_role("button", name="Approve").click()
    expect(offers.get_by_role("link", name="Reserve")).to_be_visible()
    expect(desk.locator("#jump")).to_contain_text("QC decision")


def test_a_closed_reservation_loses_its_form_until_an_undo(desk, stock):
    stock.lot("receive 10, reserve 4 JOB-1")
    desk.goto("/reservations/1/")
    wide = desk.locator("#live").bounding_box()["width"]
    desk.locator("#qty").fill("4")
    desk.keyboard.press("Enter")
    expect(desk.locator("#act")).to_have_count(0)
    expect(desk.locator("#panel")).to_be_hidden()
    assert desk.locator("#live").bounding_box()["width"] > wide + 200
    desk.wait_for_timeout(SETTLED_MS)
    desk.get_by_role("button", name="Undo").click()
    expect(desk.locator("#act")).to_be_visible()
    expect(desk.get_by_role("link", name="Unreserve")).to_be_visible()


def test_an_undo_keeps_what_is_typed_beside_it(desk, stock):
    lot = stock.lot("receive 10", lot_code="L-1")
    desk.goto(f"/lots/{lot}/?do=issue")
    desk.locator("#qty").fill("4")
    desk.keyboard.press("Enter")
    expect(desk.locator("#toasts")).to_contain_text("Issued 4")
    expect(desk.locator("#qty")).to_be_focused()
    expect(desk.locator("#qty")).to_have_value("")
    desk.locator("#qty").fill("7")
    desk.wait_for_timeout(SETTLED_MS)
    desk.get_by_role("button", name="Undo").click()
    expect(desk.locator("#toasts")).to_contain_text("was reversed")
    expect(desk.locator("#qty")).to_have_value("7")


def test_a_replaced_form_has_the_focus_on_its_title(desk, stock):
    lot = stock.lot("receive 10", lot_code="L-1")
    desk.goto(f"/lots/{lot}/?do=issue")
    desk.locator("#qty").fill("10")
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("heading", name="Count")).to_be_focused()


def test_the_form_takes_one_receipt_after_another(desk, stock):
    stock.item("BOLT")
    desk.goto("/receive/")
    for number in ("1", "2"):
        expect(desk.locator("#act #item")).to_be_focused()
        desk.locator("#act #item").fill("BOLT")
        desk.locator("#lot_code").fill(f"L-{number}")
        desk.locator("#act #qty").fill("5")
        desk.locator("#act").get_by_role("button", name="Receive").last.click()
        expect(desk.locator("#toasts")).to_contain_text(f"L-{number}")
        desk.wait_for_timeout(SETTLED_MS)
    assert stock.entries() == 2


def test_a_year_of_two_digits_is_not_sent(desk, stock):
    lot = stock.lot("receive 10", lot_code="L-1")
    desk.goto(f"/lots/{lot}/?do=edit")
    day = desk.locator("#act").get_by_label("Expires on")
    day.fill("0027-03-31")
    desk.locator("#act").get_by_label("Location").focus()
    desk.keyboard.press("Enter")
    desk.wait_for_timeout(SETTLED_MS)
    assert day.evaluate("(field) => field.validity.rangeUnderflow")
    assert stock.get_lot(lot).expires_on is None


def test_a_lot_is_edited_twice_and_an_error_is_shown(desk, stock):
    lot = stock.lot("receive 10", lot_code="L-1")
    desk.goto(f"/lots/{lot}/?do=edit")
    form = desk.locator("#act")
    for location in ("A-1", "A-2"):
        form.get_by_label("Location").fill(location)
        desk.keyboard.press("Enter")
        expect(desk.locator("#live")).to_contain_text(location)
        desk.wait_for_timeout(SETTLED_MS)
    form.get_by_label("Location").fill("A\u200b3")
    desk.keyboard.press("Enter")
    expect(form).to_contain_text("invisible character")
    assert stock.get_lot(lot).location == "A-2"
    desk.problems[:] = [one for one in desk.problems if "422" not in one]
