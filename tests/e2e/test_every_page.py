"""Accessibility and layout of account pages, in all widths and color schemes."""

import os

import pyotp
import pytest
from axe_playwright_python.base import AXE_SCRIPT

#: The behavior of the browser does not depend on the database.
pytestmark = [pytest.mark.browser, pytest.mark.only("sqlite")]

PASSWORD = "a quiet warehouse"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

WIDTHS, SCHEMES = (320, 768, 1280), ("light", "dark")
LOOKS = [(width, scheme) for width in WIDTHS for scheme in SCHEMES]
#: Looks that axe checks in each run: both color schemes, the narrowest and the widest page. The
#: nightly run has it check all looks (AXE=all); sizes and overflow are checked in all of them.
SAMPLED_LOOKS = {(WIDTHS[0], "light"), (WIDTHS[-1], "dark")}

WITHOUT_ACCOUNTS = ["/register/"]
WITHOUT_LOGIN = ["/login/", "/register/", "/api/v1/docs"]
LOGGED_IN = [
    "/account/",
    "/account/second-factor/",
    "/account/tokens/",
    "/users/",
    "/checkup/",
    "/logout/",
]

#: Targets smaller than 44 px, or 36 px for a mouse on a wide screen; WCAG exempts links within a
#: sentence.
SMALL_TARGETS = """
((least) => [...document.querySelectorAll("a, button, input, select, textarea, summary")]
  .filter((e) => e.checkVisibility() && e.type !== "hidden")
  .filter((e) => !e.matches(".skip, p a, [aria-hidden]"))
  .map((e) => [e, (e.closest("label") ?? e).getBoundingClientRect()])
  .filter(([e, box]) => box.width < least || box.height < least)
  .map(([e, box]) => `${e.outerHTML.slice(0, 80)} ${box.width} × ${box.height}`)
)(matchMedia("(pointer: fine) and (min-width: 48rem)").matches ? 35.9 : 43.9)
"""


#: Elements that are wider than their sheet.
OVERFLOWING = """
[...document.querySelectorAll(".sheet :is(table, form, dl, ul, svg)")]
  .filter((e) => e.checkVisibility())
  .map((e) => [e, ...[e, e.closest(".sheet")].map((node) => node.getBoundingClientRect().right)])
  .filter(([e, right, edge]) => right > edge + 0.5)
  .map(([e, right, edge]) => `${e.outerHTML.slice(0, 80)} reaches ${right}, its sheet ${edge}`)
"""


def axe(page, **options):
    """Return the violations that axe finds; transferring its full report would be slow."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    script = "(options) => axe.run(document, options).then((found) => found.violations)"
    return page.evaluate(script, {"resultTypes": ["violations"]} | options)


def is_sampled(page):
    """Return whether axe checks the current look of the page in this run."""
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    look = (page.viewport_size["width"], "dark" if dark else "light")
    return os.environ.get("AXE") == "all" or look not in LOOKS or look in SAMPLED_LOOKS


def problems_of(page):
    found = axe(page, runOnly=RULES) if is_sampled(page) else []
    problems = [f"{rule['id']}: {node['html'][:120]}" for rule in found for node in rule["nodes"]]
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        problems.append("scrolls sideways")
    return problems + page.evaluate(SMALL_TARGETS) + page.evaluate(OVERFLOWING)


def set_width(page, width):
    """Set the width of the window and wait for the observers that redraw what is in it."""
    page.set_viewport_size({"width": width, "height": 800})
    page.evaluate("new Promise(requestAnimationFrame)")


def check_pages(page, paths, console_messages):
    """Open each page in each width and color scheme and return the problems found."""
    problems = []
    for path in paths:
        for width, scheme in LOOKS:
            set_width(page, width)
            page.emulate_media(color_scheme=scheme)
            if (width, scheme) == LOOKS[0]:
                assert page.goto(path).status == 200, path
            said = [text for text in console_messages if not text.startswith("info")]
            found = problems_of(page) + said
            problems += [f"{path} at {width} in {scheme}: {problem}" for problem in found]
            console_messages.clear()
    return problems


def enter(page, path, button):
    page.goto(path)
    page.get_by_label("Name", exact=True).fill("ada")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name=button).click()
    page.wait_for_url("**/", wait_until="networkidle")


def test_every_account_page_is_accessible_and_fits(page):
    console_messages = []
    page.on("console", lambda message: console_messages.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: console_messages.append(str(error)))
    problems = check_pages(page, WITHOUT_ACCOUNTS, console_messages)
    enter(page, "/register/", "Create account")
    page.context.clear_cookies()
    console_messages.clear()
    problems += check_pages(page, WITHOUT_LOGIN, console_messages)
    enter(page, "/login/", "Sign in")
    console_messages.clear()
    problems += check_pages(page, LOGGED_IN, console_messages)
    assert not problems


def test_every_second_factor_page_is_accessible_and_fits(page):
    """Pages that only forms lead to: QR code, recovery codes, and the code at login."""
    console_messages, problems = [], []
    page.on("console", lambda message: console_messages.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: console_messages.append(str(error)))

    def check_page():
        for width, scheme in LOOKS:
            set_width(page, width)
            page.emulate_media(color_scheme=scheme)
            found = problems_of(page)
            problems.extend(f"{page.url} at {width} in {scheme}: {problem}" for problem in found)

    enter(page, "/register/", "Create account")
    page.goto("/account/second-factor/")
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Set up two-factor authentication").click()
    secret = page.locator("#secret").inner_text().replace(" ", "")
    check_page()
    page.get_by_label("Code", exact=True).fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Verify code").click()
    code = page.locator(".codes .code").first.inner_text()
    check_page()
    page.goto("/account/second-factor/")
    check_page()
    page.context.clear_cookies()
    page.goto("/login/")
    page.get_by_label("Name", exact=True).fill("ada")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/login/code/")
    check_page()
    page.get_by_label("Code", exact=True).fill(code)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/", wait_until="networkidle")
    assert problems + console_messages == []
