"""The floor app: accessibility, target sizes, weight, sounds and installation."""

from urllib.parse import urljoin

import pytest
from playwright.sync_api import expect

from inventory.accounts import users
from tests.e2e.tablets import PASSWORD, Tablet
from tests.e2e.test_every_page import RULES, axe, is_sampled
from tests.support.stock_builder import in_days, part

#: The behavior of the browser does not depend on the database.
pytestmark = [pytest.mark.browser, pytest.mark.only("sqlite")]

#: Tap targets smaller than 56 px, or 72 px for the main controls.
SMALL_TARGETS = """
[...document.querySelectorAll("a, button, input, select, textarea, summary")]
  .filter((e) => e.checkVisibility() && e.type !== "hidden" && !e.matches(".skip"))
  .map((e) => [e, e.getBoundingClientRect(), e.matches(".verb, .task, #qty") ? 71.9 : 55.9])
  .filter(([e, box, minHeight]) => box.width < 55.9 || box.height < minHeight)
  .map(([e, box]) => `${e.outerHTML.slice(0, 90)} ${box.width} × ${box.height}`)
"""
SIZES = ((1280, 800), (768, 1024), (320, 700))
LOOKS = [(size, scheme) for size in SIZES for scheme in ("light", "dark")]


@pytest.fixture
def tablet(app, stock, page):
    with app.app_context():
        users.create_user(name="ole", password=PASSWORD, role="operator")
    stock.item("BOLT", name="Hex bolt M8 × 40, zinc-plated")
    stock.lot("receive 120, reserve 40 JOB-7", lot_code="L-001", location="A-01-3")
    stock.lot("receive 5", lot_code="L-OLD", expires_on=in_days(-1))
    stock.lot("receive 7", lot_code="L-002")
    tablet = Tablet(page).opens()
    yield tablet
    assert tablet.console_errors == []


def problems_of(page):
    rules = {"identical-links-same-purpose": {"enabled": False}}
    found = axe(page, runOnly=[*RULES, "wcag2aaa"], rules=rules) if is_sampled(page) else []
    problems = [f"{rule['id']}: {node['html'][:120]}" for rule in found for node in rule["nodes"]]
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        problems.append("scrolls sideways")
    return problems + page.evaluate(SMALL_TARGETS)


def page_states(tablet, page, stock):
    """Bring the page into one state after the other and yield its name."""
    yield "start"
    tablet.scans("UNKNOWN")
    expect(page.locator("#receive-new")).to_be_visible()
    yield "an unknown code"
    tablet.scans("L-001")
    expect(page.locator("#go")).to_be_visible()
    yield "issue"
    tablet.does("receive")
    yield "receive"
    tablet.does("count")
    tablet.sets("7")
    yield "count"
    tablet.does("lookup")
    yield "look up"
    tablet.does("issue")
    tablet.scans("L-OLD")
    yield "a lot on hold"
    tablet.does("pick")
    page.locator("[data-job='JOB-7']").click()
    yield "a job"
    tablet.scans("L-002")
    tablet.sees("Wrong lot")
    page.evaluate("localStorage.setItem('floor-pins', 'on')")
    page.locator("#who").click()
    yield "login by PIN"
    page.locator("#login-pin").click()
    yield "login"
    page.locator("#login-close").click()
    page.context.set_offline(True)
    tablet.issues("L-001", "2")
    tablet.sees("Saved on this tablet")
    yield "offline"
    tablet.scans_again("L-001")
    expect(page.locator("#go")).to_be_visible()
    tablet.sets("500")
    expect(page.locator("#readings")).to_contain_text("Only 78 pcs free in L-001")
    yield "more than is free"
    page.locator("[data-reading]").click()
    tablet.taps()
    tablet.does("receive")
    tablet.scans("BOLT")
    tablet.scans("NEW-LOT-1")
    expect(page.locator("#confirm-notice")).to_be_visible()
    yield "a new lot of the item at hand"
    stock.post("issue", item="BOLT", lots=[part(stock.find_lot("L-001").id, 1)])
    page.context.set_offline(False)
    tablet.settles("done", "refused")
    yield "a refusal"


def test_every_state_is_accessible_with_large_targets(tablet, page, stock):
    problems = []
    for state in page_states(tablet, page, stock):
        for (width, height), scheme in LOOKS:
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme=scheme)
            problems += [f"{state} at {width} in {scheme}: {text}" for text in problems_of(page)]
    assert not problems, "\n".join(problems)


def test_the_main_button_is_visible_without_scrolling(tablet, page):
    for width, height in SIZES[:2]:
        page.set_viewport_size({"width": width, "height": height})
        for task in ("issue", "reserve", "receive", "count", "move"):
            tablet.does(task)
            tablet.scans_again("L-001")
            expect(page.locator("#go")).to_be_in_viewport(ratio=1)


def test_a_first_visit_loads_at_most_70_kb(tablet, browser, live_server):
    context = browser.new_context(base_url=live_server.url)
    cold = Tablet(context.new_page()).opens()
    expect(cold.page.locator("#asof")).to_contain_text("Quantities as of")
    sizes = cold.page.evaluate(
        """() => [...performance.getEntriesByType("navigation"),
        ...performance.getEntriesByType("resource")].map((e) => [e.name, e.transferSize])"""
    )
    context.close()
    assert 15_000 < sum(size for _, size in sizes) <= 70_000, sizes


@pytest.mark.parametrize("path", ["/floor/", "/floor/scanner/"])
def test_a_browser_without_import_maps_is_told_so(tablet, page, path):
    page.add_init_script("delete HTMLScriptElement.supports")
    page.route("**/static/floor/*.js", lambda route: route.abort())
    page.goto(path)
    tablet.sees("This browser is too old for this page.", "bad")


@pytest.mark.parametrize("path", ["/floor/", "/floor/scanner/"])
def test_without_scripts_the_page_says_so_and_links_to_the_desk(tablet, browser, live_server, path):
    state = tablet.page.context.storage_state()
    context = browser.new_context(
        base_url=live_server.url, java_script_enabled=False, storage_state=state
    )
    page = context.new_page()
    page.goto(path)
    expect(page.get_by_text("The tablet app needs JavaScript")).to_be_visible()
    for selector in (".line", ".band", "header", "main"):
        for found in page.locator(selector).all():
            expect(found).to_be_hidden()
    page.get_by_role("link", name="Open the web pages").click()
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    assert page.url == f"{live_server.url}/"
    context.close()


def test_a_page_whose_scripts_do_not_load_does_not_look_online(tablet, page):
    page.evaluate(
        "navigator.serviceWorker.getRegistrations().then((all) => all.map((r) => r.unregister()))"
    )
    page.route("**/static/floor/main*.js", lambda route: route.abort())
    page.route("**/floor/worker.js", lambda route: route.abort())
    page.goto("/floor/")
    expect(page.locator("#line")).to_have_text("Starting")


def test_a_tablet_can_install_the_page(tablet, page):
    href = page.locator("link[rel=manifest]").get_attribute("href")
    manifest = page.evaluate("(href) => fetch(href).then((answer) => answer.json())", href)
    targets = [urljoin(href, manifest[name]) for name in ("start_url", "scope")]
    assert (targets, manifest["display"]) == (["/floor/", "/floor/"], "standalone")
    tablet.waits_for_offline_page()
    scope = page.evaluate(
        "navigator.serviceWorker.ready.then((registration) => registration.scope)"
    )
    assert scope.endswith("/floor/")


def test_the_band_has_sounds_and_is_announced(tablet, page):
    band = page.locator("#band")
    expect(band).to_have_attribute("aria-live", "assertive")
    page.evaluate(
        """() => { window.played = []; const start = OscillatorNode.prototype.start;
        OscillatorNode.prototype.start = function (at) {
          window.played.push(this.frequency.value); return start.call(this, at); };
        navigator.vibrate = (pattern) => window.played.push(String(pattern)); }"""
    )
    page.mouse.click(5, 5)
    page.wait_for_timeout(200)
    for action, kind in (
        (lambda: tablet.scans("L-001"), "scanned"),
        (lambda: tablet.taps(), "done"),
        (lambda: tablet.scans("L-OLD"), "bad"),
    ):
        page.evaluate("window.played.length = 0")
        action()
        expect(band).to_have_attribute("data-kind", kind)
        played = page.evaluate("window.played")
        tones = {"scanned": [1320], "done": [880, 1320], "bad": [220, 196]}[kind]
        assert [tone for tone in played if not isinstance(tone, str)] == tones
        assert any(isinstance(vibration, str) for vibration in played)
        width = band.bounding_box()["width"]
        assert width == page.viewport_size["width"]
    page.locator("#sound").click()
    page.evaluate("window.played.length = 0")
    tablet.scans("L-002")
    tablet.sees("L-002")
    assert page.evaluate("window.played") == []


#: Records the calls of browser features in `window.calls`.
_RECORD_CALLS = """
window.calls = [];
const record = (name) => (value) => {
  window.calls.push(`${name} ${value ?? ""}`.trim());
  return Promise.resolve(true);
};
Object.defineProperty(navigator, "wakeLock", { value: { request: record("wakeLock") } });
navigator.storage.persist = record("persist");
navigator.setAppBadge = record("badge");
"""


def test_the_page_uses_wake_lock_persistent_storage_and_badge(tablet, page):
    page.add_init_script(_RECORD_CALLS)
    page.reload()
    tablet.waits()
    calls = page.evaluate("window.calls")
    assert {"wakeLock screen", "persist"} <= set(calls)
    page.context.set_offline(True)
    tablet.issues("L-001", "2")
    expect(page.locator("#waiting")).to_have_text("1 to send")
    assert page.evaluate("window.calls").pop() == "badge 1"
    page.context.set_offline(False)
    tablet.settles("done")
    expect(page.locator("#waiting")).to_be_hidden()
    assert page.evaluate("window.calls").pop() == "badge 0"
