"""A file brought in at a browser: looked at, mended, imported while a bar tells how far it is."""

import re

import pytest

from inventory.accounts import users
from tests.e2e.test_double_submit import SETTLED_MS
from tests.e2e.test_every_page import PASSWORD, enter, problems_of

#: What the browser does does not hang on the database.
pytestmark = [pytest.mark.browser, pytest.mark.only("sqlite")]


@pytest.fixture
def admin(app, page):
    with app.app_context():
        users.create_user(name="ada", password=PASSWORD, role="admin")
    enter(page, "/login/", "Log in")
    return page


def choose(page, kind, text):
    page.goto("/import/")
    page.get_by_role("radio", name=re.compile(f"^{kind}")).check()
    file = {"name": f"{kind}.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.set_input_files("#file", files=[file])
    page.get_by_role("button", name="Look at it").click()
    page.wait_for_url("**/files/**")
    page.wait_for_timeout(SETTLED_MS)


def test_a_spreadsheet_is_brought_in(admin):
    page, said = admin, []
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(str(error)))

    def look():
        for width, scheme in ((320, "light"), (768, "dark"), (1280, "light")):
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(color_scheme=scheme)
            assert problems_of(page) + said == []

    choose(page, "Items", "SKU,What\n" + "".join(f"P-{n},Part {n}\n" for n in range(3000)))
    look()
    page.get_by_label("Name", exact=True).select_option("What")
    page.get_by_role("button", name="Check it").click()
    page.get_by_text("3,000 rows: 3,000 new").wait_for()
    look()
    page.wait_for_timeout(SETTLED_MS)
    page.get_by_role("button", name="Import 3,000 rows").click()
    page.wait_for_url(re.compile(r"/import/\?done=1$"))
    page.get_by_text("3000 new, 0 changed").wait_for()
    look()

    choose(page, "Opening stock", "item,lot,qty\nP-1,L-1,5\nP-9999,L-2,x\n")
    page.get_by_role("button", name="Check it").click()
    page.get_by_text("2 things are wrong").wait_for()
    look()
    with page.expect_download() as download:
        page.get_by_role("link", name="All as CSV").click()
    assert download.value.suggested_filename == "wrong.csv"
    choose(page, "Opening stock", "item,lot,qty\nP-1,L-1,5\nP-2,L-2,7\n")
    page.get_by_role("button", name="Check it").click()
    page.get_by_role("button", name="Import 2 rows").wait_for()
    page.wait_for_timeout(SETTLED_MS)
    page.get_by_role("button", name="Import 2 rows").click()
    page.wait_for_url(re.compile(r"/import/\?done=2$"))
    page.get_by_role("link", name="Take back import 2").click()
    look()
    page.get_by_role("button", name="Take it back").click()
    page.get_by_text("Taken back", exact=True).wait_for()
    assert said == []
