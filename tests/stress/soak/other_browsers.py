"""The soak of the outbox in Firefox and WebKitGTK, those that are installed: for `make soak` only.

Their packages in Debian: firefox-esr; webkit2gtk-driver and xvfb.
"""

import contextlib
import os
import random
import time

import pytest

from inventory.accounts import users
from tests.e2e.tablets import PASSWORD
from tests.e2e.test_floor_soak import ADD
from tests.stress.soak.drivers import DRIVERS, Failed
from tests.stress.soak.weather import Front

OPERATIONS = int(os.environ.get("SOAK") or 60)
SEED = int(os.environ.get("SOAK_SEED") or 12)

_READY = """() => [document.body?.dataset.ready ?? "", location.pathname,
  document.getElementById("who-name")?.textContent ?? ""]"""
_LOG_IN = """(password) => {
  document.querySelector("form [name=name]").value = "ole";
  document.querySelector("form [name=password]").value = password;
  setTimeout(() => document.querySelector("form [name=password]").form.submit());
}"""
_LEFT = "() => floor.outbox.all().then((all) => all.filter((one) => one.state !== 'done').length)"


class Page:
    """The floor in one of these browsers."""

    def __init__(self, driver, front):
        self.driver, self.front = driver, front

    def opens(self):
        """Until the page works, logging in where the door stands open."""
        end = time.monotonic() + 90
        self._goes("/floor/")
        while time.monotonic() < end:
            with contextlib.suppress(Failed):
                ready, path, who = self.driver.run(_READY)
                if ready and who == "ole":
                    return
                if path == "/login/":
                    self.driver.run(_LOG_IN, PASSWORD)
                    time.sleep(1)
                elif not path.startswith("/floor/"):
                    self._goes("/floor/")
            time.sleep(0.2)
        raise AssertionError(f"the page does not open: {self.driver.run(_READY)}")

    def _goes(self, path):
        with contextlib.suppress(Failed):
            self.driver.goto(self.front.url + path)


def disturb(chance, page, live_server, happened):
    fate = chance.random()
    if fate < 0.06:
        happened["reloads"] += 1
        page.opens()
    elif fate < 0.08:
        happened["crashes"] += 1
        page.driver.crash()
        page.opens()
    elif fate < 0.12:
        happened["offline"] += 1
        page.front.cut = True
        time.sleep(chance.random() / 2)
        page.front.cut = False
    elif fate < 0.15:
        happened["servers killed"] += 1
        live_server.kill()
        live_server.start()


@pytest.fixture(params=DRIVERS, ids=lambda kind: kind.__name__)
def driver(request, tmp_path):
    driver = request.param(tmp_path)
    yield driver
    driver.close()


def test_nothing_is_lost_or_doubled_and_the_order_is_kept(driver, app, stock, live_server):
    with app.app_context():
        users.create_user(name="ole", password=PASSWORD, role="operator")
    lot = stock.lot(f"receive {OPERATIONS + 10}", lot_code="L-1")
    chance = random.Random(SEED)
    front = Front(live_server.url, random.Random(SEED))
    page = Page(driver, front)
    happened = dict.fromkeys(("reloads", "crashes", "offline", "servers killed"), 0)
    page.opens()
    for number in range(OPERATIONS):
        driver.run(ADD, [number])
        time.sleep(chance.random() * 0.06)
        disturb(chance, page, live_server, happened)
    front.calm = True
    end = time.monotonic() + 120
    while (left := driver.run(_LEFT)) and time.monotonic() < end:
        driver.run("() => { floor.outbox.send(); }")
        time.sleep(0.25)
    assert left == 0
    issued = [one.reference for one in stock.history(lot) if one.txn_type == "ISSUE"]
    assert issued == [f"S-{number}" for number in range(OPERATIONS)]
    verified = app.test_cli_runner().invoke(args=["ledger", "verify"])
    assert verified.exit_code == 0, verified.output
    assert front.happened["lost after"] > 3, "the weather was too fair to prove anything"
    fields = ", ".join(f"{word} {count}" for word, count in (front.happened | happened).items())
    front.shutdown()
    front.server_close()
    print(
        f"\n{type(driver).__name__}: {OPERATIONS} operations, {fields}: 0 lost, 0 doubled, in order"
    )
