"""Below a path of its host: what the browser itself asks for, the floor's worker included."""

from urllib.parse import urlsplit

import pytest

from inventory.accounts import users

#: What the browser does does not hang on the database.
pytestmark = [pytest.mark.browser, pytest.mark.only("sqlite")]

PASSWORD = "a quiet warehouse"
PREFIX = "/stock"


def test_the_browser_asks_for_nothing_outside(app, stock, make_server, browser):
    with app.app_context():
        users.create_user(name="ada", password=PASSWORD, role="admin")
    stock.lot("receive 10", lot_code="L-1")
    server = make_server(URL_PREFIX=PREFIX).start()
    context = browser.new_context(base_url=server.url)
    context.set_default_timeout(20_000)
    page, asked, said = context.new_page(), [], []
    context.on("request", lambda request: asked.append(urlsplit(request.url).path))
    page.on("console", lambda message: said.append((message.type, message.text)))
    page.goto(f"{PREFIX}/")
    page.get_by_label("Name", exact=True).fill("ada")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"**{PREFIX}/")
    page.goto(f"{PREFIX}/lots/1/?do=count")
    page.get_by_label("Counted").fill("9")
    page.get_by_role("button", name="Count", exact=True).click()
    page.locator("#toasts").get_by_text("See it").wait_for()
    page.goto(f"{PREFIX}/floor/")
    page.locator("body[data-ready=yes]").wait_for()
    scope = page.evaluate("navigator.serviceWorker.ready.then((worker) => worker.scope)")
    assert urlsplit(scope).path == f"{PREFIX}/floor/"
    page.get_by_label("Scan or type a code").fill("L-1")
    page.keyboard.press("Enter")
    page.locator("#subject").get_by_text("L-1").first.wait_for()
    context.close()
    assert len(asked) > 10
    assert [path for path in asked if not path.startswith(f"{PREFIX}/")] == []
    # Whoever types before the page has set its focus is told so: an "info", and no fault.
    assert [text for kind, text in said if kind in ("error", "warning", "verbose")] == []
