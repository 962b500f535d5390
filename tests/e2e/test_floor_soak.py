"""The outbox under random faults: lost responses, busy and killed servers, closed pages.

A short run; `make soak` runs 500 operations, also in other browsers (tests/stress/soak).
"""

import os
import random
import time

import pytest
from playwright.sync_api import expect

from inventory.accounts import users
from tests.e2e.tablets import PASSWORD, Tablet

pytestmark = [pytest.mark.browser, pytest.mark.only("sqlite", nightly="postgresql")]

OPERATIONS = int(os.environ.get("SOAK") or 60)
SEED = int(os.environ.get("SOAK_SEED") or 12)
ENDPOINT = "**/floor/operations"

ADD = """async ([number]) => {
  const user = await (await indexedDbUser());
  const entry = await floor.outbox.add(user, {
    op: "issue", item: "BOLT", lotCode: "L-1", qty: "1", reference: `S-${number}` });
  return entry.key;
  async function indexedDbUser() {
    const session = await new Promise((resolve, reject) => {
      const open = indexedDB.open("floor");
      open.onerror = reject;
      open.onsuccess = () => {
        const get = open.result.transaction("kept").objectStore("kept").get("user");
        get.onsuccess = () => { open.result.close(); resolve(get.result); };
      };
    });
    return { id: session.id, name: session.name };
  }
}"""


class FaultInjector:
    """Route handler that loses, delays or refuses requests at random."""

    def __init__(self, rng):
        self.rng = rng
        self.counts = dict.fromkeys(("lost before", "lost after", "busy", "slow"), 0)
        self.disabled = False

    def __call__(self, route):
        draw = self.rng.random()
        if self.disabled or draw > 0.45:
            return route.continue_()
        if draw < 0.12:
            self.counts["lost before"] += 1
            return route.abort()
        if draw < 0.30:
            return self._lose_response(route)
        if draw < 0.38:
            self.counts["busy"] += 1
            return route.fulfill(status=503, json={"code": "BUSY"})
        self.counts["slow"] += 1
        time.sleep(0.2)
        return route.continue_()

    def _lose_response(self, route):
        self.counts["lost after"] += 1
        try:
            route.fetch(timeout=10_000)
        except Exception:
            return route.abort()
        return route.abort()


@pytest.fixture
def lot(app, stock):
    with app.app_context():
        users.create_user(name="ole", password=PASSWORD, role="operator")
    return stock.lot(f"receive {OPERATIONS + 10}", lot_code="L-1")


def open_tablet(page, faults):
    page.route(ENDPOINT, faults)
    tablet = Tablet(page)
    page.goto("/floor/")
    return tablet.waits()


def disturb(rng, page, faults, live_server, counts):
    """At random reload or close the page, go offline, or kill the server."""
    draw = rng.random()
    if draw < 0.06:
        counts["reloads"] += 1
        page.reload()
        Tablet(page).waits()
    elif draw < 0.10:
        counts["pages killed"] += 1
        context = page.context
        page.close()
        page = context.new_page()
        open_tablet(page, faults)
    elif draw < 0.14:
        counts["offline"] += 1
        page.context.set_offline(True)
        page.wait_for_timeout(rng.randrange(200))
        page.context.set_offline(False)
    elif draw < 0.17:
        counts["servers killed"] += 1
        live_server.kill()
        live_server.start()
    return page


def pick_twice(tablet, job):
    """Pick a line, and once more; return whether the tablet refused the second."""
    page = tablet.page
    tablet.does("pick")
    tablet.scans_again(job)
    tablet.scans_again("L-P")
    expect(page.locator("#go")).to_contain_text("1 pc")
    before = len(tablet.states())
    tablet.taps()
    expect(page.locator("#job")).to_contain_text("All picked")
    tablet.scans_again("L-P")
    tablet.sees(f"All of L-P for {job} is picked", "bad")
    expect(page.locator("#go")).to_be_hidden()
    return len(tablet.states()) == before + 1


def issue_all_twice(tablet, lot):
    """Issue all of a lot, and once more; return whether the tablet refused the second."""
    page = tablet.page
    tablet.does("issue")
    for _ in range(2):
        tablet.scans_again(lot)
        expect(page.locator("#subject")).to_contain_text(lot)
        page.locator("#all").click()
        page.wait_for_timeout(1100)  # a second tap at the same position counts as a double tap
        before = len(tablet.states())
        tablet.taps()
    tablet.sees(f"Nothing is free in {lot}", "bad")
    return len(tablet.states()) == before


def test_double_work_is_refused_by_the_tablet_itself(lot, stock, app, page):
    """Never by the server, however its responses come: lost, late, or not at all."""
    rng = random.Random(SEED)
    faults = FaultInjector(rng)
    rounds = max(3, OPERATIONS // 20)
    held = stock.lot(f"receive {rounds}", lot_code="L-P")
    for number in range(rounds):
        stock.reserve(1, lot=held, reference=f"JOB-{number}")
        stock.lot("receive 7", lot_code=f"L-A{number}")
    tablet = Tablet(page).opens()
    tablet.waits_for_offline_page()
    page.route(ENDPOINT, faults)
    for number in range(rounds):
        page.context.set_offline(rng.random() < 0.6)
        assert pick_twice(tablet, f"JOB-{number}")
        if rng.random() < 0.3:
            page.reload()
            tablet.waits()
        assert issue_all_twice(tablet, f"L-A{number}")
    faults.disabled = True
    page.context.set_offline(False)
    tablet.sends()
    for _ in range(600):
        if "waiting" not in tablet.states():
            break
        page.wait_for_timeout(50)
    assert set(tablet.states()) == {"done"}
    assert stock.get_lot(held).on_hand == 0
    assert [stock.find_lot(f"L-A{number}").on_hand for number in range(rounds)] == [0] * rounds


def test_random_faults_lose_double_or_reorder_nothing(lot, stock, app, page, live_server):
    rng = random.Random(SEED)
    faults = FaultInjector(rng)
    counts = dict.fromkeys(("reloads", "pages killed", "offline", "servers killed"), 0)
    tablet = Tablet(page).opens()
    tablet.waits_for_offline_page()
    page.route(ENDPOINT, faults)
    for number in range(OPERATIONS):
        page.evaluate(ADD, [number])
        page.wait_for_timeout(rng.randrange(60))
        page = disturb(rng, page, faults, live_server, counts)
    faults.disabled = True
    unsent = "floor.outbox.all().then((all) => all.filter((entry) => entry.state !== 'done'))"
    for _ in range(240):
        rest = page.evaluate(unsent)
        if not rest:
            break
        page.evaluate("void floor.outbox.send()")
        page.wait_for_timeout(250)
    assert rest == []
    issued = [entry.reference for entry in stock.history(lot) if entry.txn_type == "ISSUE"]
    assert issued == [f"S-{number}" for number in range(OPERATIONS)]
    verified = app.test_cli_runner().invoke(args=["ledger", "verify"])
    assert verified.exit_code == 0, verified.output
    assert faults.counts["lost after"] > 3, "too few faults to prove anything"
    fields = ", ".join(f"{word} {count}" for word, count in (faults.counts | counts).items())
    print(f"\n{OPERATIONS} operations, {fields}: 0 lost, 0 doubled, order kept, verify clean")
