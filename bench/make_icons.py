"""Create the icons of the floor app from the logo: `python -m bench.make_icons`.

Web app manifests need PNG files in fixed sizes. A maskable icon has a margin that can be cropped.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.conftest import BROWSER_FLAGS, BROWSERS

STATIC = Path(__file__).parent.parent / "static"
#: Name, size in pixels, and share of the logo.
ICONS = (("icon-180", 180, 1.0), ("icon-192", 192, 1.0), ("icon-512", 512, 1.0),
         ("icon-maskable-512", 512, 0.7))  # fmt: skip
PAGE = """<style>body {{ margin: 0; display: grid; place-items: center; height: 100vh;
background: {background} }} svg {{ width: {share:.0%}; }}</style>{logo}"""


def main() -> None:
    logo = (STATIC / "img/favicon.svg").read_text("utf-8")
    path = next(filter(None, map(shutil.which, BROWSERS)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=BROWSER_FLAGS)
        for name, size, share in ICONS:
            page = browser.new_page(viewport={"width": size, "height": size})
            background = "transparent" if share == 1.0 and size != 180 else "#1c4a8c"
            page.set_content(PAGE.format(logo=logo, share=share, background=background))
            file = STATIC / "floor" / f"{name}.png"
            page.screenshot(path=file, omit_background=True)
        browser.close()


if __name__ == "__main__":
    main()
