"""An import in the browser: preview, check, commit and undo."""

import re

import pytest

from inventory.accounts import users
from tests.e2e.test_double_submit import SETTLED_MS
from tests.e2e.test_every_page import PASSWORD, enter, problems_of

#: The behavior of the browser does not depend on the database.
pytestmark = [pytest.mark.browser, pytest.mark.only("sqlite")]


@pytest.fixture
def admin(app, page):
    with app.app_context():
        users.create_user(name="ada", password=PASSWORD, role="admin")
    enter(page, "/login/", "Sign in")
    return page


def choose(page, kind, text):
    page.goto("/import/")
    page.get_by_role("radio", name=re.compile(f"^{kind}")).check()
    file = {"name": f"{kind}.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.set_input_files("#file", files=[file])
    page.get_by_role("button", name="Upload file").click()
    page.wait_for_url("**/files/**")
    page.wait_for_timeout(SETTLED_MS)


def test_files_are_checked_imported_and_undone(admin):
    page, console_messages = admin, []
    page.on("console", lambda message: console_messages.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: console_messages.append(str(error)))

    def check_page():
        for width, scheme in ((320, "light"), (768, "dark"), (1280, "light")):
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(color_scheme=scheme)
            assert problems_of(page) + console_messages == []

    choose(page, "Items", "SKU,What\n" + "".join(f"P-{n},Part {n}\n" for n in range(3000)))
    check_page()
    page.get_by_label("Name", exact=True).select_option("What")
    page.get_by_role("button", name="Validate file").click()
    page.get_by_text("3,000 rows: 3,000 new").wait_for()
    check_page()
    page.wait_for_timeout(SETTLED_MS)
    page.get_by_role("button", name="Import 3,000 rows").click()
    page.wait_for_url(re.compile(r"/import/\?done=1$"))
    page.get_by_text("3000 new, 0 changed").wait_for()
    check_page()

    choose(page, "Opening stock", "item,lot,qty\nP-1,L-1,5\nP-9999,L-2,x\n")
    page.get_by_role("button", name="Validate file").click()
    page.get_by_text("2 errors.").wait_for()
    check_page()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download errors as CSV").click()
    assert download.value.suggested_filename == "wrong.csv"
    choose(page, "Opening stock", "item,lot,qty\nP-1,L-1,5\nP-2,L-2,7\n")
    page.get_by_role("button", name="Validate file").click()
    page.get_by_role("button", name="Import 2 rows").wait_for()
    page.wait_for_timeout(SETTLED_MS)
    page.get_by_role("button", name="Import 2 rows").click()
    page.wait_for_url(re.compile(r"/import/\?done=2$"))
    page.get_by_role("link", name="Undo import 2").click()
    check_page()
    page.get_by_role("button", name="Undo import").click()
    page.get_by_text("Undone", exact=True).wait_for()
    assert console_messages == []
