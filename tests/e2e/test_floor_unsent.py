"""The tablet's unsent operations count in every figure that it shows and checks."""

import pytest
from playwright.sync_api import expect

from inventory.accounts import users
from tests.e2e.tablets import PASSWORD, Tablet

#: The behavior of the browser does not depend on the database.
pytestmark = [pytest.mark.browser, pytest.mark.only("sqlite")]


@pytest.fixture
def tablet(app, stock, page):
    with app.app_context():
        for name in ("ole", "ira"):
            users.create_user(name=name, password=PASSWORD, role="operator")
    stock.lot("receive 10, reserve 5 JOB-7", lot_code="L-1")
    stock.lot("receive 20", lot_code="L-2")
    tablet = Tablet(page).opens()
    expect(page.locator("#asof")).to_contain_text("Quantities as of")
    yield tablet
    assert tablet.console_errors == []


def figures(page):
    """Return on hand, reserved and free as shown."""
    return [text.split()[0] for text in page.locator("#subject .figures dd").all_inner_texts()]


def test_a_line_picked_offline_cannot_be_picked_again(tablet, page, stock):
    page.context.set_offline(True)
    tablet.does("pick")
    page.locator("[data-job='JOB-7']").click()
    tablet.scans("L-1")
    tablet.taps()
    tablet.sees("Saved on this tablet", "kept")
    expect(page.locator("#job")).to_contain_text("All picked")
    expect(page.locator("#job .lines li")).to_contain_text("5 pcs not sent yet")
    tablet.scans_again("L-1")
    tablet.sees("All of L-1 for JOB-7 is picked. Not sent yet: 5 pcs of L-1.", "bad")
    expect(page.locator("#go")).to_be_hidden()
    page.context.set_offline(False)
    tablet.settles("done")
    expect(page.locator("#job .lines li")).not_to_contain_text("not sent yet")
    expect(page.locator("#job .lines li")).to_contain_text("5 pcs picked")


def test_a_part_picked_offline_leaves_the_rest_to_pick(tablet, page):
    page.context.set_offline(True)
    tablet.does("pick")
    page.locator("[data-job='JOB-7']").click()
    tablet.scans("L-1")
    tablet.sets("2")
    tablet.taps()
    tablet.sees("Saved on this tablet", "kept")
    expect(page.locator("#job .lines li")).to_contain_text("3 pcs to pick")
    tablet.scans_again("L-1")
    expect(page.locator("#qty")).to_have_value("3")
    tablet.sets("4")
    tablet.taps()
    sentence = "Only 3 pcs of L-1 reserved for JOB-7, 4 pcs requested. Not sent yet: 2 pcs of L-1."
    tablet.sees(sentence, "bad")
    page.get_by_role("button", name="Use 3 pcs").click()
    tablet.taps()
    expect(page.locator("#job")).to_contain_text("All picked")
    page.context.set_offline(False)
    tablet.settles("done", "done")


def test_all_of_a_lot_cannot_be_issued_twice_offline(tablet, page, stock):
    page.context.set_offline(True)
    tablet.scans("BOLT")
    tablet.sees("BOLT: take L-1 first.")
    page.locator("#all").click()
    tablet.taps()
    tablet.sees("Saved on this tablet", "kept")
    tablet.scans_again("BOLT")
    tablet.sees("BOLT: take L-2 first.")
    page.locator("#all").click()
    tablet.taps()
    expect(page.locator("#entries > li")).to_have_count(2)
    tablet.scans_again("L-2")
    expect(page.locator("#subject")).to_contain_text("Included, not sent yet: −20 pcs")
    assert figures(page) == ["0", "0", "0"]
    page.locator("#all").click()
    expect(page.locator("#qty")).to_have_value("0")
    tablet.sets("6")
    tablet.taps()
    tablet.sees("Nothing is free in L-2. Not sent yet: 20 pcs of L-2.", "bad")
    page.context.set_offline(False)
    tablet.settles("done", "done")


def test_every_kind_of_unsent_work_counts(tablet, page, stock):
    tablet.waits_for_offline_page()
    page.context.set_offline(True)
    tablet.issues("L-2", "6")
    tablet.does("reserve")
    tablet.scans_again("L-2")
    tablet.sets("4")
    page.locator("#reference").fill("JOB-8")
    tablet.taps()
    expect(page.locator("#entries > li")).to_have_count(2)
    tablet.does("receive")
    tablet.scans_again("L-2")
    tablet.sets("3")
    tablet.taps()
    expect(page.locator("#entries > li")).to_have_count(3)
    tablet.does("move")
    tablet.scans_again("L-2")
    tablet.scans("B-9")
    tablet.taps()
    expect(page.locator("#entries > li")).to_have_count(4)
    tablet.does("count")
    tablet.scans_again("L-2")
    expect(page.locator("#subject")).to_contain_text("B-9")
    expect(page.locator("#subject")).to_contain_text("not sent yet: −10 pcs, +3 pcs")
    assert figures(page) == ["17", "4", "13"]
    page.locator("#all").click()
    expect(page.locator("#qty")).to_have_value("17")
    tablet.taps()
    expect(page.locator("#entries > li")).to_have_count(5)
    page.reload()
    tablet.waits()
    tablet.does("issue")
    tablet.scans_again("L-2")
    assert figures(page) == ["17", "4", "13"]
    page.context.set_offline(False)
    tablet.settles(*["done"] * 5)
    expect(page.locator("#subject")).not_to_contain_text("not sent yet")
    assert figures(page) == ["17", "4", "13"]
    lot = stock.find_lot("L-2")
    assert stock.figures(lot.id) == "17 on hand, 4 reserved, 13 available"


def test_a_lot_received_offline_is_known_at_once(tablet, page, stock):
    page.context.set_offline(True)
    tablet.does("receive")
    for qty in ("8", "4"):
        tablet.scans_again("BOLT")
        tablet.sets(qty)
        page.locator("#lotCode").fill("NEW-1")
        tablet.taps()
        tablet.sees("Saved on this tablet", "kept")
    tablet.does("issue")
    tablet.scans("NEW-1")
    tablet.sees("NEW-1 of BOLT", "scanned")
    assert figures(page) == ["12", "0", "12"]
    tablet.sets("5")
    tablet.taps()
    expect(page.locator("#entries > li")).to_have_count(3)
    page.context.set_offline(False)
    tablet.settles("done", "done", "done")
    assert stock.find_lot("NEW-1").on_hand == 7_000_000


def test_unsent_work_of_another_user_counts(tablet, page, stock):
    page.context.set_offline(True)
    tablet.issues("L-2", "15")
    page.context.clear_cookies()
    page.context.set_offline(False)
    expect(page.locator("#login")).to_be_visible()
    tablet.takes_over("ira")
    expect(page.locator("#asof")).to_contain_text("Quantities as of")
    tablet.scans_again("L-2")
    expect(page.locator("#subject")).to_contain_text("L-2")
    tablet.sets("6")
    tablet.taps()
    tablet.sees("Only 5 pcs free in L-2, 6 pcs requested. Not sent yet: 15 pcs of L-2.", "bad")
    assert tablet.states() == ["waiting"]


def test_unsent_work_of_another_tab_counts(tablet, page):
    other = Tablet(page.context.new_page())
    other.page.goto("/floor/")
    other.waits()
    page.context.set_offline(True)
    other.scans("L-2")
    other.sees("L-2 of BOLT")
    tablet.issues("L-2", "18")
    expect(other.page.locator("#subject")).to_contain_text("−18 pcs")
    other.sets("3")
    other.taps()
    other.sees("Only 2 pcs free in L-2", "bad")
    page.context.set_offline(False)
    tablet.settles("done")
    expect(other.page.locator("#subject")).not_to_contain_text("−18 pcs")
    assert figures(other.page) == ["2", "0", "2"]


def test_a_count_after_a_refused_operation_is_kept(tablet, page, stock):
    page.context.set_offline(True)
    tablet.issues("L-2", "15")
    tablet.does("count")
    tablet.scans_again("L-2")
    tablet.sets("5")
    tablet.taps()
    expect(page.locator("#entries > li")).to_have_count(2)
    lot = stock.find_lot("L-2").id
    stock.post("decide_qc", lot_id=lot, status="QUARANTINE", reason="scratched")
    page.context.set_offline(False)
    tablet.settles("refused", "refused")
    row = page.locator("#entries > li").filter(has_text="Count")
    row.get_by_role("button", name="Use the counted quantity").click()
    tablet.settles("refused", "done")
    assert stock.figures(lot) == "5 on hand, 0 reserved, 5 available"


SLOW_CACHES = """() => {
  const remove = CacheStorage.prototype.delete;
  CacheStorage.prototype.delete = async function (name) {
    await new Promise((resolve) => setTimeout(resolve, 1500));
    return remove.call(this, name);
  };
}"""


def test_slow_forgetting_of_one_user_does_not_clear_the_work_of_the_next(tablet, page):
    page.evaluate(SLOW_CACHES)
    page.context.set_offline(True)
    page.context.clear_cookies()
    page.context.set_offline(False)
    expect(page.locator("#login")).to_be_visible()
    tablet.takes_over("ira")
    tablet.scans("L-2")
    tablet.sees("L-2 of BOLT")
    tablet.sets("6")
    page.wait_for_timeout(2000)
    expect(page.locator("#qty")).to_have_value("6")
