"""The admin's page of accounts."""

import re

import pytest

from inventory import accounts

PASSWORD = "a quiet warehouse"


@pytest.fixture
def admin(app, client):
    with app.app_context():
        accounts.create_user(name="ada", password=PASSWORD, role="admin")
    post(client, "/login/", name="ada", password=PASSWORD)
    return client


@pytest.fixture
def ben(app):
    with app.app_context():
        return accounts.create_user(name="ben", password=PASSWORD, role="viewer")


def post(client, path, **fields):
    page = client.get("/users/", follow_redirects=True).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page).group(1)
    return client.post(path, data={"csrf_token": token, **fields}, follow_redirects=True)


def now(app, name):
    with app.app_context():
        return accounts.find_account(name=name)


def test_who_registered_is_let_in_with_a_role(app, admin):
    other = app.test_client()
    page = other.get("/register/").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page).group(1)
    other.post("/register/", data={"csrf_token": token, "name": "cy", "password": PASSWORD})
    assert "Waiting for approval" in admin.get("/users/").text
    answer = post(admin, f"/users/{now(app, 'cy').id}/approval/", role="inspector")
    assert "cy can log in as inspector." in answer.text
    assert "Waiting for approval" not in answer.text
    assert now(app, "cy").is_usable


def test_a_role_is_changed(app, admin, ben):
    assert "ben is operator now." in post(admin, f"/users/{ben.id}/role/", role="operator").text
    assert now(app, "ben").role == "operator"


def test_an_account_is_disabled_and_enabled(app, admin, ben):
    assert "kept out" in post(admin, f"/users/{ben.id}/disabling/").text
    assert not now(app, "ben").is_usable
    assert "log in again" in post(admin, f"/users/{ben.id}/enabling/").text
    assert now(app, "ben").is_usable


def test_an_account_is_made(app, admin):
    answer = post(admin, "/users/", name="dee", password=PASSWORD, role="operator")
    assert "dee can log in as operator." in answer.text
    assert now(app, "dee").role == "operator"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "ADA", "password": PASSWORD, "role": "viewer"}, "That name is taken"),
        ({"name": "dee", "password": "short", "role": "viewer"}, "At least 8 characters"),
        ({"name": "dee", "password": PASSWORD, "role": "emperor"}, "Not a valid choice"),
        ({"name": "", "password": PASSWORD, "role": "viewer"}, "This is needed."),
    ],
)
def test_a_bad_account_is_refused_at_its_field(app, admin, fields, words):
    answer = post(admin, "/users/", **fields)
    assert answer.status_code == 422
    assert words in answer.text
    assert now(app, "dee") is None


@pytest.mark.parametrize("path", ["disabling", "role"])
def test_the_last_admin_stays(app, admin, path):
    answer = post(admin, f"/users/{now(app, 'ada').id}/{path}/", role="viewer")
    assert "last active admin" in answer.text
    assert now(app, "ada").role == "admin"


@pytest.mark.parametrize("role", ["", "emperor", "admin\0"])
def test_an_unknown_role_is_refused(app, admin, ben, role):
    post(admin, f"/users/{ben.id}/role/", role=role)
    assert now(app, "ben").role == "viewer"


def test_an_account_that_is_not_there_is_refused(admin):
    assert "no such account" in post(admin, "/users/99/disabling/").text
    assert post(admin, f"/users/{10**30}/disabling/").status_code == 404
