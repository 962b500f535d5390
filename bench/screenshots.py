"""Take the screenshots of the README from the demo data: docs/screenshots/.

python -m bench.screenshots
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from bench.lighthouse import NAME, PASSWORD, fill
from tests.conftest import BROWSER_FLAGS, BROWSERS
from tests.support.servers import ROOT, LiveServer

DIRECTORY = ROOT / "docs" / "screenshots"
#: Name, path, size, theme.
SHOTS = (
    ("dashboard", "/", (1280, 860), "light"),
    ("item", "/items/{item}/", (1280, 860), "dark"),
    ("lot", "/lots/{lot}/", (1280, 860), "light"),
    ("floor", "/floor/", (1280, 800), "dark"),
)
#: An item with many lots, a lot with a QC decision, and a lot to scan.
ITEM, LOT, SCANNED = "PASTE-SAC", "L2609-0446", "L2609-0472"


def main() -> None:
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    chromium = next(path for name in BROWSERS if (path := shutil.which(name)))
    with tempfile.TemporaryDirectory() as directory, sync_playwright() as playwright:
        environ = {"INSTANCE_PATH": directory, "LOG_LEVEL": "WARNING"}
        fill(environ)
        server = LiveServer(environ, Path(directory, "server.log")).start()
        browser = playwright.chromium.launch(executable_path=chromium, args=BROWSER_FLAGS)
        try:
            page = browser.new_context(base_url=server.url, locale="en-GB").new_page()
            log_in(page)
            ids = {"item": find(page, ITEM), "lot": find(page, LOT)}
            for name, path, (width, height), theme in SHOTS:
                page.set_viewport_size({"width": width, "height": height})
                page.emulate_media(color_scheme=theme)
                page.goto(path.format(**ids), wait_until="networkidle")
                if name == "floor":
                    scan(page, SCANNED)
                page.screenshot(path=DIRECTORY / f"{name}.png")
                print(DIRECTORY / f"{name}.png")
        finally:
            browser.close()
            server.stop()


def log_in(page: Page) -> None:
    page.goto("/login/")
    page.get_by_label("Name", exact=True).fill(NAME)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/")


def find(page: Page, code: str) -> str:
    """Return the id of the first search result for the code."""
    page.goto(f"/search/?q={code}")
    href = page.get_by_role("link", name=code).first.get_attribute("href")
    assert href is not None
    return href.strip("/").split("/")[-1]


def scan(page: Page, code: str) -> None:
    page.keyboard.type(code, delay=5)
    page.keyboard.press("Enter")
    page.wait_for_timeout(1000)


if __name__ == "__main__":
    main()
