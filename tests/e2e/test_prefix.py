"""The site below a URL prefix: requests of the browser, service worker included."""

from urllib.parse import urlsplit

import pytest

from inventory.accounts import users

#: The behavior of the browser does not depend on the database.
pytestmark = [pytest.mark.browser, pytest.mark.only("sqlite")]

PASSWORD = "a quiet warehouse"
PREFIX = "/stock"


def test_all_requests_of_the_browser_are_below_the_prefix(app, stock, make_server, browser):
    with app.app_context():
        users.create_user(name="ada", password=PASSWORD, role="admin")
    stock.lot("receive 10", lot_code="L-1")
    server = make_server(URL_PREFIX=PREFIX).start()
    context = browser.new_context(base_url=server.url)
    context.set_default_timeout(20_000)
    page, requested, console_messages = context.new_page(), [], []
    context.on("request", lambda request: requested.append(urlsplit(request.url).path))
    page.on("console", lambda message: console_messages.append((message.type, message.text)))
    page.goto(f"{PREFIX}/")
    page.get_by_label("Name", exact=True).fill("ada")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"**{PREFIX}/")
    page.goto(f"{PREFIX}/lots/1/?do=count")
    page.get_by_label("Counted quantity").fill("9")
    page.get_by_label("Reason").fill("Missing")
    page.get_by_role("button", name="Post count", exact=True).click()
    page.locator("#toasts").get_by_text("View operation").wait_for()
    page.goto(f"{PREFIX}/floor/")
    page.locator("body[data-ready=yes]").wait_for()
    scope = page.evaluate("navigator.serviceWorker.ready.then((worker) => worker.scope)")
    assert urlsplit(scope).path == f"{PREFIX}/floor/"
    page.get_by_label("Scan or type a code").fill("L-1")
    page.keyboard.press("Enter")
    page.locator("#subject").get_by_text("L-1").first.wait_for()
    context.close()
    assert len(requested) > 10
    assert [path for path in requested if not path.startswith(f"{PREFIX}/")] == []
    # Typing before the page sets the focus logs an "info" message, which is no error.
    assert [
        text for kind, text in console_messages if kind in ("error", "warning", "verbose")
    ] == []
