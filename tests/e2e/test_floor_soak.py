"""The outbox through everything at once: answers lost on either side of the commit, busy servers,
pages that reload or die, servers that are killed. A short run here; `make soak` runs 500,
in other browsers too (tests/stress/soak)."""

import os
import random
import time

import pytest

from inventory.accounts import users
from tests.e2e.tablets import PASSWORD, Tablet

pytestmark = pytest.mark.browser

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


class Weather:
    """What happens to requests: some are lost before, some after they were carried out."""

    def __init__(self, chance):
        self.chance = chance
        self.happened = dict.fromkeys(("lost before", "lost after", "busy", "slow"), 0)
        self.calm = False

    def __call__(self, route):
        fate = self.chance.random()
        if self.calm or fate > 0.45:
            return route.continue_()
        if fate < 0.12:
            self.happened["lost before"] += 1
            return route.abort()
        if fate < 0.30:
            return self._lose_answer(route)
        if fate < 0.38:
            self.happened["busy"] += 1
            return route.fulfill(status=503, json={"code": "BUSY"})
        self.happened["slow"] += 1
        time.sleep(0.2)
        return route.continue_()

    def _lose_answer(self, route):
        self.happened["lost after"] += 1
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


def open_tablet(page, weather):
    page.route(ENDPOINT, weather)
    tablet = Tablet(page)
    page.goto("/floor/")
    return tablet.waits()


def disturb(chance, page, weather, live_server, happened):
    """Now and then: the page reloads, dies, goes offline; the server is killed."""
    fate = chance.random()
    if fate < 0.06:
        happened["reloads"] += 1
        page.reload()
        Tablet(page).waits()
    elif fate < 0.10:
        happened["pages killed"] += 1
        context = page.context
        page.close()
        page = context.new_page()
        open_tablet(page, weather)
    elif fate < 0.14:
        happened["offline"] += 1
        page.context.set_offline(True)
        page.wait_for_timeout(chance.randrange(200))
        page.context.set_offline(False)
    elif fate < 0.17:
        happened["servers killed"] += 1
        live_server.kill()
        live_server.start()
    return page


def test_nothing_is_lost_or_doubled_and_the_order_is_kept(lot, stock, app, page, live_server):
    chance = random.Random(SEED)
    weather = Weather(chance)
    happened = dict.fromkeys(("reloads", "pages killed", "offline", "servers killed"), 0)
    tablet = Tablet(page).opens()
    tablet.keeps_the_page()
    page.route(ENDPOINT, weather)
    for number in range(OPERATIONS):
        page.evaluate(ADD, [number])
        page.wait_for_timeout(chance.randrange(60))
        page = disturb(chance, page, weather, live_server, happened)
    weather.calm = True
    left = "floor.outbox.all().then((all) => all.filter((one) => one.state !== 'done'))"
    for _ in range(240):
        rest = page.evaluate(left)
        if not rest:
            break
        page.evaluate("void floor.outbox.send()")
        page.wait_for_timeout(250)
    assert rest == []
    issued = [one.reference for one in stock.history(lot) if one.txn_type == "ISSUE"]
    assert issued == [f"S-{number}" for number in range(OPERATIONS)]
    verified = app.test_cli_runner().invoke(args=["ledger", "verify"])
    assert verified.exit_code == 0, verified.output
    assert weather.happened["lost after"] > 3, "the weather was too fair to prove anything"
    fields = ", ".join(f"{word} {count}" for word, count in (weather.happened | happened).items())
    print(f"\n{OPERATIONS} operations, {fields}: 0 lost, 0 doubled, order kept, verify clean")
