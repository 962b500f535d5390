"""PINs: a short login on a tablet where the user logged in with the password before."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from inventory.accounts import pins, throttling, users
from inventory.common import clock
from inventory.db import db
from inventory.models import TabletPin
from inventory.models.credentials import LoginSession
from tests.support.users import PASSWORD, form_fields
from tests.web.floor.test_operations import JSON, Tablet

PIN = "2580"


@pytest.fixture
def tablet(person, client):
    person("ira")
    person("ole")
    tablet = Tablet(client)
    assert sets_pin(tablet, "ira").status_code == 200
    assert tablet.takes_over("ole").status_code == 200
    return tablet


def sets_pin(tablet, name, pin=PIN):
    return tablet.send("/floor/session", name=name, password=PASSWORD, newPin=pin)


def is_in(answer):
    return answer.status_code == 200


def test_a_pin_logs_its_user_in_as_an_operator(tablet):
    answer = tablet.takes_over("ira", PIN)
    assert (answer.json["user"]["name"], answer.json["user"]["role"]) == ("ira", "operator")
    assert tablet.session().json["user"]["role"] == "operator"


def test_a_pin_session_opens_only_the_floor_app(tablet, stock):
    lot_id = stock.lot("receive 10", lot_code="L-1", qc_required=True)
    tablet.takes_over("ira", PIN)
    assert tablet.client.get("/floor/").status_code == 200
    for path in ("/", "/account/", "/users/", f"/lots/{lot_id}/"):
        assert tablet.client.get(path).location.startswith("/login/"), path
    assert tablet.client.get("/account/", headers=JSON).status_code != 200
    tablet.takes_over("ira")
    assert tablet.client.get("/account/").status_code == 200


def test_an_operation_after_a_pin_login_has_the_right_user(tablet, stock):
    lot_id = stock.lot("receive 10", lot_code="L-1")
    ira = tablet.takes_over("ira", PIN).json["user"]["id"]
    assert tablet.does("issue", item="BOLT", lotCode="L-1", qty="2").status_code == 200
    assert stock.history(lot_id)[-1].user_id == ira


def test_a_pin_is_valid_on_its_own_tablet_only(tablet, app):
    other = Tablet(app.test_client())
    assert other.takes_over("ira", PIN).status_code == 401
    assert sets_pin(other, "ole").status_code == 200
    assert other.takes_over("ira", PIN).status_code == 401
    assert is_in(other.takes_over("ole", PIN))
    assert tablet.takes_over("ole", PIN).status_code == 401


def test_five_wrong_pins_remove_the_pin_but_not_the_password(tablet):
    for _ in range(pins.MAX_TRIES):
        assert tablet.takes_over("ira", "9999").status_code == 401
    assert tablet.takes_over("ira", PIN).status_code == 401
    assert is_in(tablet.takes_over("ira"))
    assert tablet.takes_over("ira", PIN).status_code == 401
    assert is_in(sets_pin(tablet, "ira"))
    assert is_in(tablet.takes_over("ira", PIN))


def test_a_right_pin_resets_the_count_of_wrong_ones(tablet):
    for _ in range(3):
        for _ in range(pins.MAX_TRIES - 1):
            tablet.takes_over("ira", "9999")
        assert is_in(tablet.takes_over("ira", PIN))


def test_wrong_pins_count_for_the_login_throttle(tablet, monkeypatch):
    monkeypatch.setattr(throttling, "MAX_PER_USER_AND_ADDRESS", 2)
    for _ in range(2):
        tablet.takes_over("ole", "9999")
    assert tablet.takes_over("ole", "9999").status_code == 429


def test_a_changed_password_removes_pins(tablet, app):
    with app.app_context():
        ira = users.find_account(name="ira")
        users.set_password(user_id=ira.id, password="quite another one")
    assert tablet.takes_over("ira", PIN).status_code == 401


def test_a_pin_of_a_disabled_account_is_refused(tablet, app):
    with app.app_context():
        users.disable(user_id=users.find_account(name="ira").id)
    assert not is_in(tablet.takes_over("ira", PIN))


def test_a_pin_expires_after_a_month(tablet, app, monkeypatch):
    later = clock.now() + pins.MAX_LENGTH + timedelta(minutes=1)
    monkeypatch.setattr(pins.clock, "now", lambda: later)
    assert tablet.takes_over("ira", PIN).status_code == 401


@pytest.mark.parametrize("pin", ["123", "1234567", "12a4", "1111", "4567", "8765", "١٢٣٤", 2580])
def test_an_invalid_or_easy_pin_is_refused_and_the_session_is_kept(tablet, pin):
    answer = sets_pin(tablet, "ira", pin)
    assert (answer.status_code, answer.json["field"]) == (422, "newPin")
    assert tablet.session().json["user"]["name"] == "ole"


def test_pins_and_tablet_ids_are_stored_as_hashes(tablet, app):
    cookie = tablet.client.get_cookie("tablet", path="/floor/")
    assert cookie.http_only
    assert cookie.same_site == "Strict"
    with app.app_context():
        [row] = db.session.execute(sa.select(TabletPin)).scalars()
        assert row.pin_hash.startswith("$argon2id$")
        assert cookie.value not in row.tablet


def test_a_wrong_password_sets_no_pin(tablet):
    tablet.send("/floor/session", name="ole", password="not the right one", newPin=PIN)
    assert tablet.takes_over("ole", PIN).status_code == 401


def copied_session(tablet, app):
    """Return a tablet with a copy of this tablet's session cookie."""
    copy = Tablet(app.test_client())
    copy.client.set_cookie("session", tablet.client.get_cookie("session").value)
    return copy


@pytest.mark.parametrize("how", ["logout on the tablet", "logout at the desk", "login at the desk"])
def test_every_end_of_a_pin_session_ends_copies_of_it(tablet, app, how):
    assert is_in(tablet.takes_over("ira", PIN))
    copy = copied_session(tablet, app)
    assert is_in(copy.session())
    if how == "logout on the tablet":
        tablet.send("/floor/session/end")
    else:
        fields = form_fields(tablet.client.get("/login/").text)
        if how == "logout at the desk":
            tablet.client.post("/logout/", data=fields)
        else:
            tablet.client.post("/login/", data={**fields, "name": "ole", "password": PASSWORD})
    assert copy.session().status_code == 401


def test_a_refused_login_on_a_tablet_leaves_no_session(person, client, app):
    person("vic")
    with app.app_context():
        before = db.session.execute(sa.select(sa.func.count(LoginSession.id))).scalar_one()
    assert Tablet(client).takes_over("vic").status_code == 403
    with app.app_context():
        after = db.session.execute(sa.select(sa.func.count(LoginSession.id))).scalar_one()
    assert after == before
