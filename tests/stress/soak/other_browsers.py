"""Soak test of the outbox in Firefox and WebKitGTK, if installed; for `make soak` only.

Debian packages: firefox-esr; webkit2gtk-driver and xvfb.
"""

import contextlib
import os
import random
import time

import pytest

from inventory.accounts import users
from tests.e2e.tablets import PASSWORD
from tests.e2e.test_floor_soak import ADD
from tests.stress.soak.drivers import DRIVERS, DriverError
from tests.stress.soak.faulty_proxy import FaultyProxy

OPERATIONS = int(os.environ.get("SOAK") or 60)
SEED = int(os.environ.get("SOAK_SEED") or 12)

_READY = """() => [document.body?.dataset.ready ?? "", location.pathname,
  document.getElementById("who-name")?.textContent ?? ""]"""
_LOG_IN = """(password) => {
  document.querySelector("form [name=name]").value = "ole";
  document.querySelector("form [name=password]").value = password;
  setTimeout(() => document.querySelector("form [name=password]").form.submit());
}"""
_UNSENT = (
    "() => floor.outbox.all().then((all) => all.filter((entry) => entry.state !== 'done').length)"
)


class Page:
    """The floor app in one of these browsers."""

    def __init__(self, driver, proxy):
        self.driver, self.proxy = driver, proxy

    def opens(self):
        """Open the page, log in if needed, and wait until it is ready."""
        end = time.monotonic() + 90
        self._goto("/floor/")
        while time.monotonic() < end:
            with contextlib.suppress(DriverError):
                ready, path, who = self.driver.run(_READY)
                if ready and who == "ole":
                    return
                if path == "/login/":
                    self.driver.run(_LOG_IN, PASSWORD)
                    time.sleep(1)
                elif not path.startswith("/floor/"):
                    self._goto("/floor/")
            time.sleep(0.2)
        raise AssertionError(f"the page does not open: {self.driver.run(_READY)}")

    def _goto(self, path):
        with contextlib.suppress(DriverError):
            self.driver.goto(self.proxy.url + path)


def disturb(rng, page, live_server, counts):
    draw = rng.random()
    if draw < 0.06:
        counts["reloads"] += 1
        page.opens()
    elif draw < 0.08:
        counts["crashes"] += 1
        page.driver.crash()
        page.opens()
    elif draw < 0.12:
        counts["offline"] += 1
        page.proxy.offline = True
        time.sleep(rng.random() / 2)
        page.proxy.offline = False
    elif draw < 0.15:
        counts["servers killed"] += 1
        live_server.kill()
        live_server.start()


@pytest.fixture(params=DRIVERS, ids=lambda kind: kind.__name__)
def driver(request, tmp_path):
    driver = request.param(tmp_path)
    yield driver
    driver.close()


def test_random_faults_lose_double_or_reorder_nothing(driver, app, stock, live_server):
    with app.app_context():
        users.create_user(name="ole", password=PASSWORD, role="operator")
    lot = stock.lot(f"receive {OPERATIONS + 10}", lot_code="L-1")
    rng = random.Random(SEED)
    proxy = FaultyProxy(live_server.url, random.Random(SEED))
    page = Page(driver, proxy)
    counts = dict.fromkeys(("reloads", "crashes", "offline", "servers killed"), 0)
    page.opens()
    for number in range(OPERATIONS):
        driver.run(ADD, [number])
        time.sleep(rng.random() * 0.06)
        disturb(rng, page, live_server, counts)
    proxy.disabled = True
    end = time.monotonic() + 120
    while (unsent := driver.run(_UNSENT)) and time.monotonic() < end:
        driver.run("() => { floor.outbox.send(); }")
        time.sleep(0.25)
    assert unsent == 0
    issued = [entry.reference for entry in stock.history(lot) if entry.txn_type == "ISSUE"]
    assert issued == [f"S-{number}" for number in range(OPERATIONS)]
    verified = app.test_cli_runner().invoke(args=["ledger", "verify"])
    assert verified.exit_code == 0, verified.output
    assert proxy.counts["lost after"] > 3, "too few faults to prove anything"
    fields = ", ".join(f"{word} {count}" for word, count in (proxy.counts | counts).items())
    proxy.shutdown()
    proxy.server_close()
    print(
        f"\n{type(driver).__name__}: {OPERATIONS} operations, {fields}: 0 lost, 0 doubled, in order"
    )
