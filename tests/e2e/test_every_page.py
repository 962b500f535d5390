"""What holds for every page, in light and dark, from a phone to a desk."""

import pyotp
import pytest
from axe_playwright_python.base import AXE_SCRIPT

#: What the browser does does not hang on the database.
pytestmark = [pytest.mark.browser, pytest.mark.only("sqlite")]

PASSWORD = "a quiet warehouse"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

WIDTHS, SCHEMES = (320, 768, 1280), ("light", "dark")
LOOKS = [(width, scheme) for width in WIDTHS for scheme in SCHEMES]

BEFORE_ANYBODY = ["/register/"]
STRANGERS = ["/login/", "/register/", "/api/v1/docs"]
PEOPLE = [
    "/account/",
    "/account/second-factor/",
    "/account/tokens/",
    "/users/",
    "/checkup/",
    "/logout/",
]

#: Links within a sentence are as high as their line, as WCAG has it.
SMALL_TARGETS = """
[...document.querySelectorAll("a, button, input, select, textarea, summary")]
  .filter((e) => e.checkVisibility() && e.type !== "hidden")
  .filter((e) => !e.matches(".skip, p a, [aria-hidden]"))
  .map((e) => [e, (e.closest("label") ?? e).getBoundingClientRect()])
  .filter(([e, box]) => box.width < 43.9 || box.height < 43.9)
  .map(([e, box]) => `${e.outerHTML.slice(0, 80)} ${box.width} × ${box.height}`)
"""


#: What is wider than the sheet it stands on: lines that run on over the edge.
STICKING_OUT = """
[...document.querySelectorAll(".sheet :is(table, form, dl, ul, svg)")]
  .filter((e) => e.checkVisibility())
  .map((e) => [e, ...[e, e.closest(".sheet")].map((one) => one.getBoundingClientRect().right)])
  .filter(([e, right, edge]) => right > edge + 0.5)
  .map(([e, right, edge]) => `${e.outerHTML.slice(0, 80)} reaches ${right}, its sheet ${edge}`)
"""


def axe(page, **options):
    """What axe finds wrong. The rest of its report, every node that is right, takes longer to hand
    over than to find."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    ask = "(options) => axe.run(document, options).then((found) => found.violations)"
    return page.evaluate(ask, {"resultTypes": ["violations"]} | options)


def problems_of(page):
    found = axe(page, runOnly=RULES)
    problems = [f"{rule['id']}: {node['html'][:120]}" for rule in found for node in rule["nodes"]]
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        problems.append("scrolls sideways")
    return problems + page.evaluate(SMALL_TARGETS) + page.evaluate(STICKING_OUT)


def look_at(page, paths, said):
    """Each page in each size and theme: everything that is wrong with it, in words."""
    wrong = []
    for path in paths:
        for width, scheme in LOOKS:
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(color_scheme=scheme)
            if scheme == SCHEMES[0]:
                page.goto(path)
            found = problems_of(page) + said
            wrong += [f"{path} at {width} in {scheme}: {problem}" for problem in found]
            said.clear()
    return wrong


def enter(page, path, button):
    page.goto(path)
    page.get_by_label("Name", exact=True).fill("ada")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name=button).click()
    page.wait_for_url("**/", wait_until="networkidle")


def test_every_page_is_accessible_and_fits_and_breaks_no_policy(page):
    said = []
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(str(error)))
    wrong = look_at(page, BEFORE_ANYBODY, said)
    enter(page, "/register/", "Make the account")
    page.context.clear_cookies()
    said.clear()
    wrong += look_at(page, STRANGERS, said)
    enter(page, "/login/", "Log in")
    said.clear()
    wrong += look_at(page, PEOPLE, said)
    assert not wrong


def test_the_pages_of_the_second_factor_are_like_that_too(page):
    """Those that a form leads to: the secret as a picture, the codes, and the code at the login."""
    said, wrong = [], []
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(str(error)))

    def look():
        for width, scheme in LOOKS:
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(color_scheme=scheme)
            wrong.extend(f"{page.url} at {width} in {scheme}: {one}" for one in problems_of(page))

    enter(page, "/register/", "Make the account")
    page.goto("/account/second-factor/")
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Set it up").click()
    secret = page.locator("#secret").inner_text().replace(" ", "")
    look()
    page.get_by_label("Code", exact=True).fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Confirm").click()
    code = page.locator(".codes .code").first.inner_text()
    look()
    page.goto("/account/second-factor/")
    look()
    page.context.clear_cookies()
    page.goto("/login/")
    page.get_by_label("Name", exact=True).fill("ada")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/login/code/")
    look()
    page.get_by_label("Code", exact=True).fill(code)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/", wait_until="networkidle")
    assert wrong + said == []
