"""A tablet with a scanner, driven by Playwright."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

PASSWORD = "a quiet warehouse"

#: Types like a scanner: keys a few milliseconds apart, Ctrl+] for FNC1, an optional suffix key. The
#: events carry the time of the scanner, even if a busy machine dispatches them late.
_TYPE = """async ([text, gap, end, hiccup]) => {
  const pause = () => new Promise((resolve) => setTimeout(resolve, gap));
  // Keys of a fast scanner come in one task: a busy test machine must not split the scan.
  const waits = gap > 20 || hiccup.length > 0;
  let time = performance.now();
  for (const key of [...text, ...(end ? [end] : [])]) {
    const target = document.activeElement ?? document.body;
    const isGs = key === "\\x1d";
    const event = new KeyboardEvent("keydown", {
      key: isGs ? "]" : key, code: isGs ? "BracketRight" : "", ctrlKey: isGs,
      bubbles: true, cancelable: true,
    });
    Object.defineProperty(event, "timeStamp", { value: (time += gap) });
    const notPrevented = target.dispatchEvent(event);
    const isText = key.length === 1 && !isGs && target.matches("input");
    if (notPrevented && isText) document.execCommand("insertText", false, key);
    if (notPrevented && key === "Enter" && target.form) target.form.requestSubmit?.();
    if (waits) await pause();
    time += hiccup.shift() ?? 0;
  }
}"""


class Tablet:
    """Driver of the floor app; collects the errors and warnings of the console."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.console_errors: list[str] = []
        page.on("console", self._record_console)
        page.on("pageerror", lambda error: self.console_errors.append(str(error)))

    def _record_console(self, message: Any) -> None:
        is_network_error = "Failed to load resource" in message.text
        if message.type in ("error", "warning") and not is_network_error:
            self.console_errors.append(message.text)

    def opens(self, name: str = "ole", password: str = PASSWORD) -> Tablet:
        self.page.goto("/login/?next=/floor/")
        self.page.get_by_label("Name", exact=True).fill(name)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        return self.waits(name)

    def waits(self, name: str = "ole") -> Tablet:
        """Wait until the page is ready."""
        expect(self.page.locator("body[data-ready]")).to_be_attached()
        expect(self.page.locator("#who-name")).to_have_text(name)
        return self

    def waits_for_offline_page(self) -> None:
        """Wait until the service worker has cached the page."""
        self.page.evaluate("navigator.serviceWorker.ready.then(() => 1)")
        poll = "caches.match('/floor/', {cacheName: 'floor-page'}).then(Boolean)"
        for _ in range(100):
            if self.page.evaluate(poll) and self.page.evaluate(
                "Boolean(navigator.serviceWorker.controller)"
            ):
                return
            self.page.wait_for_timeout(50)
        raise AssertionError("the page is not cached")

    def does(self, task: str) -> None:
        self.page.locator(f"#tasks [data-task={task}]").click()

    def scans(
        self, text: str, *, gap: int = 5, end: str = "Enter", hiccup: tuple[int, ...] = ()
    ) -> None:
        """Type a barcode; `hiccup` adds milliseconds after the first, second, … key."""
        self.page.evaluate(_TYPE, [text, gap, end, list(hiccup)])

    def scans_again(self, text: str) -> None:
        """Scan after the time in which a repeated code counts as one scan."""
        self.page.wait_for_timeout(320)
        self.scans(text)

    def sees(self, text: str, kind: str | None = None) -> None:
        expect(self.page.locator("#band")).to_contain_text(text)
        if kind:
            expect(self.page.locator("#band")).to_have_attribute("data-kind", kind)

    def sets(self, qty: str) -> None:
        self.page.locator("#qty").fill(qty)

    def taps(self, selector: str = "#go") -> None:
        self.page.locator(selector).click()

    def issues(self, lot: str, qty: str = "1") -> None:
        """Issue from a lot and wait for the new entry in the list."""
        self.does("issue")
        self.scans_again(lot)
        expect(self.page.locator("#subject")).to_contain_text(lot)
        if qty != "1":
            self.sets(qty)
        before = self.count()
        self.taps()
        expect(self.page.locator("#entries > li")).to_have_count(before + 1)

    def count(self) -> int:
        return int(self.page.locator("#entries > li").count())

    def states(self) -> list[str]:
        """Return the state of each operation in the outbox, oldest first."""
        rows = self.page.evaluate(
            "floor.outbox.all().then((all) => all.map((entry) => entry.state))"
        )
        return list(rows)

    def settles(self, *states: str) -> None:
        """Wait until the operations of the outbox have these states."""
        for _ in range(400):
            if self.states() == list(states):
                return
            self.page.wait_for_timeout(50)
        assert self.states() == list(states)

    def sends(self) -> None:
        """Send the outbox, as the timer does."""
        self.page.evaluate("floor.outbox.send()")

    def line(self, word: str) -> None:
        expect(self.page.locator("#line")).to_contain_text(re.compile(word))

    def takes_over(self, name: str, password: str = PASSWORD) -> None:
        if not self.page.locator("#login").is_visible():
            self.page.locator("#who").click()
        self.page.locator("#login-name").fill(name)
        self.page.locator("#login-password").fill(password)
        self.page.locator("#login-form .verb").click()
        expect(self.page.locator("#who-name")).to_have_text(name)
        expect(self.page.locator("#login")).to_be_hidden()
