"""The main workflow of a warehouse in a browser, with and without scripts."""

import pytest
from playwright.sync_api import expect

from inventory.accounts import users
from tests.e2e.test_double_submit import SETTLED_MS

pytestmark = pytest.mark.browser

PASSWORD = "a quiet warehouse"


class Clerk:
    """A user at a browser; collects the errors and warnings of the console."""

    def __init__(self, page):
        self.page = page
        self.console_errors = []
        page.on("console", self._record_console)
        page.on("pageerror", lambda error: self.console_errors.append(str(error)))

    def _record_console(self, message):
        refusal = "the server responded with a status of 4"
        if message.type in ("error", "warning") and refusal not in message.text:
            self.console_errors.append(message.text)

    def registers(self):
        self.page.goto("/register/")
        self.page.get_by_label("Name", exact=True).fill("ada")
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.page.get_by_role("button", name="Create account").click()
        expect(self.page.get_by_role("heading", name="Stock", exact=True)).to_be_visible()

    def logs_in(self):
        self.page.goto("/login/")
        self.page.get_by_label("Name", exact=True).fill("ada")
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("heading", name="Stock", exact=True)).to_be_visible()

    def fills(self, **fields):
        for label, value in fields.items():
            self.page.locator("#act").get_by_label(label.replace("_", " "), exact=True).fill(value)

    def taps(self, word):
        self.page.locator("#act").get_by_role("button", name=word, exact=True).click()

    def opens(self, word):
        self.page.locator(".offers").get_by_role("link", name=word, exact=True).click()

    def reads(self, text):
        expect(self.page.locator("#toasts")).to_contain_text(text)

    def is_refused(self, text):
        expect(self.page.locator("#refusal")).to_contain_text(text)
        self.page.wait_for_timeout(SETTLED_MS)

    def sees(self, on_hand, reserved, available, free, on_hold=None):
        """On hand − reserved = available; available − on hold = free."""
        terms = [on_hand, reserved, available, *([on_hold] if on_hold else []), free]
        expect(self.page.locator(".tiles dd")).to_have_text(terms)


WITHOUT_SCRIPTS = pytest.param(False, marks=pytest.mark.only("sqlite", nightly="postgresql"))


@pytest.fixture(params=[True, WITHOUT_SCRIPTS], ids=["with scripts", "without scripts"])
def clerk(request, browser, live_server):
    context = browser.new_context(base_url=live_server.url, java_script_enabled=request.param)
    context.set_default_timeout(10_000)
    clerk = Clerk(context.new_page())
    yield clerk
    assert not clerk.console_errors
    context.close()


def test_receive_approve_reserve_and_issue_with_refusals(clerk):
    page = clerk.page
    clerk.registers()

    page.get_by_role("link", name="Create item").click()
    clerk.fills(Code="BOLT-M8", Name="Hex bolt")
    page.get_by_label("Require a QC decision for each new lot").check()
    clerk.taps("Create item")
    expect(page.get_by_role("heading", name="Hex bolt BOLT-M8")).to_be_visible()

    # Received stock is in quarantine and cannot be reserved.
    clerk.fills(Lot_number="L-003", Quantity="24")
    clerk.taps("Receive")
    clerk.reads("Received 24 pcs of BOLT-M8 into L-003.")
    clerk.sees("24", "0", "24", "0", on_hold="24")
    expect(page.locator("#lots")).to_contain_text("In quarantine")
    clerk.opens("Reserve")
    clerk.fills(Quantity="5", Job_or_order="JOB-7")
    clerk.taps("Reserve")
    clerk.is_refused("24 pcs in quarantine")
    expect(page.get_by_label("Quantity")).to_have_value("5")
    expect(page.get_by_label("Quantity")).to_be_focused()
    page.get_by_role("link", name="View L-003").click()

    # Approved stock is free.
    clerk.taps("Approve lot")
    clerk.reads("L-003 is approved.")
    expect(page.locator("#live .state")).to_contain_text("Approved")
    clerk.sees("24", "0", "24", "24")

    # Reserving more than free is refused and a possible quantity is proposed.
    page.locator(".crumbs").get_by_role("link", name="BOLT-M8").click()
    clerk.fills(Quantity="15", Job_or_order="JOB-7")
    clerk.taps("Reserve")
    clerk.reads("Reserved 15 pcs of BOLT-M8 for JOB-7 in L-003.")
    clerk.sees("24", "15", "9", "9")
    if "do=reserve" not in page.url:
        page.goto(page.url.partition("?")[0] + "?do=reserve")
    clerk.fills(Quantity="20", Job_or_order="JOB-8")
    clerk.taps("Reserve")
    clerk.is_refused("Only 9 pcs of BOLT-M8 free, 20 pcs requested.")
    clerk.is_refused("15 pcs reserved for JOB-7")
    clerk.taps("Use 9 pcs instead")
    clerk.reads("Reserved 9 pcs of BOLT-M8 for JOB-8")

    # Issue against the reservation: a part, too much, and the rest closed.
    page.goto("/reservations/")
    job = page.locator("section", has=page.get_by_role("heading", name="JOB-7"))
    job.get_by_role("link", name="BOLT-M8").click()
    clerk.fills(Quantity="4")
    clerk.taps("Issue")
    clerk.reads("Issued 4 pcs of BOLT-M8 from L-003 for JOB-7.")
    expect(page.locator("#live")).to_contain_text("4 of 15 pcs issued")
    clerk.fills(Quantity="12")
    clerk.taps("Issue")
    clerk.is_refused("11 pcs open for JOB-7, 12 pcs requested.")
    clerk.fills(Quantity="6")
    page.get_by_label("Unreserve the rest").check()
    clerk.taps("Issue")
    clerk.reads("Issued 6 pcs of BOLT-M8 from L-003 for JOB-7.")
    expect(page.locator("#live .state")).to_contain_text("Closed")

    # An issue without reservation cannot use reserved stock.
    page.goto("/issue/?item=BOLT-M8")
    clerk.fills(Quantity="6")
    clerk.taps("Issue")
    clerk.is_refused("Only 5 pcs of BOLT-M8 free, 6 pcs requested.")
    clerk.taps("Use 5 pcs instead")
    clerk.reads("Issued 5 pcs of BOLT-M8 from L-003.")

    # A lot code cannot be used twice; item and ledger show the postings.
    page.goto("/receive/?item=BOLT-M8")
    clerk.fills(Lot_number="L-003", Quantity="1")
    clerk.taps("Receive")
    clerk.is_refused("Lot L-003 of BOLT-M8 already exists.")
    page.goto("/items/1/")
    clerk.sees("9", "9", "0", "0")
    page.goto("/ledger/?item=BOLT-M8")
    expect(page.locator("#live tbody tr")).to_have_count(9)

    # The form of a later decision shows the affected reservations.
    page.goto("/lots/1/?do=decide")
    expect(page.locator("#act")).to_contain_text("JOB-8 9 pcs")
    clerk.fills(Reason="Thread out of tolerance")
    clerk.taps("Put in quarantine")
    clerk.reads("L-003 is in quarantine.")
    expect(page.locator("#live .state")).to_contain_text("At risk")


@pytest.mark.only("sqlite", nightly="postgresql")
def test_a_double_click_posts_once_and_undo_reverses_it(page, site):
    clerk = Clerk(page)
    clerk.registers()
    page.goto("/items/new/")
    clerk.fills(Code="NUT", Name="Nut")
    clerk.taps("Create item")
    clerk.fills(Lot_number="L-1", Quantity="10")
    page.locator("#act").get_by_role("button", name="Receive").dblclick()
    clerk.reads("Received 10 pcs of NUT into L-1.")
    clerk.sees("10", "0", "10", "10")
    expect(page.locator("#toasts .toast")).to_have_count(1)
    expect(page.locator("#act").get_by_label("Lot number", exact=True)).to_be_focused()
    page.wait_for_timeout(SETTLED_MS)
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    clerk.reads("was reversed.")
    clerk.sees("0", "0", "0", "0")
    assert not clerk.console_errors


@pytest.mark.only("sqlite", nightly="postgresql")
def test_an_update_from_another_window_does_not_disturb_typing(page):
    clerk = Clerk(page)
    clerk.registers()
    page.goto("/items/new/")
    clerk.fills(Code="NUT", Name="Nut")
    clerk.taps("Create item")
    expect(page.get_by_role("heading", name="NUT Nut")).to_be_visible()
    other = Clerk(page.context.new_page())
    other.page.goto(page.url)
    clerk.fills(Lot_number="L-unfinished")
    field = page.locator("#act").get_by_label("Lot number", exact=True)
    field.evaluate("field => field.setSelectionRange(2, 4)")
    other.fills(Lot_number="L-1", Quantity="10")
    other.taps("Receive")
    other.sees("10", "0", "10", "10")
    clerk.sees("10", "0", "10", "10")
    expect(field).to_be_focused()
    expect(field).to_have_value("L-unfinished")
    assert field.evaluate("field => [field.selectionStart, field.selectionEnd]") == [2, 4]
    assert not clerk.console_errors + other.console_errors


@pytest.mark.only("sqlite", nightly="postgresql")
def test_a_lot_is_found_reserved_issued_and_undone_by_keyboard(page, app, stock):
    with app.app_context():
        users.create_user(name="ada", password=PASSWORD, role="admin")
    stock.lot("receive 20", lot_code="L-0815")
    clerk = Clerk(page)
    clerk.logs_in()
    page.keyboard.press("/")
    page.keyboard.type("0815")
    expect(page.locator("#found a")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="L-0815")).to_be_visible()
    page.locator("#qty").focus()
    page.keyboard.type("5")
    page.keyboard.press("Tab")
    page.keyboard.type("JOB-1")
    page.keyboard.press("Enter")
    clerk.reads("Reserved 5 pcs of BOLT for JOB-1")
    page.keyboard.press("Control+k")
    page.keyboard.type("JOB-1")
    expect(page.locator("#found a")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="JOB-1")).to_be_visible()
    page.locator("#qty").focus()
    page.keyboard.type("5")
    page.keyboard.press("Enter")
    clerk.reads("Issued 5 pcs of BOLT from L-0815 for JOB-1.")
    page.wait_for_timeout(SETTLED_MS)
    page.locator("#toasts").get_by_role("button", name="Undo").focus()
    page.keyboard.press("Enter")
    clerk.reads("was reversed.")
    expect(page.locator("#live")).to_contain_text("0 of 5 pcs issued")
    assert not clerk.console_errors
