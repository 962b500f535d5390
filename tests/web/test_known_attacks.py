"""Requests of attackers are refused, never answered with a 500, and reveal nothing."""

import logging
import re

import pytest

from inventory import create_app
from inventory.accounts import users
from inventory.common.errors import InvalidInput
from inventory.db import db
from inventory.exports.formats import escape_formula
from tests.support.users import PASSWORD, form_fields
from tests.web.inventory.test_labels import print_labels

PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}
JSON = ["5", '"x"', "[1]", "[[1]]", "null", "{", '{"name": {"a": 1}, "password": [1], "code": {}}',
        '{"name": "x", "role": ["admin"], "expires": [5, 6]}']  # fmt: skip


@pytest.mark.parametrize(
    "url", ["http://[", "//[::1", "http://[x]/", "\x7f", "http://evil.example/"]
)
def test_an_hx_current_url_of_another_site_is_ignored(client, ada, url):
    headers = {**PARTIAL, "HX-Current-URL": url}
    answer = client.get("/account/", headers=headers)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/login/")
    fields = form_fields(ada.get("/receive/").text)
    assert ada.client.post("/receive/", data=fields, headers=headers).status_code == 422


@pytest.mark.parametrize("body", JSON)
def test_json_is_not_accepted_as_a_form(client, ada, body):
    for user, paths in (
        (client, ["/login/", "/register/"]),
        (
            ada.client,
            ["/account/password/", "/account/tokens/", "/users/", "/receive/", "/reserve/"],
        ),
    ):
        for path in paths:
            token = form_fields(user.get("/login/", follow_redirects=True).text)["csrf_token"]
            headers = {"Content-Type": "application/json", "X-CSRFToken": token}
            assert user.post(path, data=body, headers=headers).status_code == 422, path


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "9999-12-30"])
def test_the_first_and_last_days_of_the_calendar_are_accepted(environ, zone, day):
    app = create_app(config_of(environ, SITE_TIMEZONE=zone))
    with app.app_context():
        users.create_user(name="vic", password=PASSWORD, role="viewer")
    client = app.test_client()
    fields = form_fields(client.get("/login/").text)
    client.post("/login/", data={**fields, "name": "vic", "password": PASSWORD})
    for name in ("from", "to"):
        assert client.get(f"/ledger/?{name}={day}").status_code == 200
        assert client.get(f"/ledger/export.csv?{name}={day}").status_code == 200
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def config_of(environ, **settings):
    from inventory.config import Config

    return Config.from_env({**environ, **settings})


def test_an_invalid_filter_is_refused_before_the_export_starts(ada):
    assert ada.get("/ledger/export.csv?item=%00").status_code == 422


def test_a_file_name_that_is_too_long_is_not_found(client):
    assert client.get(f"/static/{'x' * 5000}").status_code == 404


@pytest.mark.parametrize("text", ["＝1+1", "＋1", "－1", "＠SUM(A1)"])
def test_text_with_a_full_width_formula_sign_is_quoted(text):
    assert escape_formula(text) == f"'{text}"


@pytest.mark.parametrize(
    "name",
    ["ad\u034fa", "ada\ufe0f", "\u3164", "ada\u2800", "\u115fada", "ad\U000e0100a", "ad\u180ba"],
)
def test_a_user_name_with_invisible_characters_is_refused(app, name):
    with app.app_context(), pytest.raises(InvalidInput, match="invisible character"):
        users.validate_name(name)


@pytest.mark.parametrize("name", ["аda", "adа", "Ben Αda", "οle"])
def test_a_user_name_with_look_alike_letters_is_refused(app, name):
    with app.app_context(), pytest.raises(InvalidInput, match="look alike"):
        users.validate_name(name)


@pytest.mark.parametrize(
    "name", ["Éva Żółć", "Владимир", "Ада Smith", "Ørsted", "山田太郎", "Νίκος"]
)
def test_user_names_in_any_script_are_accepted(app, name):
    with app.app_context():
        assert users.validate_name(name) == name


def test_a_password_in_the_wrong_field_is_not_logged(client, caplog):
    fields = form_fields(client.get("/login/", follow_redirects=True).text)
    with caplog.at_level(logging.DEBUG):
        client.post("/login/", data={**fields, "name": "my secret words", "password": "x"})
    assert "login refused" in caplog.text
    assert "my secret words" not in caplog.text


def test_a_line_break_in_a_name_starts_no_new_log_line(client, caplog):
    fields = form_fields(client.get("/login/", follow_redirects=True).text)
    name = "x\r\n2027-01-01 INFO inventory: all is well"
    client.post("/login/", data={**fields, "name": name, "password": "x"})
    assert not [record for record in caplog.records if "all is well" in record.getMessage()]


def test_registering_while_logged_in_ends_the_previous_session(app, ada):
    app.config["REGISTRATION"] = "open"
    before = ada.client.get_cookie("session").value
    ada.post("/register/", form_fields(ada.get("/register/").text), name="ben", password=PASSWORD)
    assert "ben" in ada.get("/account/").text
    other = app.test_client()
    other.set_cookie("session", before)
    assert other.get("/account/").status_code == 303


def test_https_setting_alone_enables_strict_transport_security(app, client):
    app.config["HTTPS"] = True
    strict = client.get("/register/").headers["Strict-Transport-Security"]
    assert int(re.match(r"max-age=(\d+); includeSubDomains$", strict)[1]) >= 31536000


@pytest.mark.parametrize("verb", ["issue", "unreserve"])
@pytest.mark.parametrize(
    ("name", "statuses"), [("a%00b", {422}), ("x" * 5000, {422}), ("%ED%A0%80", {404, 422})]
)
def test_an_invalid_reference_is_refused_on_both_databases(ada, verb, name, statuses):
    path = f"/references/{verb}/"
    assert ada.get(f"{path}?reference={name}").status_code in statuses
    token = form_fields(ada.get("/receive/").text)["csrf_token"]
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    body = f"csrf_token={token}&reference={name}&parts="
    assert ada.client.post(path, data=body, headers=headers).status_code in statuses


@pytest.mark.parametrize("number", [2**63, 2**64, "9" * 40, "٣", "-1", "1.5", "x"])
def test_a_number_that_no_record_can_have_is_not_found(ada, number):
    assert ada.get(f"/import/?done={number}").status_code == 404


def test_a_static_file_name_with_too_many_bytes_is_not_found(client):
    for name in ("\N{PILE OF POO}" * 100, "ä" * 199, "x" * 201):
        assert client.get(f"/static/{name}").status_code == 404


def test_labels_take_a_place_of_the_users_downloads(ada, app, stock):
    lot = stock.lot("receive 5")
    limits = app.extensions["download_limits"]
    begun = [limits.begin(ada.id) for _ in range(2)]
    assert print_labels(ada, lot=str(lot)).status_code == 429
    for one in begun:
        limits.end(one)
    assert print_labels(ada, lot=str(lot)).status_code == 200
    assert limits.running == 0
