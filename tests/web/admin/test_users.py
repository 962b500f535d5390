"""The Users page of administrators."""

import re

import pytest

from inventory.accounts import api_tokens, users

PASSWORD = "a quiet warehouse"


@pytest.fixture
def admin(app, client):
    with app.app_context():
        users.create_user(name="ada", password=PASSWORD, role="admin")
    post(client, "/login/", name="ada", password=PASSWORD)
    return client


@pytest.fixture
def ben(app):
    with app.app_context():
        return users.create_user(name="ben", password=PASSWORD, role="viewer")


def post(client, path, **fields):
    page = client.get("/users/", follow_redirects=True).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page).group(1)
    return client.post(path, data={"csrf_token": token, **fields}, follow_redirects=True)


def account_of(app, name):
    with app.app_context():
        return users.find_account(name=name)


def test_a_registered_user_is_approved_with_a_role(app, admin):
    other = app.test_client()
    page = other.get("/register/").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page).group(1)
    other.post("/register/", data={"csrf_token": token, "name": "cy", "password": PASSWORD})
    assert "Awaiting approval" in admin.get("/users/").text
    answer = post(admin, f"/users/{account_of(app, 'cy').id}/approval/", role="inspector")
    assert "User cy approved with the role Inspector." in answer.text
    assert "Awaiting approval" not in answer.text
    assert account_of(app, "cy").is_usable


def test_a_role_is_changed(app, admin, ben):
    answer = post(admin, f"/users/{ben.id}/role/", role="operator")
    assert "User ben now has the role Operator." in answer.text
    assert account_of(app, "ben").role == "operator"


def test_an_account_is_disabled_and_enabled(app, admin, ben):
    assert "ben disabled and signed out" in post(admin, f"/users/{ben.id}/disabling/").text
    assert not account_of(app, "ben").is_usable
    assert "ben enabled" in post(admin, f"/users/{ben.id}/enabling/").text
    assert account_of(app, "ben").is_usable


def test_an_account_is_created(app, admin):
    answer = post(admin, "/users/", name="dee", password=PASSWORD, role="operator")
    assert "User dee created with the role Operator." in answer.text
    assert account_of(app, "dee").role == "operator"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "ADA", "password": PASSWORD, "role": "viewer"}, "That name is taken"),
        ({"name": "dee", "password": "short", "role": "viewer"}, "at least 8 characters"),
        ({"name": "dee", "password": PASSWORD, "role": "emperor"}, "Not a valid choice"),
        ({"name": "", "password": PASSWORD, "role": "viewer"}, "This field is required."),
    ],
)
def test_a_bad_account_is_refused_at_its_field(app, admin, fields, words):
    answer = post(admin, "/users/", **fields)
    assert answer.status_code == 422
    assert words in answer.text
    assert account_of(app, "dee") is None


@pytest.mark.parametrize("path", ["disabling", "role"])
def test_the_last_admin_cannot_be_disabled_or_demoted(app, admin, path):
    answer = post(admin, f"/users/{account_of(app, 'ada').id}/{path}/", role="viewer")
    assert "last active admin" in answer.text
    assert account_of(app, "ada").role == "admin"


@pytest.mark.parametrize("role", ["", "emperor", "admin\0"])
def test_an_unknown_role_is_refused(app, admin, ben, role):
    post(admin, f"/users/{ben.id}/role/", role=role)
    assert account_of(app, "ben").role == "viewer"


def test_an_unknown_account_is_refused(admin):
    assert "no such user" in post(admin, "/users/99/disabling/").text
    assert post(admin, f"/users/{10**30}/disabling/").status_code == 404


def test_an_admin_can_set_a_new_password_for_a_user(app, admin, ben):
    client = app.test_client()
    path = f"/users/{ben.id}/password/"
    assert "Set password of ben" in admin.get(path).text
    assert post(admin, path, password="short").status_code == 422
    assert "at least 8 characters" in post(admin, path, password="short").text
    assert "All sessions were ended." in post(admin, path, password="another quiet one").text
    assert logs_in(client, "ben", PASSWORD) is False
    assert logs_in(client, "ben", "another quiet one") is True
    post(admin, path, password="and a third quiet one")
    assert client.get("/", follow_redirects=False).status_code == 303


def test_admins_cannot_set_their_own_password_without_the_current_one(app, admin):
    own_path = f"/users/{account_of(app, 'ada').id}/password/"
    answer = post(admin, own_path, password="another quiet one")
    assert "Current password" in answer.text
    assert logs_in(app.test_client(), "ada", PASSWORD) is True


def test_an_admin_can_reset_the_login_throttle(app, admin, ben):
    client = app.test_client()
    for _ in range(11):
        logs_in(client, "ben", "not the password")
    assert logs_in(client, "ben", PASSWORD) is False
    assert "Cleared 10 failed sign-in attempts." in post(admin, "/users/unlocking/").text
    assert logs_in(client, "ben", PASSWORD) is True


def test_an_admin_can_list_and_revoke_all_tokens(app, admin, ben):
    with app.app_context():
        token, secret = api_tokens.create_token(user_id=ben.id, name="scales")
    page = admin.get("/users/tokens/").text
    assert "scales" in page
    assert secret not in page
    answer = post(admin, f"/users/tokens/{token.id}/revocation/")
    assert "Token “scales” of ben revoked" in answer.text
    assert "No active tokens" in answer.text
    headers = {"Authorization": f"Bearer {secret}"}
    assert app.test_client().get("/api/v1/items", headers=headers).status_code == 401


def logs_in(client, name, password):
    page = client.get("/login/").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page).group(1)
    fields = {"csrf_token": token, "name": name, "password": password}
    return client.post("/login/", data=fields).status_code in (302, 303)
