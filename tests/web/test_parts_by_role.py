"""No response shows content that the role of its user cannot open as a page."""

from __future__ import annotations

import io
import itertools
import re
import zipfile

import pytest
from flask import g

from inventory.accounts import api_tokens, users
from inventory.accounts.users import ROLES
from inventory.exports import lists as exports_lists
from inventory.exports.formats import KINDS
from inventory.web import live_updates
from inventory.web.auth import permissions
from inventory.web.auth import session as web_session
from inventory.webhooks import endpoints
from tests.support.stock_builder import key
from tests.support.users import PASSWORD, Person, form_fields
from tests.web.floor.test_pins import PIN, Tablet, sets_pin

pytestmark = pytest.mark.only("sqlite", nightly="postgresql")

LOWER = ("vic", "ole", "ira")
#: Occurs only in content that is restricted to administrators.
SECRET = "secret-of-admins"
_CHOICES = {
    "name": tuple(exports_lists.LISTS),
    "kind": (*KINDS, "items", "datamatrix"),
    "report": ("movement", "ageing", "turnover", "expiry"),
    "ending": ("csv", "xlsx"),
}


@pytest.fixture
def ada(app, ada, stock):
    """Administrator of a warehouse with content in every list."""
    stock.lot("receive 10, reserve 4 JOB-1")
    stock.link("9521123456785", item="BOLT")
    with app.app_context():
        users.create_user(name=f"{SECRET}-user", password=PASSWORD, role="viewer", actor_id=ada.id)
        api_tokens.create_token(user_id=ada.id, name=f"{SECRET}-token")
        endpoints.add_endpoint(url=f"https://{SECRET}.example/", key="x" * 32, user_id=ada.id)
    return ada


def addresses(app, method):
    """Yield (endpoint, path) of every route with the method, with all values of its choices."""
    for rule in app.url_map.iter_rules():
        if method not in rule.methods or rule.rule.startswith(("/api/", "/static/", "/health/")):
            continue
        names = sorted(rule.arguments)
        for values in itertools.product(*(_CHOICES.get(name, (1,)) for name in names)):
            with app.test_request_context():
                path = app.url_for(rule.endpoint, **dict(zip(names, values, strict=True)))
            yield rule.endpoint, path


def role_of(app, endpoint):
    return permissions.role_of(app.view_functions[endpoint])


def is_above(app, endpoint, person):
    needed = role_of(app, endpoint)
    own = {"vic": "viewer", "ole": "operator", "ira": "inspector", "ada": "admin"}[person]
    return needed != permissions.PUBLIC and ROLES.index(needed) > ROLES.index(own)


def pages_with_parts(app):
    """Return (endpoint, path) of every page that has a live part."""
    registered = set(live_updates.endpoints())
    found = [address for address in addresses(app, "GET") if address[0] in registered]
    assert {endpoint for endpoint, _ in found} == registered
    return found


def header_variants(path):
    """Return header sets: none, and htmx requests for parts that name `path` as their page."""
    page = f"http://localhost{path}"
    named = {"HX-Current-URL": page, "Referer": page, "HX-Boosted": "true"}
    htmx = {"HX-Request": "true", "HX-Request-Type": "partial"}
    return (
        {},
        htmx | {"HX-Target": "div#live"} | named,
        htmx | {"HX-Target": "form#act"} | named,
        htmx | {"HX-Target": "div#toasts"} | named,
    )


def text_of(answer):
    """Return the text of a response; of a workbook, the text of its sheets."""
    if not answer.data.startswith(b"PK"):
        return answer.text
    with zipfile.ZipFile(io.BytesIO(answer.data)) as workbook:
        return "".join(workbook.read(name).decode() for name in workbook.namelist())


def test_the_secret_occurs_in_all_pages_and_files_for_admins(app, ada):
    seen = {path for _, path in addresses(app, "GET") if SECRET in text_of(ada.get(path))}
    assert {"/audit/", "/users/", "/users/tokens/", "/webhooks/"} <= seen
    lists = {name for name, spec in exports_lists.LISTS.items() if spec.role == "admin"}
    assert {f"/files/{name}.{kind}" for name in lists for kind in KINDS} <= seen


@pytest.mark.parametrize("name", LOWER)
def test_no_url_shows_more_than_the_role_can_open(app, ada, name):
    person = Person(app, name)
    for endpoint, path in addresses(app, "GET"):
        for headers in header_variants("/audit/?rows=200"):
            answer = person.get(path, **headers)
            assert SECRET not in text_of(answer), (path, headers)
            if is_above(app, endpoint, name):
                assert answer.status_code == 403, (path, headers)


@pytest.mark.parametrize("name", LOWER)
def test_a_search_finds_nothing_that_the_role_cannot_open(app, ada, name):
    person = Person(app, name)
    for word in (SECRET, "audit", "users", "webhook", "import"):
        for headers in header_variants("/audit/"):
            answer = person.get(f"/search/?q={word}", **headers)
            assert f"{SECRET}-" not in answer.text
            found = answer.text.partition("<main")[2] or answer.text
            assert not {"/audit/", "/users/", "/import/"} & set(found.split('"'))


@pytest.mark.parametrize("name", LOWER)
def test_no_form_response_shows_more_than_the_role_can_open(app, ada, name):
    person = Person(app, name)
    token = re.search(r'name="csrf_token" value="([^"]+)"', person.get("/account/").text)[1]
    ends_the_session = {
        "auth.logout",
        "auth.account.end_sessions",
        "auth.account.end_session",
        "floor.log_out",
    }
    for endpoint, path in addresses(app, "POST"):
        for headers in header_variants("/audit/?rows=200")[1:] * (endpoint not in ends_the_session):
            fields = {"csrf_token": token, "back": "/audit/"}
            answer = person.client.post(path, data=fields, headers=headers)
            assert SECRET not in text_of(answer), path
            assert person.get("/account/").status_code == 200, path


def post_receipt_twice(person, path, target):
    """Post a receipt by htmx on the page `path`, twice with one key; return both responses."""
    fields = form_fields(person.get("/receive/").text)
    fields |= {"item": "BOLT", "lot_code": key(), "qty": "1", "back": path}
    headers = header_variants(path)[2] | {"HX-Target": target}
    return [person.client.post("/receive/", data=fields, headers=headers) for _ in range(2)]


@pytest.mark.parametrize("target", ["form#act", "div#toasts"])
@pytest.mark.parametrize("name", ["ole", "ira", "ada"])
def test_an_operation_answers_with_the_parts_that_the_role_can_open(app, ada, name, target):
    person = ada if name == "ada" else Person(app, name)
    for endpoint, path in pages_with_parts(app):
        for answer in post_receipt_twice(person, path, target):
            assert answer.status_code == 200
            is_shown = 'hx-target="#live"' in answer.text
            assert is_shown != is_above(app, endpoint, name), path
            assert (SECRET in answer.text) == (endpoint == "admin.audit_log.index" and is_shown)


def test_a_refused_request_for_a_part_is_audited(app, ada):
    ole = Person(app, "ole")
    post_receipt_twice(ole, "/audit/?rows=200", "form#act")
    assert "page admin.audit_log.index" in ada.get("/audit/export.csv").text


def test_a_part_is_withheld_until_a_required_second_factor_is_set_up(app, ada):
    with app.app_context():
        account = users.get_account(user_id=ada.id)
    for must_set_up in (False, True):
        page = {"HX-Current-URL": "http://localhost/items/"}
        with app.test_request_context("/account/second-factor/", headers=page):
            g._login_user = web_session.SessionUser(account, must_set_up=must_set_up)
            assert (live_updates.render_current() is None) == must_set_up


def test_a_part_requires_a_login_with_a_password(app, ada):
    with app.app_context():
        account = users.get_account(user_id=ada.id)
    page = {"HX-Current-URL": "http://localhost/items/"}
    with app.test_request_context("/floor/operations", headers=page):
        assert live_updates.render_current() is None
    with app.test_request_context("/floor/operations", headers=page):
        g._login_user = web_session.SessionUser(account, by_pin=True)
        assert live_updates.render_current() is None


def test_a_pin_session_gets_no_part_of_a_page(app, ada):
    Person(app, "ole")
    tablet = Tablet(app.test_client())
    assert sets_pin(tablet, "ole").status_code == 200
    assert tablet.takes_over("ole", PIN).status_code == 200
    for endpoint, path in addresses(app, "GET"):
        for headers in header_variants("/audit/"):
            answer = tablet.client.get(path, headers=headers)
            assert SECRET not in text_of(answer), path
            on_the_floor = endpoint.startswith("floor.")
            is_open = on_the_floor or role_of(app, endpoint) == permissions.PUBLIC
            assert is_open or answer.status_code in (303, 401), path


def test_a_page_id_out_of_range_shows_no_part_and_keeps_the_receipt(app, ada):
    for answer in post_receipt_twice(ada, f"/lots/{10**30}/", "form#act"):
        assert answer.status_code == 200
        assert 'hx-target="#live"' not in answer.text


def test_all_before_request_functions_apply_to_parts_too(app):
    """Blueprints have no checks of their own: these would not run for their parts."""
    assert set(app.before_request_funcs) == {None}
    of_the_app = [func.__name__ for func in app.before_request_funcs[None]]
    first = ["_expect_no_withheld_body", "forget", "_let_files_be_larger"]
    assert of_the_app == [*first, "check_access", "csrf_protect", "_note_route"]
