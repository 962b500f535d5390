"""Access to the API: tokens and their roles on every path."""

import logging
from datetime import timedelta

import pytest

from inventory.accounts import api_tokens, users
from inventory.accounts.users import ROLES
from inventory.api.v1 import v1
from inventory.common import clock
from inventory.common.errors import Busy
from inventory.db import db
from tests.api.conftest import Api

#: The required role of each endpoint, repeated here to detect unintended changes.
REQUIRED_ROLES = {
    "create_item": "admin",
    "list_items": "viewer",
    "get_item": "viewer",
    "change_item": "admin",
    "get_stock": "viewer",
    "list_lots": "viewer",
    "get_lot": "viewer",
    "change_lot": "operator",
    "decide": "inspector",
    "count": "operator",
    "split": "operator",
    "get_recall": "viewer",
    "hold": "inspector",
    "lift_hold": "inspector",
    "reserve": "operator",
    "list_reservations": "viewer",
    "get_reservation": "viewer",
    "unreserve": "operator",
    "receive": "operator",
    "return_from_customer": "operator",
    "issue": "operator",
    "scrap": "operator",
    "return_to_supplier": "operator",
    "get_operation": "viewer",
    "reverse": "operator",
    "batch": "operator",
    "resolve_scan": "viewer",
    "list_codes": "viewer",
    "link_code": "operator",
    "unlink_code": "operator",
    "list_entries": "viewer",
    "get_verification": "viewer",
}


def path_of(endpoint):
    return endpoint.path.replace("{code}", "BOLT").replace("{id}", "1")


@pytest.fixture
def new_token(app, caller, client):
    """Create a token of a new user; `fields` are passed to create_token."""

    def create(role="admin", **fields):
        user_id = caller(role).user_id
        with app.app_context():
            token, secret = api_tokens.create_token(user_id=user_id, name="x", **fields)
        return token, Api(client, secret, user_id)

    return create


def test_every_endpoint_is_in_the_table():
    assert {endpoint.name: endpoint.role for endpoint in v1.all} == REQUIRED_ROLES


@pytest.mark.parametrize("role", ROLES)
def test_a_tokens_role_is_enforced_on_every_path(caller, role):
    api = caller(role)
    for endpoint in v1.all:
        allowed = ROLES.index(role) >= ROLES.index(REQUIRED_ROLES[endpoint.name])
        response = api.send(endpoint.method, path_of(endpoint))
        assert (response.status_code != 403) == allowed, endpoint.name
        assert response.status_code != 401
        if not allowed:
            assert response.json["code"] == "FORBIDDEN"


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Basic YWRhOnB3", "inv_x", "Bearer inv_" + "a" * 43,
     "Bearer \udcff", "Bearer inv_a b", "Token x"],
)  # fmt: skip
def test_every_path_refuses_an_invalid_token(client, caller, authorization):
    caller("admin")
    headers = {} if authorization is None else {"Authorization": authorization}
    for endpoint in v1.all:
        response = client.open(
            f"/api/v1{path_of(endpoint)}", method=endpoint.method, headers=headers
        )
        assert response.status_code == 401, endpoint.name
        assert response.json["code"] == "UNAUTHENTICATED"
        sent = bool(authorization)
        assert response.headers["WWW-Authenticate"] == (
            'Bearer error="invalid_token"' if sent else "Bearer"
        )


def test_the_bearer_scheme_is_case_insensitive(api):
    for scheme in ("bearer", "BEARER"):
        headers = {"Authorization": f"{scheme} {api.secret}"}
        assert api.client.get("/api/v1/items", headers=headers).status_code == 200


def test_the_document_and_health_need_no_token(client):
    for path in ("/api/v1/openapi.json", "/api/v1/docs", "/health/live", "/health/ready"):
        assert client.get(path).status_code == 200, path


def test_a_browser_session_gives_no_access_to_the_api(app, client):
    with app.app_context():
        users.create_user(name="ada", password="a quiet warehouse", role="admin")
    with client.session_transaction() as session:
        session["_user_id"] = "1"
        session["epoch"] = 0
    for endpoint in v1.all:
        response = client.open(f"/api/v1{path_of(endpoint)}", method=endpoint.method)
        assert response.status_code == 401


def test_a_logged_in_browser_needs_a_token_for_the_api(app, client):
    page = client.get("/register/").text
    csrf = page.split('name="csrf_token" value="')[1].split('"')[0]
    form = {"csrf_token": csrf, "name": "ada", "password": "a quiet warehouse"}
    assert client.post("/register/", data=form).status_code == 303
    assert client.get("/account/").status_code == 200
    headers = {"Idempotency-Key": "k", "X-CSRFToken": csrf}
    body = {"code": "X", "name": "X"}
    assert client.post("/api/v1/items", json=body, headers=headers).status_code == 401
    assert client.get("/api/v1/items").status_code == 401


def test_a_revoked_token_is_refused_at_once(app, new_token):
    token, api = new_token()
    assert api.get("/items").status_code == 200
    with app.app_context():
        api_tokens.revoke_token(token_id=token.id)
    assert api.get("/items").status_code == 401
    assert "revoked" in api.get("/items").json["detail"]


def test_an_expired_token_is_refused_at_once(new_token, monkeypatch):
    token, api = new_token(expires_at=clock.now() + timedelta(days=1))
    assert api.get("/items").status_code == 200
    monkeypatch.setattr(clock, "now", lambda: token.expires_at)
    assert api.get("/items").status_code == 401


def test_a_token_of_a_disabled_user_is_refused_at_once(app, api):
    assert api.get("/items").status_code == 200
    with app.app_context():
        users.create_user(name="other", password="a quiet warehouse", role="admin")
        users.disable(user_id=api.user_id)
    assert api.get("/items").status_code == 401


def test_a_token_can_have_a_lower_role_than_its_user(new_token):
    _, api = new_token(role="viewer")
    assert api.get("/items").status_code == 200
    assert api.post("/items", {"code": "X", "name": "X"}).status_code == 403


def test_a_token_loses_rights_with_the_role_of_its_user(app, caller):
    api = caller("inspector")
    with app.app_context():
        users.set_role(user_id=api.user_id, role="viewer")
    assert api.post("/receipts", {}).status_code == 403


def test_each_operation_of_a_batch_requires_its_role(caller):
    lot = caller("admin").lot(qcRequired=True)
    decide = {"op": "qc", "lotId": lot, "status": "APPROVED"}
    scrap = {"op": "scrap", "lotId": lot, "qty": "1", "reason": "x"}
    reverse = {"op": "reversal", "operation": 1}
    for role, operations, status in (
        ("operator", [scrap, decide], 403),
        ("inspector", [scrap, decide], 201),
        ("inspector", [scrap, reverse], 403),  # another user's operation
        ("admin", [scrap, reverse], 409),
    ):
        assert caller(role).post("/batch", {"operations": operations}).status_code == status


def test_changing_an_expiry_date_requires_an_inspector(caller):
    lot = caller("admin").lot()
    operator = caller("operator")
    assert operator.patch(f"/lots/{lot}", {"location": "A", "supplierLot": "S"}).status_code == 200
    assert operator.patch(f"/lots/{lot}", {"expiresOn": None}).status_code == 403
    assert caller("inspector").patch(f"/lots/{lot}", {"expiresOn": None}).status_code == 200


def test_the_last_use_of_a_token_is_written_after_the_response(app, new_token):
    token, api = new_token()

    def last_used():
        with app.app_context():
            found = {listed.id: listed for listed in api_tokens.list_tokens()}
            return found[token.id].last_used_at

    response = api.get("/items")
    assert last_used() is None
    response.close()
    first = last_used()
    assert first is not None
    api.get("/items").close()
    assert last_used() == first


def test_a_request_succeeds_if_the_last_use_cannot_be_written(app, api, monkeypatch):
    def refuse(**_):
        raise Busy

    monkeypatch.setattr(api_tokens, "touch_last_used", refuse)
    response = api.get("/items")
    assert response.status_code == 200
    response.close()
    with app.app_context():
        db.session.rollback()


def test_tokens_are_never_logged(api, caplog):
    caplog.set_level(logging.DEBUG)
    api.lot()
    api.get("/nothing")
    api.post("/receipts", {})
    api.client.get("/api/v1/items", headers={"Authorization": f"Bearer {api.secret}x"})
    assert api.secret not in caplog.text
