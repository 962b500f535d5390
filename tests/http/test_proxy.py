"""The site below a path of its host: nothing that it sends leads out of it."""

import dataclasses
import json
import re
from html import unescape
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest

from inventory import create_app
from inventory.db import db
from tests.support.context_stock import ContextStock
from tests.support.users import PASSWORD, form_fields

PREFIX = "/stock/room"
ADDRESSES = re.compile(
    r"\s(?:href|src|action|formaction|poster|hx-get|hx-post|hx-push-url|hx-replace-url"
    r'|data-root|data-sprite|data-worker|data-wasm|data-[a-z]*url)="([^"#]*)'
)
HIDDEN = re.compile(r'name="(?:back|next)" value="([^"]*)"')


@pytest.fixture(params=["kept", "taken off"])
def prefix_is(request):
    """What the front does with the prefix."""
    return request.param


@pytest.fixture
def app(config, compiled_templates):
    app = create_app(dataclasses.replace(config, url_prefix=PREFIX))
    app.jinja_env.bytecode_cache = compiled_templates
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


class Visitor:
    """Asks as a front hands it over; every address must be below the prefix."""

    def __init__(self, app, kept):
        self.client, self.kept = app.test_client(), kept

    def ask(self, address, method="GET", **more):
        assert address.startswith(f"{PREFIX}/"), f"{address} leads out"
        path = address if self.kept else address[len(PREFIX) :]
        return self.client.open(path, method=method, **more)

    def enters(self, path, **typed):
        form = form_fields(self.ask(f"{PREFIX}{path}").text)
        return self.ask(f"{PREFIX}{path}", "POST", data=form | typed)


@pytest.fixture
def ada(app, prefix_is):
    visitor = Visitor(app, prefix_is == "kept")
    visitor.enters("/register/", name="ada", password=PASSWORD)
    return visitor


@pytest.fixture
def warehouse(app, ada):
    stock = ContextStock(app)
    stock.item("BOLT", name="Bolt", reorder_point="500", qc_required=True)
    stock.lot("receive 120, approve, reserve 40 JOB-7, issue 10", lot_code="L-1")
    stock.lot("receive 5", lot_code="L-2")
    stock.link("9521123456785", item="BOLT")


def addresses_in(html):
    found = ADDRESSES.findall(html) + HIDDEN.findall(html)
    return [unescape(one) for one in found]


def test_every_address_on_every_page_stays_below_the_prefix(app, ada, warehouse):
    """Walks the whole site from its front page on, and looks at each address that it meets."""
    todo, seen, kinds = [f"{PREFIX}/", f"{PREFIX}/floor/", f"{PREFIX}/api/v1/docs"], set(), set()
    while todo:
        page = todo.pop()
        route = re.sub(r"[0-9]+", "N", urlsplit(page).path)
        if page in seen or (route in kinds and "?" in page):
            continue
        seen.add(page)
        kinds.add(route)
        answer = ada.ask(page)
        assert answer.data is not None  # read to its end
        answer.close()
        if answer.status_code == 405 or page.startswith(f"{PREFIX}/references/"):
            continue  # where a form is sent to
        assert answer.status_code in (200, 303), (page, answer.status_code)
        if answer.location:
            todo.append(urlsplit(answer.location).path)
        if answer.mimetype != "text/html":
            continue
        for one in addresses_in(answer.text):
            address = urldefrag(urljoin(page, one)).url
            if one in ("true", "false") or address.startswith(("http://www.", "https://")):
                continue
            assert address.startswith(f"{PREFIX}/"), f"{page}: {address}"
            if "/static/" not in address and "logout" not in address:
                todo.append(address)
    assert len(kinds) > 40
    rules = {rule.endpoint.rpartition(".")[0] for rule in app.url_map.iter_rules()}
    assert {
        "inventory.reports",
        "admin.webhooks",
        "inventory.labels",
        "floor",
        "inventory.recalls",
    } <= rules


def test_what_is_answered_to_forms_and_htmx_stays_below_it(ada, warehouse):
    page = f"{PREFIX}/lots/1/"
    form = form_fields(ada.ask(page).text) | {"qty": "5", "reference": "JOB-1"}
    headers = {
        "HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "form#act",
        "HX-Current-URL": f"http://localhost{page}",
    }  # fmt: skip
    answer = ada.ask(f"{PREFIX}/reserve/", "POST", data=form, headers=headers)
    assert f'id="live" hx-get="{page}"' in answer.text
    form = form_fields(ada.ask(page).text) | {"qty": "5", "reference": "JOB-2"}
    assert ada.ask(f"{PREFIX}/reserve/", "POST", data=form).location == page
    outside = headers | {"HX-Current-URL": "http://localhost/lots/1/"}
    form = form_fields(ada.ask(page).text) | {"qty": "1", "reference": "JOB-3"}
    answer = ada.ask(f"{PREFIX}/reserve/", "POST", data=form, headers=outside)
    assert 'id="live"' not in answer.text


def test_doors_lead_back_into_the_site_alone(app, prefix_is, ada):
    stranger = Visitor(app, prefix_is == "kept")
    sent = stranger.ask(f"{PREFIX}/lots/?q=a")
    assert sent.location == f"{PREFIX}/login/?next={PREFIX}/lots/?q%3Da"
    form = form_fields(stranger.ask(sent.location).text) | {"name": "ada", "password": PASSWORD}
    back = stranger.ask(sent.location, "POST", data=form)
    assert back.location == f"{PREFIX}/lots/?q=a"
    other = Visitor(app, prefix_is == "kept")
    answer = other.ask(f"{PREFIX}/login/?next=/elsewhere/", "POST", data=form_fields(
        other.ask(f"{PREFIX}/login/").text) | {"name": "ada", "password": PASSWORD})  # fmt: skip
    assert answer.location == f"{PREFIX}/"


def test_worker_and_manifests_stay_below_it(ada):
    worker = ada.ask(f"{PREFIX}/floor/worker.js").text
    for name in ("SHELL", "EXTRA"):
        listed = json.loads(re.search(rf"const {name} = (\[.*?\]);", worker)[1])
        assert all(one.startswith(f"{PREFIX}/") for one in listed)
    assert not re.findall(r'["`]/[a-z]', worker.split("use strict")[1])
    page = ada.ask(f"{PREFIX}/floor/").text
    scripts = re.search(r'src="([^"]*floor[^"]*js)"', page)[1]
    ours = ada.ask(scripts).text
    assert not re.findall(r'["`]/(?:floor|static|lots)/', ours)
    for source in (page, ada.ask(f"{PREFIX}/").text):
        manifest = re.search(r'rel="manifest" href="([^"]*)"', source)[1]
        content = json.loads(ada.ask(manifest).data)
        assert content["start_url"].startswith("../")
        assert content["scope"].startswith("../")


def test_programs_are_told_addresses_below_it(ada):
    assert ada.ask(f"{PREFIX}/api/v1/openapi.json").json["servers"] == [{"url": f"{PREFIX}/"}]
    problem = ada.ask(f"{PREFIX}/api/v1/items")
    assert problem.status_code == 401
    assert problem.json["type"].startswith(f"{PREFIX}/api/v1/docs#")


def test_a_client_cannot_choose_the_prefix(config):
    client = create_app(dataclasses.replace(config, proxy_count=1)).test_client()
    answer = client.get("/users/", headers={"X-Forwarded-Prefix": "//evil.example"})
    assert answer.location == "/login/?next=/users/"
