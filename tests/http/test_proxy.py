"""The site below a URL prefix: every URL it sends stays below the prefix."""

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

pytestmark = pytest.mark.only("sqlite", nightly="postgresql")

PREFIX = "/stock/room"
URL_ATTRIBUTES = re.compile(
    r"\s(?:href|src|action|formaction|poster|hx-get|hx-post|hx-push-url|hx-replace-url"
    r'|data-root|data-sprite|data-worker|data-wasm|data-[a-z]*url)="([^"#]*)'
)
URL_FIELDS = re.compile(r'name="(?:back|next)" value="([^"]*)"')


@pytest.fixture(params=["kept", "stripped"])
def prefix_handling(request):
    """Whether the proxy keeps or strips the prefix."""
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
    """Sends requests as a proxy passes them on; every URL must be below the prefix."""

    def __init__(self, app, kept):
        self.client, self.kept = app.test_client(), kept

    def open(self, url, method="GET", **options):
        assert url.startswith(f"{PREFIX}/"), f"{url} is not below the prefix"
        path = url if self.kept else url[len(PREFIX) :]
        return self.client.open(path, method=method, **options)

    def submits(self, path, **typed):
        form = form_fields(self.open(f"{PREFIX}{path}").text)
        return self.open(f"{PREFIX}{path}", "POST", data=form | typed)


@pytest.fixture
def ada(app, prefix_handling):
    visitor = Visitor(app, prefix_handling == "kept")
    visitor.submits("/register/", name="ada", password=PASSWORD)
    return visitor


@pytest.fixture
def warehouse(app, ada):
    stock = ContextStock(app)
    stock.item("BOLT", name="Bolt", reorder_point="500", qc_required=True)
    stock.lot("receive 120, approve, reserve 40 JOB-7, issue 10", lot_code="L-1")
    stock.lot("receive 5", lot_code="L-2")
    stock.link("9521123456785", item="BOLT")


def urls_in(html):
    found = URL_ATTRIBUTES.findall(html) + URL_FIELDS.findall(html)
    return [unescape(value) for value in found]


def test_every_url_on_every_page_is_below_the_prefix(app, ada, warehouse):
    """Crawls the whole site from the start page."""
    todo, seen, kinds = [f"{PREFIX}/", f"{PREFIX}/floor/", f"{PREFIX}/api/v1/docs"], set(), set()
    while todo:
        page = todo.pop()
        route = re.sub(r"[0-9]+", "N", urlsplit(page).path)
        if page in seen or (route in kinds and "?" in page):
            continue
        seen.add(page)
        kinds.add(route)
        answer = ada.open(page)
        assert answer.data is not None  # read the whole body
        answer.close()
        if answer.status_code == 405 or page.startswith(f"{PREFIX}/references/"):
            continue  # a target of forms only
        assert answer.status_code in (200, 303), (page, answer.status_code)
        if answer.location:
            todo.append(urlsplit(answer.location).path)
        if answer.mimetype != "text/html":
            continue
        for value in urls_in(answer.text):
            url = urldefrag(urljoin(page, value)).url
            if value in ("true", "false") or url.startswith(("http://www.", "https://")):
                continue
            assert url.startswith(f"{PREFIX}/"), f"{page}: {url}"
            if "/static/" not in url and "logout" not in url:
                todo.append(url)
    assert len(kinds) > 40
    rules = {rule.endpoint.rpartition(".")[0] for rule in app.url_map.iter_rules()}
    assert {
        "inventory.reports",
        "admin.webhooks",
        "inventory.labels",
        "floor",
        "inventory.recalls",
    } <= rules


def test_urls_in_form_and_htmx_responses_are_below_the_prefix(ada, warehouse):
    page = f"{PREFIX}/lots/1/"
    form = form_fields(ada.open(page).text) | {"qty": "5", "reference": "JOB-1"}
    headers = {
        "HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "form#act",
        "HX-Current-URL": f"http://localhost{page}",
    }  # fmt: skip
    answer = ada.open(f"{PREFIX}/reserve/", "POST", data=form, headers=headers)
    assert f'id="live" hx-get="{page}"' in answer.text
    form = form_fields(ada.open(page).text) | {"qty": "5", "reference": "JOB-2"}
    assert ada.open(f"{PREFIX}/reserve/", "POST", data=form).location == page
    outside = headers | {"HX-Current-URL": "http://localhost/lots/1/"}
    form = form_fields(ada.open(page).text) | {"qty": "1", "reference": "JOB-3"}
    answer = ada.open(f"{PREFIX}/reserve/", "POST", data=form, headers=outside)
    assert 'id="live"' not in answer.text


def test_login_redirects_below_the_prefix_only(app, prefix_handling, ada):
    visitor = Visitor(app, prefix_handling == "kept")
    redirect = visitor.open(f"{PREFIX}/lots/?q=a")
    assert redirect.location == f"{PREFIX}/login/?next={PREFIX}/lots/?q%3Da"
    form = form_fields(visitor.open(redirect.location).text) | {"name": "ada", "password": PASSWORD}
    back = visitor.open(redirect.location, "POST", data=form)
    assert back.location == f"{PREFIX}/lots/?q=a"
    other = Visitor(app, prefix_handling == "kept")
    answer = other.open(f"{PREFIX}/login/?next=/elsewhere/", "POST", data=form_fields(
        other.open(f"{PREFIX}/login/").text) | {"name": "ada", "password": PASSWORD})  # fmt: skip
    assert answer.location == f"{PREFIX}/"


def test_urls_of_worker_and_manifests_are_below_the_prefix(ada):
    worker = ada.open(f"{PREFIX}/floor/worker.js").text
    for name in ("SHELL", "EXTRA"):
        listed = json.loads(re.search(rf"const {name} = (\[.*?\]);", worker)[1])
        assert all(url.startswith(f"{PREFIX}/") for url in listed)
    assert not re.findall(r'["`]/[a-z]', worker.split("use strict")[1])
    page = ada.open(f"{PREFIX}/floor/").text
    scripts = re.search(r'src="([^"]*floor[^"]*js)"', page)[1]
    script = ada.open(scripts).text
    assert not re.findall(r'["`]/(?:floor|static|lots)/', script)
    for source in (page, ada.open(f"{PREFIX}/").text):
        manifest = re.search(r'rel="manifest" href="([^"]*)"', source)[1]
        content = json.loads(ada.open(manifest).data)
        assert content["start_url"].startswith("../")
        assert content["scope"].startswith("../")


def test_urls_of_the_api_are_below_the_prefix(ada):
    assert ada.open(f"{PREFIX}/api/v1/openapi.json").json["servers"] == [{"url": f"{PREFIX}/"}]
    problem = ada.open(f"{PREFIX}/api/v1/items")
    assert problem.status_code == 401
    assert problem.json["type"].startswith(f"{PREFIX}/api/v1/docs#")


def test_a_client_cannot_choose_the_prefix(config):
    client = create_app(dataclasses.replace(config, proxy_count=1)).test_client()
    answer = client.get("/users/", headers={"X-Forwarded-Prefix": "//evil.example"})
    assert answer.location == "/login/?next=/users/"
