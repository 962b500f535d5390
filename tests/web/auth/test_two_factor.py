"""The second factor: a code from an app after the password, good once; and what if it is lost."""

from __future__ import annotations

import re
from datetime import timedelta

import pyotp
import pytest
import sqlalchemy as sa

from inventory import audit
from inventory.accounts import api_tokens, login, pins, sessions, throttling, two_factor, users
from inventory.common import clock
from inventory.common.errors import Forbidden, InvalidInput, Unauthenticated
from inventory.db import db
from inventory.models import Audit
from inventory.models.credentials import RecoveryCode, SecondFactor
from tests.cli.test_cli import Shell
from tests.support.users import PASSWORD, visible_text
from tests.web.floor.test_operations import Tablet

PAGE = "/account/second-factor/"
HOME = "192.0.2.7"
NEXT_KEY = "another key that signs from now on"


@pytest.fixture
def hands(monkeypatch):
    """The hands of the clock: `hands(30)` moves them on."""
    now = [clock.now()]
    monkeypatch.setattr(clock, "now", lambda: now[0])

    def move(seconds):
        now[0] += timedelta(seconds=seconds)

    return move


class App:
    """The app on somebody's telephone."""

    def __init__(self, secret):
        self.secret = secret.replace(" ", "")

    def code(self, seconds=0):
        return pyotp.TOTP(self.secret).at(clock.now() + timedelta(seconds=seconds))


def token_on(html):
    return re.search(r'name="csrf_token" value="([^"]+)"', html)[1]


def sends(person, path, **typed):
    csrf = token_on(person.get("/account/").text)
    return person.post(path, {"csrf_token": csrf}, **typed)


def begins(person, password=PASSWORD):
    return sends(person, f"{PAGE}set-up/", current_password=password)


def sets_up(person):
    """The app, and the recovery codes."""
    app = App(re.search(r'id="secret">([^<]+)<', begins(person).text)[1])
    page = sends(person, f"{PAGE}confirmation/", code=app.code()).text
    return app, re.findall(r'<li><span class="code">([A-Z2-7-]{29})</span>', page)


class Stranger:
    """A new browser at the door."""

    def __init__(self, app):
        self.client = app.test_client()

    def fills_in(self, path, **typed):
        token = token_on(self.client.get(path, follow_redirects=True).text)
        return self.client.post(path, data={"csrf_token": token, **typed})

    def logs_in(self, name="ole", password=PASSWORD, path="/login/"):
        return self.fills_in(path, name=name, password=password)

    def types(self, code, path="/login/code/"):
        return self.fills_in(path, code=code)

    def is_in(self):
        return self.client.get("/account/").status_code == 200


@pytest.fixture
def stranger(app):
    return Stranger(app)


@pytest.fixture
def ole(person, hands):
    return person("ole")


@pytest.fixture
def phone(ole, hands):
    """Ole's app; the code that set it up is used."""
    app, ole.codes = sets_up(ole)
    hands(30)
    return app


def keys_of(app):
    return [app.config["SECRET_KEY"]]


# --- setting it up --------------------------------------------------------------------------------


def test_it_is_set_up_by_a_picture_or_by_hand_and_shown_to_work(app, ole):
    page = begins(ole)
    assert page.status_code == 200
    assert "no-store" in page.headers["Cache-Control"]
    secret = App(re.search(r'id="secret">([^<]+)<', page.text)[1]).secret
    assert len(secret) == 32
    assert picture_of(page.text) == pyotp.TOTP(secret).provisioning_uri(
        name="ole", issuer_name="Inventory"
    )
    assert "style=" not in page.text
    answer = sends(ole, f"{PAGE}confirmation/", code=App(secret).code())
    assert answer.status_code == 200
    assert len(re.findall(r'<li><span class="code">', answer.text)) == 10
    assert "It is asked for" in ole.get(PAGE).text
    assert secret not in ole.get(PAGE).text


def picture_of(html):
    """What a telephone reads from the picture on the page."""
    import zxingcpp
    from PIL import Image

    html = html[html.index('class="qr"') :]
    modules = int(re.search(r'viewBox="0 0 (\d+) ', html)[1])
    picture = Image.new("L", (modules * 4, modules * 4), 255)
    for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)v1", html):
        box = [int(x) * 4, int(y) * 4, (int(x) + int(length)) * 4, (int(y) + 1) * 4]
        picture.paste(0, tuple(box))
    return zxingcpp.read_barcode(picture).text


def test_without_the_password_nothing_begins(app, ole):
    answer = begins(ole, "not the password")
    assert answer.status_code == 422
    assert "not your current password" in answer.text
    with app.app_context():
        assert two_factor.pending_secret(user_id=ole.id, keys=keys_of(app)) is None


def test_until_a_code_confirms_it_nothing_is_asked_for(app, ole, stranger):
    begins(ole)
    answer = sends(ole, f"{PAGE}confirmation/", code="000000")
    assert answer.status_code == 422
    assert "not right" in answer.text
    assert 'class="qr"' in answer.text
    assert stranger.logs_in().location == "/"


def test_a_second_one_is_not_begun_beside_the_first(ole, phone, app):
    assert begins(ole).status_code == 403
    assert sends(ole, f"{PAGE}confirmation/", code=phone.code()).status_code == 303
    with app.app_context():
        assert two_factor.state_of(ole.id).codes_left == 10


def test_setting_it_up_ends_other_sessions_and_pins_and_keeps_this_one(app, ole, stranger):
    stranger.logs_in()
    with app.app_context():
        account = users.get_account(user_id=ole.id)
        pins.set_pin(account=account, pin="8531", tablet="t")
    sets_up(ole)
    assert ole.get("/account/").status_code == 200
    assert not stranger.is_in()
    with app.app_context(), pytest.raises(Unauthenticated):
        pins.log_in(name="ole", pin="8531", tablet="t", address=HOME)


# --- asking for it --------------------------------------------------------------------------------


def test_after_the_password_the_code_is_asked_for_and_lets_in(phone, stranger):
    answer = stranger.logs_in(path="/login/?next=/items/")
    assert answer.location == "/login/code/?next=/items/"
    assert not stranger.is_in()
    answer = stranger.types(phone.code(), path=answer.location)
    assert (answer.status_code, answer.location) == (303, "/items/")
    assert stranger.is_in()


def test_a_code_is_good_once_whoever_brings_it(app, phone, hands):
    first, second = Stranger(app), Stranger(app)
    first.logs_in()
    second.logs_in()
    assert first.types(phone.code()).status_code == 303
    answer = second.types(phone.code())
    assert answer.status_code == 401
    assert "used already" in answer.text
    assert second.types(phone.code(-30)).status_code == 401
    hands(30)
    assert second.types(phone.code()).status_code == 303


@pytest.mark.parametrize(
    ("seconds", "status"), [(-60, 401), (-30, 303), (30, 303), (60, 401), (3000, 401)]
)
def test_a_clock_may_be_off_by_one_step(phone, hands, stranger, seconds, status):
    hands(600)
    stranger.logs_in()
    assert stranger.types(phone.code(seconds)).status_code == status


@pytest.mark.parametrize(
    "code",
    ["", "0", "12345", "1234567", "٠١٢٣٤٥", "abcdef", "\0", "x" * 5000, "A" * 24, "' OR 1"],
)
def test_what_is_no_code_is_refused(phone, stranger, code):
    stranger.logs_in()
    assert stranger.types(code).status_code in (401, 422)
    assert not stranger.is_in()


def test_spaces_in_a_code_do_not_matter(phone, stranger):
    stranger.logs_in()
    code = phone.code()
    assert stranger.types(f" {code[:3]} {code[3:]}").status_code == 303


def test_without_the_password_there_is_no_page_for_the_code(ole, phone, stranger):
    assert stranger.client.get("/login/code/").location == "/login/"
    assert "do not go together" in stranger.logs_in(password="not it").text
    assert stranger.client.get("/login/code/").location == "/login/"
    unknown = stranger.logs_in(name="nobody", password="not it")
    assert "do not go together" in unknown.text


def test_a_right_password_waits_ten_minutes_and_no_longer(phone, stranger, monkeypatch):
    import time

    stranger.logs_in()
    later = time.time() + 601
    monkeypatch.setattr(time, "time", lambda: later)
    assert stranger.client.get("/login/code/").location == "/login/"


def test_a_changed_password_makes_a_waiting_one_worthless(app, ole, phone, stranger):
    stranger.logs_in()
    with app.app_context():
        users.set_password(user_id=ole.id, password="quite another one")
    assert stranger.types(phone.code()).status_code == 401
    assert not stranger.is_in()


def test_a_disabled_account_does_not_get_in_by_a_code(app, ole, phone, stranger):
    stranger.logs_in()
    with app.app_context():
        db.session.execute(
            sa.text("UPDATE users SET disabled_at = created_at WHERE id = :id"), {"id": ole.id}
        )
        db.session.commit()
    assert stranger.types(phone.code()).status_code == 403
    assert not stranger.is_in()


def test_the_sixth_wrong_code_has_to_wait_from_wherever_it_comes(app, ole, phone):
    pending = login.PendingTwoFactor(user_id=ole.id, epoch=1)
    with app.app_context():
        for number in range(5):
            with pytest.raises(Unauthenticated):
                two_factor.log_in(
                    pending=pending, code="000000", keys=keys_of(app), address=f"192.0.2.{number}"
                )
    stranger = Stranger(app)
    stranger.logs_in()
    answer = stranger.types(phone.code())
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 300
    with app.app_context():
        assert throttling.reset_throttle(name="ole") == 6
    assert stranger.types(phone.code()).status_code == 303


def test_right_codes_are_not_counted(app, phone, hands):
    for _ in range(8):
        stranger = Stranger(app)
        stranger.logs_in()
        assert stranger.types(phone.code()).status_code == 303
        hands(30)


def test_refused_codes_are_written_down(app, ole, phone, stranger):
    stranger.logs_in()
    stranger.types("000000")
    with app.app_context():
        found = db.session.execute(sa.select(Audit).filter_by(action="login.refused")).scalars()
        assert [(row.subject, "second factor" in row.detail) for row in found] == [
            (f"user {ole.id}", True)
        ]


# --- when it is lost ------------------------------------------------------------------------------


def test_a_recovery_code_lets_in_once(app, ole, phone, stranger):
    assert len(ole.codes) == len(set(ole.codes)) == 10
    stranger.logs_in()
    assert stranger.types(ole.codes[3].lower()).status_code == 303
    again = Stranger(app)
    again.logs_in()
    assert again.types(ole.codes[3]).status_code == 401
    assert again.types(ole.codes[4].replace("-", "")).status_code == 303
    with app.app_context():
        assert two_factor.state_of(ole.id).codes_left == 8


def test_new_recovery_codes_replace_those_before(ole, phone, stranger):
    page = sends(ole, f"{PAGE}codes/", current_password=PASSWORD).text
    new = re.findall(r'<li><span class="code">([A-Z2-7-]{29})</span>', page)
    stranger.logs_in()
    assert stranger.types(ole.codes[0]).status_code == 401
    assert stranger.types(new[0]).status_code == 303
    assert sends(ole, f"{PAGE}codes/", current_password="no").status_code == 422


def test_nobody_uses_the_codes_of_somebody_else(app, ole, phone, person):
    ira = person("ira")
    _, codes = sets_up(ira)
    stranger = Stranger(app)
    stranger.logs_in()
    assert stranger.types(codes[0]).status_code == 401


def test_it_is_taken_away_with_password_and_code(app, ole, phone, stranger):
    def removes(password, code):
        typed = {"removal-current_password": password, "removal-code": code}
        return sends(ole, f"{PAGE}removal/", **typed)

    assert removes("not it", phone.code()).status_code == 422
    assert removes(PASSWORD, "000000").status_code == 422
    assert removes(PASSWORD, "").status_code == 422
    assert stranger.logs_in().location == "/login/code/"
    assert removes(PASSWORD, phone.code()).location == PAGE
    assert ole.get("/account/").status_code == 200
    assert stranger.logs_in().location == "/"


def test_an_admin_resets_it_and_the_command_does(app, ole, phone, ada, stranger):
    assert "Reset factor" in ada.get("/users/").text
    sends(ada, f"/users/{ole.id}/second-factor/reset/")
    assert ole.get("/account/").status_code == 303
    assert "Reset factor" not in ada.get("/users/").text
    assert stranger.logs_in().location == "/"
    sets_up(ada)
    assert "second factor" in Shell(app)("users", "list").output
    assert "password alone" in Shell(app)("users", "reset-totp", "ada").output
    assert Stranger(app).logs_in("ada").location == "/"


# --- where it is demanded -------------------------------------------------------------------------


def test_whose_role_demands_it_is_led_to_set_it_up_before_anything_else(app, ole, ada, hands):
    app.config["TOTP_REQUIRED_ROLES"] = ("admin",)
    for path in ("/", "/users/", "/account/", "/items/", "/floor/", "/audit/export.csv"):
        assert ada.get(path).location == PAGE, path
    assert ada.get("/floor/snapshot").status_code == 403
    part = ada.get("/", **{"HX-Request": "true", "HX-Request-Type": "partial"})
    assert part.headers["HX-Redirect"] == PAGE
    assert "Your role needs a second factor" in ada.get(PAGE).text
    fields = {"csrf_token": token_on(ada.get(PAGE).text)}
    page = ada.post(f"{PAGE}set-up/", fields, current_password=PASSWORD).text
    secret = re.search(r'id="secret">([^<]+)<', page)[1]
    ada.post(f"{PAGE}confirmation/", fields, code=App(secret).code())
    assert ada.get("/users/").status_code == 200
    assert ole.get("/account/").status_code == 200


def test_where_it_is_demanded_it_is_not_taken_away(app, ole, phone):
    app.config["TOTP_REQUIRED_ROLES"] = ("operator",)
    typed = {"removal-current_password": PASSWORD, "removal-code": phone.code()}
    assert sends(ole, f"{PAGE}removal/", **typed).status_code == 403
    with app.app_context():
        assert two_factor.state_of(ole.id) is not None


def test_a_pin_is_no_way_round_it(app, ole, client):
    tablet = Tablet(client)
    tablet.send("/floor/session", name="ole", password=PASSWORD, newPin="8531")
    tablet.takes_over("ole", "8531")
    assert tablet.client.get("/floor/").status_code == 200
    app.config["TOTP_REQUIRED_ROLES"] = ("operator",)
    assert tablet.client.get("/floor/").location == PAGE
    assert tablet.client.get("/floor/snapshot").status_code == 403


# --- tablets and programs -------------------------------------------------------------------------


def test_a_tablet_asks_for_the_code_too(app, phone, client):
    tablet = Tablet(client)
    refused = tablet.takes_over("ole")
    assert (refused.status_code, refused.json["field"]) == (422, "code")
    assert tablet.session().status_code == 401
    wrong = tablet.send("/floor/session", name="ole", password=PASSWORD, code="000000")
    assert wrong.status_code == 401
    for strange in (5, [1], {"a": 1}, True):
        body = {"name": "ole", "password": PASSWORD, "code": strange}
        assert tablet.send("/floor/session", **body).status_code == 401
    assert tablet.send("/floor/session", name="nobody", password="x", code="1").status_code == 401


def test_a_tablet_lets_in_by_password_and_code(app, phone, client):
    tablet = Tablet(client)
    body = {"name": "ole", "password": PASSWORD, "code": phone.code(), "newPin": "8531"}
    assert tablet.send("/floor/session", **body).status_code == 200
    assert tablet.takes_over("ole", "8531").status_code == 200


def test_tokens_of_programs_go_on_working(app, ole):
    with app.app_context():
        _, secret = api_tokens.create_token(user_id=ole.id, name="shop")
    sets_up(ole)
    app.config["TOTP_REQUIRED_ROLES"] = ("operator",)
    headers = {"Authorization": f"Bearer {secret}"}
    assert app.test_client().get("/api/v1/items", headers=headers).status_code == 200


# --- how it is kept -------------------------------------------------------------------------------


def test_the_database_alone_makes_no_codes(app, ole, phone):
    with app.app_context():
        [factor] = db.session.execute(sa.select(SecondFactor)).scalars()
        hashes = db.session.execute(sa.select(RecoveryCode.code_hash)).scalars().all()
        everything = factor.secret + repr(hashes)
        everything += "".join(db.session.execute(sa.select(Audit.detail)).scalars())
        assert phone.secret not in everything
        assert ole.codes[0] not in everything
        assert ole.codes[0].replace("-", "") not in everything
        row = sa.select(SecondFactor.__table__).where(SecondFactor.user_id == ole.id)
        kept = db.session.execute(row).first()
        assert two_factor._decrypt_secret(kept, keys_of(app)) == phone.secret
        assert two_factor._decrypt_secret(kept, [NEXT_KEY]) is None


def test_one_users_secret_does_not_open_as_anothers(app, ole, phone, ada):
    with app.app_context():
        db.session.execute(
            sa.text(
                "INSERT INTO second_factors (user_id, secret, created_at, confirmed_at, last_step)"
                " SELECT :ada, secret, created_at, confirmed_at, 0 FROM second_factors"
            ),
            {"ada": ada.id},
        )
        db.session.commit()
    stranger = Stranger(app)
    stranger.logs_in("ada")
    assert stranger.types(phone.code()).status_code == 401


def test_a_login_moves_the_secret_to_the_newest_key(app, ole, phone, hands):
    old = keys_of(app)[0]
    with app.app_context():
        pending = login.PendingTwoFactor(user_id=ole.id, epoch=1)
        both = {"pending": pending, "keys": [NEXT_KEY, old], "address": HOME}
        two_factor.log_in(code=phone.code(), **both)
        hands(30)
        alone = {"pending": pending, "keys": [NEXT_KEY], "address": HOME}
        two_factor.log_in(code=phone.code(), **alone)


def test_with_the_key_lost_recovery_codes_still_let_in(app, ole, phone):
    with app.app_context():
        pending = {"pending": login.PendingTwoFactor(user_id=ole.id, epoch=1), "keys": [NEXT_KEY]}
        with pytest.raises(Unauthenticated):
            two_factor.log_in(code=phone.code(), address=HOME, **pending)
        two_factor.log_in(code=ole.codes[0], address=HOME, **pending)


def test_of_two_that_bring_one_code_at_once_one_gets_in(app, ole, phone):
    from tests.accounts.test_users import run_at_once

    pending = login.PendingTwoFactor(user_id=ole.id, epoch=1)
    code = phone.code()

    def enter():
        return two_factor.log_in(pending=pending, code=code, keys=keys_of(app), address=HOME)

    results = run_at_once(app, *[enter] * 4)
    assert len([result for result in results if isinstance(result, sessions.Session)]) == 1


def test_the_core_refuses_what_makes_no_sense(app, ole):
    keys = keys_of(app)
    with app.app_context():
        with pytest.raises(Forbidden):
            two_factor.new_codes(user_id=ole.id)
        with pytest.raises(InvalidInput):
            two_factor.confirm(user_id=ole.id, code="123456", keys=keys)
        pending = login.PendingTwoFactor(user_id=ole.id, epoch=0)
        with pytest.raises(Unauthenticated):
            two_factor.log_in(pending=pending, code="123456", keys=keys, address=HOME)
        assert two_factor.remove(user_id=ole.id, actor_id=None).session_epoch == 0


def test_the_account_says_how_it_stands(ole, hands):
    assert "Set it up" in visible_text(ole.get("/account/").text)
    sets_up(ole)
    assert "Look after it" in visible_text(ole.get("/account/").text)
    assert "Second factor set up" in audit.WORDS["second_factor.on"]
