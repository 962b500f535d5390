"""A form is posted once: a second Enter, a double click or a held key posts nothing."""

import pytest
from playwright.sync_api import expect

from inventory.accounts import users
from tests.e2e.tablets import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.only("sqlite", nightly="postgresql")]

#: Between two presses: a bouncing key, a double click, a deliberate second press.
GAPS_MS = (80, 200, 350)
#: Longer than a new form ignores input after it appears.
SETTLED_MS = 1300


@pytest.fixture
def job(app, stock):
    """50 of 80 pcs are reserved for JOB-1."""
    with app.app_context():
        users.create_user(name="ada", password=PASSWORD, role="admin")
    return stock.lot("receive 80, reserve 50 JOB-1", lot_code="L-1")


def sign_in(page):
    page.goto("/login/")
    page.get_by_label("Name", exact=True).fill("ada")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")
    return page


@pytest.fixture
def desk(job, page):
    page.posts = []
    page.on("request", lambda request: request.method == "POST" and page.posts.append(request.url))
    sign_in(page)
    page.posts.clear()
    return page


def presses_twice(page, gap):
    page.keyboard.press("Enter")
    page.wait_for_timeout(gap)
    page.keyboard.press("Enter")


def clicks_twice(page, button, gap):
    box = button.bounding_box()
    at = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.click(*at)
    page.wait_for_timeout(gap)
    page.mouse.click(*at)


def reads(page, text):
    expect(page.locator("#toasts")).to_contain_text(text)


@pytest.mark.parametrize("gap", GAPS_MS)
@pytest.mark.parametrize("verb", ["issue", "unreserve"])
def test_a_second_enter_does_not_post_the_rest_of_a_reservation(desk, stock, job, verb, gap):
    desk.goto(f"/reservations/1/?do={verb}")
    desk.locator("#qty").fill("5")
    presses_twice(desk, gap)
    reads(desk, "5 pcs of BOLT")
    desk.wait_for_timeout(SETTLED_MS)
    desk.keyboard.press("Enter")
    desk.wait_for_timeout(300)
    on_hand = {"issue": 75, "unreserve": 80}[verb]
    assert stock.figures(job) == f"{on_hand} on hand, 45 reserved, {on_hand - 45} available"
    expect(desk.locator("#qty")).to_have_value("")
    assert len(desk.posts) == 1


@pytest.mark.parametrize("verb", ["issue", "unreserve"])
def test_a_second_click_does_not_post_the_rest_of_a_reservation(desk, stock, job, verb):
    desk.goto(f"/reservations/1/?do={verb}")
    desk.locator("#qty").fill("5")
    clicks_twice(desk, desk.locator("#act .btn-primary"), 300)
    reads(desk, "5 pcs of BOLT")
    desk.wait_for_timeout(SETTLED_MS)
    assert stock.reservation(1).open == 45_000_000
    assert len(desk.posts) == 1


@pytest.mark.parametrize(
    ("verb", "word", "figures"),
    [
        ("issue", "Issue all 50 pcs", "30 on hand, 0 reserved, 30 available"),
        ("unreserve", "Unreserve all 50 pcs", "80 on hand, 0 reserved, 80 available"),
    ],
)
@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_the_button_for_all_posts_the_whole_reservation(
    browser, site, stock, job, verb, word, figures, scripts
):
    context = browser.new_context(base_url=site.url, java_script_enabled=scripts)
    page = sign_in(context.new_page())
    page.goto(f"/reservations/1/?do={verb}")
    page.get_by_role("button", name=word).click()
    reads(page, "50 pcs of BOLT")
    assert stock.figures(job) == figures
    context.close()


def test_enter_presses_the_main_button_not_the_button_for_all(desk, stock, job):
    desk.goto("/reservations/1/?do=issue")
    desk.locator("#qty").fill("5")
    desk.keyboard.press("Enter")
    reads(desk, "Issued 5 pcs of BOLT")
    assert stock.figures(job) == "75 on hand, 45 reserved, 30 available"


def test_a_held_enter_posts_once(desk, stock, job):
    desk.goto("/reservations/1/?do=issue")
    desk.locator("#qty").fill("5")
    desk.keyboard.down("Enter")
    for _ in range(20):
        desk.keyboard.down("Enter")
        desk.wait_for_timeout(100)
    desk.keyboard.up("Enter")
    reads(desk, "Issued 5 pcs of BOLT")
    assert stock.figures(job) == "75 on hand, 45 reserved, 30 available"
    assert len(desk.posts) == 1


def test_a_held_enter_does_not_repeat_a_refused_operation(desk):
    desk.goto("/reservations/1/?do=issue")
    desk.locator("#qty").fill("60")
    desk.keyboard.down("Enter")
    expect(desk.locator("#refusal")).to_be_visible()
    for _ in range(20):
        desk.keyboard.down("Enter")
        desk.wait_for_timeout(100)
    desk.keyboard.up("Enter")
    assert len(desk.posts) == 1


@pytest.mark.parametrize("gap", GAPS_MS)
def test_a_second_enter_while_the_server_is_slow_posts_once(desk, stock, job, gap):
    def slow(route):
        desk.wait_for_timeout(700)
        route.continue_()

    desk.route("**/issue/", slow)
    desk.goto("/reservations/1/?do=issue")
    desk.locator("#qty").fill("5")
    presses_twice(desk, gap)
    desk.keyboard.press("Enter")
    reads(desk, "Issued 5 pcs of BOLT")
    assert len(desk.posts) == 1
    assert stock.figures(job) == "75 on hand, 45 reserved, 30 available"


@pytest.mark.parametrize("gap", GAPS_MS)
def test_a_second_enter_does_not_send_a_refused_operation_again(desk, gap):
    desk.goto("/reservations/1/?do=issue")
    desk.locator("#qty").fill("60")
    desk.keyboard.press("Enter")
    expect(desk.locator("#refusal")).to_be_visible()
    desk.wait_for_timeout(gap)
    desk.keyboard.press("Enter")
    desk.wait_for_timeout(300)
    assert len(desk.posts) == 1


def test_enter_after_a_refusal_posts_the_typed_quantity(desk, stock, job):
    desk.goto("/reservations/1/?do=issue")
    desk.locator("#qty").fill("60")
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("button", name="Use 50")).to_be_visible()
    desk.locator("#qty").fill("7")
    desk.keyboard.press("Enter")
    reads(desk, "Issued 7 pcs of BOLT")
    assert stock.figures(job) == "73 on hand, 43 reserved, 30 available"


def test_enter_after_a_refusal_does_not_add_to_another_lot(desk, stock, job):
    desk.goto("/items/1/?do=receive")
    desk.locator("#lot_code").fill("L-1")
    desk.locator("#qty").fill("9")
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("button", name="Add to L-1")).to_be_visible()
    desk.locator("#lot_code").fill("L-2")
    desk.keyboard.press("Enter")
    reads(desk, "Received 9 pcs of BOLT into L-2")
    assert stock.figures(job) == "80 on hand, 50 reserved, 30 available"


def test_enter_in_the_reason_posts_no_qc_decision(desk, stock, job):
    desk.goto(f"/lots/{job}/?do=decide")
    desk.locator("#reason").fill("Complaint")
    desk.keyboard.press("Enter")
    desk.wait_for_timeout(300)
    assert desk.posts == []
    desk.get_by_role("button", name="Put in quarantine").click()
    reads(desk, "in quarantine")
    assert stock.get_lot(job).qc_status == "QUARANTINE"


def test_enter_does_not_confirm_reducing_reservations(desk, stock, job):
    desk.goto(f"/lots/{job}/?do=count")
    desk.locator("#counted").fill("40")
    desk.locator("#reason").fill("Missing")
    desk.keyboard.press("Enter")
    expect(desk.get_by_text("Reduce these reservations")).to_be_visible()
    desk.wait_for_timeout(SETTLED_MS)
    desk.locator("#counted").press("Enter")
    desk.wait_for_timeout(300)
    assert stock.reservation(1).open == 50_000_000
    desk.locator("#act .btn-primary").click()
    reads(desk, "Counted L-1")
    assert stock.reservation(1).open == 40_000_000


def test_a_second_click_does_not_undo_what_the_first_posted(desk, stock, job):
    desk.goto("/reservations/1/?do=issue")
    desk.locator("#qty").fill("5")
    desk.keyboard.press("Enter")
    undo = desk.locator("#toasts").get_by_role("button", name="Undo")
    undo.click()
    desk.wait_for_timeout(300)
    assert len(desk.posts) == 1
    desk.wait_for_timeout(SETTLED_MS)
    undo.click()
    reads(desk, "was reversed")
    assert stock.figures(job) == "80 on hand, 50 reserved, 30 available"


def test_a_new_quantity_can_be_posted_immediately(desk, stock, job):
    desk.goto("/reservations/1/?do=issue")
    desk.locator("#qty").fill("5")
    desk.keyboard.press("Enter")
    reads(desk, "Issued 5 pcs of BOLT")
    desk.keyboard.type("7")
    desk.keyboard.press("Enter")
    reads(desk, "Issued 7 pcs of BOLT")
    assert stock.figures(job) == "68 on hand, 38 reserved, 30 available"


def test_a_second_click_after_a_redirect_posts_nothing(desk, app):
    with app.app_context():
        users.create_user(name="ben", password=PASSWORD, role="operator")
    desk.goto("/users/")
    clicks_twice(desk, desk.get_by_role("button", name="Disable ben"), 350)
    desk.wait_for_timeout(SETTLED_MS)
    assert len(desk.posts) == 1
    expect(desk.get_by_role("button", name="Enable ben")).to_be_visible()


def test_going_back_in_the_browser_posts_nothing(desk, stock, job):
    desk.goto("/reservations/1/issue/")
    desk.locator("#qty").fill("5")
    desk.keyboard.press("Enter")
    reads(desk, "Issued 5 pcs of BOLT")
    desk.goto("/items/")
    desk.go_back()
    desk.locator("#qty").focus()
    desk.keyboard.press("Enter")
    desk.wait_for_timeout(300)
    assert stock.figures(job) == "75 on hand, 45 reserved, 30 available"


@pytest.mark.parametrize(
    ("path", "figures"),
    [
        ("/reservations/1/issue/", "75 on hand, 45 reserved, 30 available"),
        ("/reservations/1/unreserve/", "80 on hand, 45 reserved, 35 available"),
        ("/lots/1/scrap/", "75 on hand, 50 reserved, 25 available"),
    ],
)
def test_without_scripts_a_double_click_posts_once(browser, site, stock, job, path, figures):
    context = browser.new_context(base_url=site.url, java_script_enabled=False)
    page = sign_in(context.new_page())
    page.goto(path)
    page.locator("#qty").fill("5")
    if page.locator("#reason").count():
        page.locator("#reason").fill("broken")
    page.locator("#act .actions .btn").first.dblclick()
    reads(page, "5 pcs of BOLT")
    assert stock.figures(job) == figures
    expect(page.locator("#qty")).to_have_value("")
    context.close()
