"""The outbox of a tablet: nothing is lost, posted twice or posted as another user."""

import re

import pytest
from playwright.sync_api import expect

from inventory.accounts import users
from tests.e2e.tablets import PASSWORD, Tablet

pytestmark = [pytest.mark.browser, pytest.mark.only("sqlite", nightly="postgresql")]

OPERATIONS = "**/floor/operations"


@pytest.fixture
def accounts(app):
    with app.app_context():
        for name, role in (("ole", "operator"), ("ira", "inspector"), ("ada", "admin")):
            users.create_user(name=name, password=PASSWORD, role=role)


@pytest.fixture
def lot(stock):
    return stock.lot("receive 100", lot_code="L-100")


@pytest.fixture
def tablet(accounts, lot, page):
    tablet = Tablet(page).opens()
    yield tablet
    assert tablet.console_errors == []


def issued(stock, lot):
    """Return (quantity, user) of each issue of the lot, oldest first."""
    return [
        (entry.qty // 10**6, entry.user_name)
        for entry in stock.history(lot)
        if entry.txn_type == "ISSUE"
    ]


def lose_responses(page, times):
    """Drop the first responses after the server has handled the requests."""
    lost = []

    def route(route):
        if len(lost) < times:
            route.fetch()
            lost.append(route.request.post_data_json["key"])
            route.abort()
        else:
            route.continue_()

    page.route(OPERATIONS, route)
    return lost


def test_operations_made_offline_survive_a_reload_in_order(tablet, stock, lot, page):
    tablet.waits_for_offline_page()
    page.context.set_offline(True)
    for qty in "12345":
        tablet.issues("L-100", qty)
    tablet.sees("Saved on this tablet", "kept")
    assert tablet.states() == ["waiting"] * 5
    page.reload()
    tablet.waits()
    tablet.line("Offline")
    expect(page.locator("#waiting")).to_contain_text("5 to send")
    tablet.issues("L-100", "6")
    assert issued(stock, lot) == []
    page.context.set_offline(False)
    tablet.settles(*["done"] * 6)
    assert issued(stock, lot) == [(number, "ole") for number in range(1, 7)]
    tablet.line("Online")
    expect(page.locator("#waiting")).to_be_hidden()


def test_a_response_lost_twice_posts_one_entry(tablet, stock, lot, page):
    lost = lose_responses(page, 2)
    tablet.issues("L-100", "7")
    tablet.settles("done")
    assert len(lost) == 2
    assert lost[0] == lost[1]
    assert issued(stock, lot) == [(7, "ole")]


def test_a_refused_operation_does_not_stop_the_next_ones(tablet, stock, lot, page):
    page.context.set_offline(True)
    tablet.issues("L-100", "90")
    tablet.issues("L-100", "5")
    stock.post("issue", item="BOLT", qty=20)
    page.context.set_offline(False)
    tablet.settles("refused", "done")
    refused = page.locator("#entries [data-state=refused]")
    expect(refused).to_contain_text("Only 80 pcs free in L-100, 90 pcs requested")
    expect(page.locator("#waiting")).to_contain_text("1 refused")
    refused.get_by_role("button", name="Use 80").click()
    tablet.settles("done", "refused")
    page.wait_for_timeout(1100)  # a second tap at the same position is ignored for a second
    page.locator("#entries [data-state=refused]").get_by_role("button", name="Use 75").click()
    tablet.settles("done", "done")
    assert [qty for qty, _ in issued(stock, lot)] == [20, 5, 75]


def test_a_refused_operation_is_edited_or_discarded(tablet, stock, lot, page):
    page.context.set_offline(True)
    tablet.issues("L-100", "90")
    stock.post("issue", item="BOLT", qty=20)
    page.context.set_offline(False)
    tablet.settles("refused")
    tablet.sees("Only 80 pcs free", "bad")
    page.locator("#entries").get_by_role("button", name="Edit").click()
    expect(page.locator("#qty")).to_have_value("90")
    assert tablet.states() == []
    page.context.set_offline(True)
    stock.post("issue", item="BOLT", qty=20)
    tablet.sets("70")
    tablet.taps()
    page.context.set_offline(False)
    tablet.settles("refused")
    page.locator("#entries").get_by_role("button", name="Discard").click()
    tablet.settles()
    assert [user for _, user in issued(stock, lot) if user == "ole"] == []


def test_operations_of_a_user_are_not_sent_by_another(tablet, stock, lot, page):
    page.context.set_offline(True)
    tablet.issues("L-100", "3")
    page.context.clear_cookies()
    page.context.set_offline(False)
    expect(page.locator("#login")).to_be_visible()
    assert tablet.states() == ["waiting"]
    tablet.takes_over("ira")
    tablet.issues("L-100", "4")
    tablet.settles("waiting", "done")
    expect(page.locator("[data-state=held]")).to_contain_text("Waiting for ole to sign in")
    assert issued(stock, lot) == [(4, "ira")]
    tablet.takes_over("ole")
    tablet.settles("done", "done")
    assert issued(stock, lot) == [(4, "ira"), (3, "ole")]


def test_operations_wait_for_the_pin_of_their_user(tablet, stock, lot, page):
    for name in ("ira", "ole"):
        page.locator("#who").click()
        page.locator("#login-pin").click()
        page.locator("#login-new").fill("2580")
        tablet.takes_over(name)
    page.context.set_offline(True)
    tablet.issues("L-100", "3")
    page.context.clear_cookies(name=re.compile("session"))
    page.context.set_offline(False)
    expect(page.locator("#login")).to_be_visible()
    tablet.takes_over("ira", "2580")
    tablet.issues("L-100", "4")
    tablet.settles("waiting", "done")
    page.locator("#who").click()
    page.locator("#login-names").get_by_role("button", name="ole").click()
    for digit in "2580":
        page.locator(f"#login-pad [data-digit='{digit}']").click()
    page.locator("#login-form .verb").click()
    tablet.settles("done", "done")
    assert issued(stock, lot) == [(4, "ira"), (3, "ole")]


def test_two_tabs_send_each_operation_once_and_in_order(tablet, stock, lot, page):
    other = Tablet(page.context.new_page())
    other.page.goto("/floor/")
    other.waits()
    page.context.set_offline(True)
    for qty in (1, 3, 5):
        tablet.issues("L-100", str(qty))
        other.issues("L-100", str(qty + 1))
    page.context.set_offline(False)
    tablet.settles(*["done"] * 6)
    assert [qty for qty, _ in issued(stock, lot)] == [1, 2, 3, 4, 5, 6]
    assert other.states() == ["done"] * 6
    assert other.console_errors == []


def test_server_errors_are_retried_until_success(tablet, stock, lot, page):
    answers = []
    statuses = [500, 502, 503, 429]

    def route(route):
        answers.append(route.request.post_data_json["qty"])
        if statuses:
            headers = {"Retry-After": "1"}
            route.fulfill(status=statuses.pop(), json={"code": "BUSY"}, headers=headers)
        else:
            route.continue_()

    page.route(OPERATIONS, route)
    tablet.issues("L-100", "1")
    tablet.issues("L-100", "2")
    tablet.settles("done", "done")
    assert answers == ["1"] * 5 + ["2"]
    assert [qty for qty, _ in issued(stock, lot)] == [1, 2]


def test_a_foreign_response_is_not_taken_for_success(tablet, stock, lot, page):
    foreign = [
        lambda route: route.fulfill(status=200, body="<h1>Welcome to the hotel</h1>"),
        lambda route: route.fulfill(status=200, json={"ok": True}),
        lambda route: route.fulfill(status=403, body="Forbidden by the proxy"),
        lambda route: route.fulfill(status=302, headers={"Location": "/login/"}),
    ]
    page.route(OPERATIONS, lambda route: foreign.pop()(route) if foreign else route.continue_())
    tablet.issues("L-100", "8")
    tablet.settles("done")
    assert foreign == []
    assert issued(stock, lot) == [(8, "ole")]


def test_sending_continues_after_the_session_ended(tablet, stock, lot, page, app):
    page.context.set_offline(True)
    for qty in "123":
        tablet.issues("L-100", qty)
    sent = []

    def route(route):
        sent.append(route.request.post_data_json["qty"])
        if len(sent) == 2:
            with app.app_context():
                ole = users.find_account(name="ole")
                users.end_sessions(user_id=ole.id)
        route.continue_()

    page.route(OPERATIONS, route)
    page.context.set_offline(False)
    expect(page.locator("#login")).to_be_visible()
    tablet.settles("done", "waiting", "waiting")
    tablet.takes_over("ole")
    tablet.settles("done", "done", "done")
    assert [qty for qty, _ in issued(stock, lot)] == [1, 2, 3]
    assert sent == ["1", "2", "2", "3"]


def test_an_outdated_csrf_token_is_replaced(tablet, stock, lot, page):
    first = []

    def route(route):
        headers = route.request.headers
        if not first:
            first.append(headers["x-csrftoken"])
            headers = headers | {"x-csrftoken": "from another session"}
        route.continue_(headers=headers)

    page.route(OPERATIONS, route)
    tablet.issues("L-100", "2")
    tablet.settles("done")
    assert issued(stock, lot) == [(2, "ole")]


def test_a_key_in_progress_is_retried(tablet, stock, lot, page):
    busy = [{"code": "IDEMPOTENCY_IN_PROGRESS", "detail": "Wait."}] * 2

    def route(route):
        if busy:
            route.fulfill(status=409, json=busy.pop(), headers={"Retry-After": "1"})
        else:
            route.continue_()

    page.route(OPERATIONS, route)
    tablet.issues("L-100", "2")
    tablet.settles("done")
    assert issued(stock, lot) == [(2, "ole")]


def test_logout_deletes_the_cached_page_but_keeps_the_outbox(tablet, stock, lot, page):
    tablet.waits_for_offline_page()
    page.route(OPERATIONS, lambda route: route.abort())
    tablet.issues("L-100", "2")
    tablet.taps("#who")
    tablet.taps("#login-leave")
    expect(page.locator("#who-name")).to_have_text("Not signed in")
    script = "Promise.all([caches.has('floor-page'), floor.outbox.all()])"
    for _ in range(100):
        has_page, entries = page.evaluate(script)
        if not has_page:
            break
        page.wait_for_timeout(50)
    assert (has_page, len(entries)) == (False, 1)
    page.unroute(OPERATIONS)
    tablet.takes_over("ole")
    tablet.settles("done")
    assert issued(stock, lot) == [(2, "ole")]


def test_logout_on_any_page_deletes_the_cached_floor_page(tablet, page):
    tablet.waits_for_offline_page()
    page.goto("/logout/")
    page.locator("main").get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    for _ in range(100):
        if not page.evaluate("caches.has('floor-page')"):
            break
        page.wait_for_timeout(50)
    assert not page.evaluate("caches.has('floor-page')")


def test_the_page_opens_offline_and_shows_the_age_of_its_data(
    tablet, stock, lot, page, live_server
):
    tablet.waits_for_offline_page()
    live_server.kill()
    page.goto("/floor/")
    tablet.waits()
    tablet.line("Offline")
    expect(page.locator("#asof")).to_contain_text("Quantities as of")
    tablet.scans("L-100")
    expect(page.locator("#subject")).to_contain_text("as of")
    expect(page.locator("#subject .figures")).to_contain_text("100")
    tablet.taps()
    tablet.sees("Saved on this tablet", "kept")
    live_server.start()
    tablet.sends()
    tablet.settles("done")
    assert issued(stock, lot) == [(1, "ole")]


def test_a_count_of_a_changed_lot_asks_what_to_keep(tablet, stock, lot, page):
    tablet.does("count")
    tablet.scans("L-100")
    tablet.sets("97")
    tablet.taps("#reasons button >> nth=1")
    page.context.set_offline(True)
    tablet.taps()
    tablet.sees("Saved on this tablet")
    stock.post("issue", item="BOLT", qty=10)
    page.context.set_offline(False)
    tablet.settles("refused")
    refused = page.locator("#entries [data-state=refused]")
    expect(refused).to_contain_text("changed while it was counted")
    refused.get_by_role("button", name="Apply the difference").click()
    tablet.settles("done")
    assert stock.figures(lot) == "87 on hand, 0 reserved, 87 available"
