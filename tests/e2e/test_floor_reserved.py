"""Issues on the tablet for a job that has reserved the item."""

import pytest
from playwright.sync_api import expect

from inventory.accounts import users
from tests.e2e.tablets import PASSWORD, Tablet

#: The behavior of the browser does not depend on the database.
pytestmark = [pytest.mark.browser, pytest.mark.only("sqlite")]


@pytest.fixture
def lots(app, stock):
    """SA with 5, reserved for JOB-2, and SB with 5 that are free."""
    with app.app_context():
        users.create_user(name="ole", password=PASSWORD, role="operator")
    held = stock.lot("receive 5, reserve 5 JOB-2", lot_code="SA")
    return held, stock.lot("receive 5", lot_code="SB")


@pytest.fixture
def tablet(lots, page):
    tablet = Tablet(page).opens()
    expect(page.locator("#asof")).to_contain_text("Quantities as of")
    yield tablet
    assert tablet.console_errors == []


@pytest.mark.parametrize("is_offline", [False, True])
def test_an_issue_for_a_job_takes_what_it_has_reserved(tablet, page, stock, lots, is_offline):
    page.context.set_offline(is_offline)
    tablet.scans("BOLT")
    tablet.sees("BOLT: take SB first.")
    tablet.sets("3")
    page.locator("#reference").fill("JOB-2")
    expect(page.locator("#subject")).to_contain_text("SA")
    says = "Issues stock reserved for JOB-2: 5 pcs in SA."
    expect(page.locator("#reserved")).to_contain_text(says)
    expect(page.locator("#besides")).to_have_count(0)  # nothing is free in SA
    tablet.sets("8")
    tablet.taps()
    tablet.sees("Only 5 pcs of SA reserved for JOB-2, 8 pcs requested.", "bad")
    page.locator("#all").click()
    expect(page.locator("#qty")).to_have_value("5")
    tablet.taps()
    expect(page.locator("#entries > li")).to_have_count(1)
    page.context.set_offline(False)
    tablet.settles("done")
    expect(page.locator("#entries")).to_contain_text("reserved for JOB-2.")
    assert stock.reservation_figures(1) == "5 reserved: 0 open, 5 issued, 0 unreserved"
    assert stock.figures(lots[1]) == "5 on hand, 0 reserved, 5 available"


@pytest.mark.parametrize("is_offline", [False, True])
def test_a_lot_that_the_job_has_not_reserved_is_a_choice(tablet, page, stock, lots, is_offline):
    page.context.set_offline(is_offline)
    tablet.scans("SB")
    tablet.sees("SB of BOLT", "scanned")
    page.locator("#reference").fill("JOB-2")
    tablet.taps()
    says = "Reserved for JOB-2: 5 pcs in SA. Nothing is reserved in SB. Choose one."
    tablet.sees(says, "bad")
    assert tablet.states() == []
    page.locator("[data-take=SA]").click()
    tablet.sees("SA of BOLT", "scanned")
    tablet.scans("SB")
    tablet.sees(says, "kept")
    tablet.sets("2")
    page.get_by_role("button", name="Free stock of SB").click()
    expect(page.locator("#reserved")).to_contain_text("Still reserved for JOB-2: 5 pcs in SA.")
    tablet.taps()
    expect(page.locator("#entries > li")).to_have_count(1)
    page.context.set_offline(False)
    tablet.settles("done")
    says = "Issued 2 pcs of BOLT from SB for JOB-2. JOB-2 still has 5 pcs reserved in SA."
    expect(page.locator("#entries")).to_contain_text(says)
    assert stock.figures(lots[0]) == "5 on hand, 5 reserved, 0 available"
    assert stock.figures(lots[1]) == "3 on hand, 0 reserved, 3 available"


def test_reservations_that_are_new_to_the_tablet_are_asked_for(tablet, page, stock, lots):
    stock.reserve(2, lot=lots[1], reference="JOB-NEW")
    stock.lot("receive 9", lot_code="SC")
    tablet.scans("SC")
    tablet.sees("SC of BOLT", "scanned")
    page.locator("#reference").fill("JOB-NEW")
    tablet.taps()
    tablet.sees("Reserved for JOB-NEW: 2 pcs in SB. Nothing is reserved in SC.", "bad")
    assert tablet.states() == []


def test_what_was_reserved_offline_is_issued_and_picked(tablet, page, stock, lots):
    page.context.set_offline(True)
    tablet.does("reserve")
    tablet.scans("SB")
    tablet.sets("4")
    page.locator("#reference").fill("JOB-9")
    tablet.taps()
    expect(page.locator("#entries > li")).to_have_count(1)
    tablet.does("issue")
    tablet.scans_again("SB")
    page.locator("#reference").fill("JOB-9")
    expect(page.locator("#reserved")).to_contain_text("reserved for JOB-9: 4 pcs in SB.")
    tablet.sets("1")
    tablet.taps()
    expect(page.locator("#entries > li")).to_have_count(2)
    tablet.does("pick")
    page.locator("[data-job='JOB-9']").click()
    tablet.scans_again("SB")
    expect(page.locator("#qty")).to_have_value("3")
    tablet.taps()
    expect(page.locator("#entries > li")).to_have_count(3)
    page.context.set_offline(False)
    tablet.settles("done", "done", "done")
    assert stock.reservation_figures(2) == "4 reserved: 0 open, 4 issued, 0 unreserved"


def test_an_issue_that_is_more_than_reserved_meanwhile_can_go_besides(tablet, page, stock, lots):
    page.context.set_offline(True)
    tablet.scans("SB")
    page.locator("#reference").fill("JOB-3")
    tablet.sets("3")
    tablet.taps()
    expect(page.locator("#entries > li")).to_have_count(1)
    stock.reserve(1, lot=lots[1], reference="JOB-3")
    page.context.set_offline(False)
    tablet.settles("refused")
    page.locator("#entries").get_by_role("button", name="Issue free stock").click()
    tablet.settles("done")
    assert stock.figures(lots[1]) == "2 on hand, 1 reserved, 1 available"
