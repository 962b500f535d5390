"""The floor's page in the hands of somebody with gloves: large, plain, in light and in dark."""

from urllib.parse import urljoin

import pytest
from playwright.sync_api import expect

from inventory.accounts import users
from tests.e2e.tablets import PASSWORD, Tablet
from tests.e2e.test_every_page import RULES, axe
from tests.support.stock_builder import in_days

#: What the browser does does not hang on the database.
pytestmark = [pytest.mark.browser, pytest.mark.only("sqlite")]

#: Everything to tap, and whether it is smaller than it must be.
SMALL = """
[...document.querySelectorAll("a, button, input, select, textarea, summary")]
  .filter((e) => e.checkVisibility() && e.type !== "hidden" && !e.matches(".skip"))
  .map((e) => [e, e.getBoundingClientRect(), e.matches(".verb, .task, #qty") ? 71.9 : 55.9])
  .filter(([e, box, least]) => box.width < 55.9 || box.height < least)
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
    assert tablet.said == []


def problems_of(page):
    rules = {"identical-links-same-purpose": {"enabled": False}}
    found = axe(page, runOnly=[*RULES, "wcag2aaa"], rules=rules)
    problems = [f"{rule['id']}: {node['html'][:120]}" for rule in found for node in rule["nodes"]]
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        problems.append("scrolls sideways")
    return problems + page.evaluate(SMALL)


def moments(tablet, page):
    """What the page looks like in the course of the work."""
    yield "start"
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
    tablet.scans("NOBODY")
    expect(page.locator("#receive-new")).to_be_visible()
    yield "an unknown code"
    tablet.does("pick")
    page.locator("[data-job='JOB-7']").click()
    yield "a job"
    tablet.scans("L-002")
    tablet.sees("Wrong lot")
    page.evaluate("floor.setting('pins', 'on')")
    page.locator("#who").click()
    yield "who is at work, by PIN"
    page.locator("#login-pin").click()
    yield "who is at work"
    page.locator("#login-close").click()
    page.context.set_offline(True)
    tablet.issues("L-001", "2")
    tablet.sees("Saved on this tablet")
    yield "offline"
    tablet.issues("L-001", "500")
    page.context.set_offline(False)
    tablet.settles("done", "refused")
    yield "a refusal"


def test_the_page_is_accessible_large_enough_and_plain_to_read(tablet, page):
    wrong = []
    for when in moments(tablet, page):
        for (width, height), scheme in LOOKS:
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme=scheme)
            wrong += [f"{when} at {width} in {scheme}: {one}" for one in problems_of(page)]
    assert not wrong, "\n".join(wrong)


def test_the_main_verb_is_on_the_screen_without_scrolling(tablet, page):
    for width, height in SIZES[:2]:
        page.set_viewport_size({"width": width, "height": height})
        for task in ("issue", "reserve", "receive", "count", "move"):
            tablet.does(task)
            tablet.scans_again("L-001")
            expect(page.locator("#go")).to_be_in_viewport(ratio=1)


def test_a_cold_page_is_light_on_the_wire(tablet, browser, live_server):
    context = browser.new_context(base_url=live_server.url)
    cold = Tablet(context.new_page()).opens()
    expect(cold.page.locator("#asof")).to_contain_text("Figures as of")
    sizes = cold.page.evaluate(
        """() => [...performance.getEntriesByType("navigation"),
        ...performance.getEntriesByType("resource")].map((e) => [e.name, e.transferSize])"""
    )
    context.close()
    assert 15_000 < sum(size for _, size in sizes) <= 45_000, sizes


def test_a_tablet_can_install_the_page(tablet, page):
    href = page.locator("link[rel=manifest]").get_attribute("href")
    manifest = page.evaluate("(href) => fetch(href).then((answer) => answer.json())", href)
    led_to = [urljoin(href, manifest[name]) for name in ("start_url", "scope")]
    assert (led_to, manifest["display"]) == (["/floor/", "/floor/"], "standalone")
    tablet.keeps_the_page()
    scope = page.evaluate("navigator.serviceWorker.ready.then((one) => one.scope)")
    assert scope.endswith("/floor/")


def test_the_band_is_heard_and_read(tablet, page):
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
    for act, kind in (
        (lambda: tablet.scans("L-001"), "scanned"),
        (lambda: tablet.taps(), "done"),
        (lambda: tablet.scans("L-OLD"), "bad"),
    ):
        page.evaluate("window.played.length = 0")
        act()
        expect(band).to_have_attribute("data-kind", kind)
        heard = page.evaluate("window.played")
        tones = {"scanned": [1320], "done": [880, 1320], "bad": [220, 196]}[kind]
        assert [one for one in heard if not isinstance(one, str)] == tones
        assert any(isinstance(one, str) for one in heard)
        width = band.bounding_box()["width"]
        assert width == page.viewport_size["width"]
    page.locator("#sound").click()
    page.evaluate("window.played.length = 0")
    tablet.scans("L-002")
    tablet.sees("L-002")
    assert page.evaluate("window.played") == []


#: What the browser is asked for, by name.
_ASKED = """
window.asked = [];
const note = (name) => (value) => {
  window.asked.push(`${name} ${value ?? ""}`.trim());
  return Promise.resolve(true);
};
Object.defineProperty(navigator, "wakeLock", { value: { request: note("stay awake:") } });
navigator.storage.persist = note("keep what is stored");
navigator.setAppBadge = note("badge");
"""


def test_the_screen_stays_on_what_is_kept_stays_and_the_icon_counts(tablet, page):
    page.add_init_script(_ASKED)
    page.reload()
    tablet.waits()
    asked = page.evaluate("window.asked")
    assert {"stay awake: screen", "keep what is stored"} <= set(asked)
    page.context.set_offline(True)
    tablet.issues("L-001", "2")
    expect(page.locator("#waiting")).to_have_text("1 to send")
    assert page.evaluate("window.asked").pop() == "badge 1"
    page.context.set_offline(False)
    tablet.settles("done")
    expect(page.locator("#waiting")).to_be_hidden()
    assert page.evaluate("window.asked").pop() == "badge 0"
