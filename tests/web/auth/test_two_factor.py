"""Two-factor authentication: setup, login by code, recovery codes, reset and storage."""

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
def advance_clock(monkeypatch):
    """Stop the clock; `advance_clock(30)` moves it on by 30 seconds."""
    now = [clock.now()]
    monkeypatch.setattr(clock, "now", lambda: now[0])

    def move(seconds):
        now[0] += timedelta(seconds=seconds)

    return move


class Authenticator:
    """An authenticator app; `seconds` shifts the time of a code."""

    def __init__(self, secret):
        self.secret = secret.replace(" ", "")

    def code(self, seconds=0):
        return pyotp.TOTP(self.secret).at(clock.now() + timedelta(seconds=seconds))


def token_on(html):
    return re.search(r'name="csrf_token" value="([^"]+)"', html)[1]


def sends(person, path, **typed):
    csrf = token_on(person.get("/account/").text)
    return person.post(path, {"csrf_token": csrf}, **typed)


def begin_setup(person, password=PASSWORD):
    return sends(person, f"{PAGE}set-up/", current_password=password)


def sets_up(person):
    """Return the authenticator and the recovery codes."""
    authenticator = Authenticator(re.search(r'id="secret">([^<]+)<', begin_setup(person).text)[1])
    page = sends(person, f"{PAGE}confirmation/", code=authenticator.code()).text
    return authenticator, re.findall(r'<li><span class="code">([A-Z2-7-]{29})</span>', page)


class Browser:
    """A browser that is not logged in."""

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
def browser(app):
    return Browser(app)


@pytest.fixture
def ole(person, advance_clock):
    return person("ole")


@pytest.fixture
def authenticator(ole, advance_clock):
    """The authenticator of ole; the code that set it up is used."""
    authenticator, ole.codes = sets_up(ole)
    advance_clock(30)
    return authenticator


def keys_of(app):
    return [app.config["SECRET_KEY"]]


# --- setup ----------------------------------------------------------------------------------------


def test_setup_shows_qr_code_secret_and_recovery_codes(app, ole):
    page = begin_setup(ole)
    assert page.status_code == 200
    assert "no-store" in page.headers["Cache-Control"]
    secret = Authenticator(re.search(r'id="secret">([^<]+)<', page.text)[1]).secret
    assert len(secret) == 32
    assert qr_content(page.text) == pyotp.TOTP(secret).provisioning_uri(
        name="ole", issuer_name="Inventory"
    )
    assert "style=" not in page.text
    answer = sends(ole, f"{PAGE}confirmation/", code=Authenticator(secret).code())
    assert answer.status_code == 200
    assert len(re.findall(r'<li><span class="code">', answer.text)) == 10
    assert "Two-factor authentication is on" in ole.get(PAGE).text
    assert secret not in ole.get(PAGE).text


def qr_content(html):
    """Return what a scanner reads from the QR code on the page."""
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
    answer = begin_setup(ole, "not the password")
    assert answer.status_code == 422
    assert "not your current password" in answer.text
    with app.app_context():
        assert two_factor.pending_secret(user_id=ole.id, keys=keys_of(app)) is None


def test_an_unconfirmed_setup_does_not_change_the_login(app, ole, browser):
    begin_setup(ole)
    answer = sends(ole, f"{PAGE}confirmation/", code="000000")
    assert answer.status_code == 422
    assert "code is wrong" in answer.text
    assert 'class="qr"' in answer.text
    assert browser.logs_in().location == "/"


def test_a_second_setup_is_refused(ole, authenticator, app):
    assert begin_setup(ole).status_code == 403
    assert sends(ole, f"{PAGE}confirmation/", code=authenticator.code()).status_code == 303
    with app.app_context():
        assert two_factor.state_of(ole.id).codes_left == 10


def test_setup_ends_other_sessions_and_pins(app, ole, browser):
    browser.logs_in()
    with app.app_context():
        account = users.get_account(user_id=ole.id)
        pins.set_pin(account=account, pin="8531", tablet="t")
    sets_up(ole)
    assert ole.get("/account/").status_code == 200
    assert not browser.is_in()
    with app.app_context(), pytest.raises(Unauthenticated):
        pins.log_in(name="ole", pin="8531", tablet="t", address=HOME)


# --- login by code --------------------------------------------------------------------------------


def test_login_needs_the_code_after_the_password(authenticator, browser):
    answer = browser.logs_in(path="/login/?next=/items/")
    assert answer.location == "/login/code/?next=/items/"
    assert not browser.is_in()
    answer = browser.types(authenticator.code(), path=answer.location)
    assert (answer.status_code, answer.location) == (303, "/items/")
    assert browser.is_in()


def test_a_code_can_be_used_once(app, authenticator, advance_clock):
    first, second = Browser(app), Browser(app)
    first.logs_in()
    second.logs_in()
    assert first.types(authenticator.code()).status_code == 303
    answer = second.types(authenticator.code())
    assert answer.status_code == 401
    assert "already used" in answer.text
    assert second.types(authenticator.code(-30)).status_code == 401
    advance_clock(30)
    assert second.types(authenticator.code()).status_code == 303


@pytest.mark.parametrize(
    ("seconds", "status"), [(-60, 401), (-30, 303), (30, 303), (60, 401), (3000, 401)]
)
def test_a_clock_can_be_off_by_one_step(authenticator, advance_clock, browser, seconds, status):
    advance_clock(600)
    browser.logs_in()
    assert browser.types(authenticator.code(seconds)).status_code == status


@pytest.mark.parametrize(
    "code",
    ["", "0", "12345", "1234567", "٠١٢٣٤٥", "abcdef", "\0", "x" * 5000, "A" * 24, "' OR 1"],
)
def test_an_invalid_code_is_refused(authenticator, browser, code):
    browser.logs_in()
    assert browser.types(code).status_code in (401, 422)
    assert not browser.is_in()


def test_spaces_in_a_code_are_ignored(authenticator, browser):
    browser.logs_in()
    code = authenticator.code()
    assert browser.types(f" {code[:3]} {code[3:]}").status_code == 303


def test_the_code_page_requires_the_password_first(ole, authenticator, browser):
    assert browser.client.get("/login/code/").location == "/login/"
    assert "is wrong" in browser.logs_in(password="not it").text
    assert browser.client.get("/login/code/").location == "/login/"
    unknown = browser.logs_in(name="nobody", password="not it")
    assert "is wrong" in unknown.text


def test_the_code_can_be_entered_for_ten_minutes(authenticator, browser, monkeypatch):
    import time

    browser.logs_in()
    later = time.time() + 601
    monkeypatch.setattr(time, "time", lambda: later)
    assert browser.client.get("/login/code/").location == "/login/"


def test_a_changed_password_invalidates_a_pending_login(app, ole, authenticator, browser):
    browser.logs_in()
    with app.app_context():
        users.set_password(user_id=ole.id, password="quite another one")
    assert browser.types(authenticator.code()).status_code == 401
    assert not browser.is_in()


def test_a_disabled_account_cannot_log_in_by_code(app, ole, authenticator, browser):
    browser.logs_in()
    with app.app_context():
        db.session.execute(
            sa.text("UPDATE users SET disabled_at = created_at WHERE id = :id"), {"id": ole.id}
        )
        db.session.commit()
    assert browser.types(authenticator.code()).status_code == 403
    assert not browser.is_in()


def test_five_wrong_codes_throttle_the_login_from_any_address(app, ole, authenticator):
    pending = login.PendingTwoFactor(user_id=ole.id, epoch=1)
    with app.app_context():
        for number in range(5):
            with pytest.raises(Unauthenticated):
                two_factor.log_in(
                    pending=pending, code="000000", keys=keys_of(app), address=f"192.0.2.{number}"
                )
    browser = Browser(app)
    browser.logs_in()
    answer = browser.types(authenticator.code())
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 300
    with app.app_context():
        assert throttling.reset_throttle(name="ole") == 6
    assert browser.types(authenticator.code()).status_code == 303


def test_right_codes_are_not_counted(app, authenticator, advance_clock):
    for _ in range(8):
        browser = Browser(app)
        browser.logs_in()
        assert browser.types(authenticator.code()).status_code == 303
        advance_clock(30)


def test_refused_codes_are_in_the_audit_log(app, ole, authenticator, browser):
    browser.logs_in()
    browser.types("000000")
    with app.app_context():
        found = db.session.execute(sa.select(Audit).filter_by(action="login.refused")).scalars()
        assert [(row.subject, "second factor" in row.detail) for row in found] == [
            (f"user {ole.id}", True)
        ]


# --- recovery and reset ---------------------------------------------------------------------------


def test_a_recovery_code_works_once(app, ole, authenticator, browser):
    assert len(ole.codes) == len(set(ole.codes)) == 10
    browser.logs_in()
    assert browser.types(ole.codes[3].lower()).status_code == 303
    again = Browser(app)
    again.logs_in()
    assert again.types(ole.codes[3]).status_code == 401
    assert again.types(ole.codes[4].replace("-", "")).status_code == 303
    with app.app_context():
        assert two_factor.state_of(ole.id).codes_left == 8


def test_new_recovery_codes_replace_the_old_ones(ole, authenticator, browser):
    page = sends(ole, f"{PAGE}codes/", current_password=PASSWORD).text
    new = re.findall(r'<li><span class="code">([A-Z2-7-]{29})</span>', page)
    browser.logs_in()
    assert browser.types(ole.codes[0]).status_code == 401
    assert browser.types(new[0]).status_code == 303
    assert sends(ole, f"{PAGE}codes/", current_password="no").status_code == 422


def test_recovery_codes_of_another_user_are_refused(app, ole, authenticator, person):
    ira = person("ira")
    _, codes = sets_up(ira)
    browser = Browser(app)
    browser.logs_in()
    assert browser.types(codes[0]).status_code == 401


def test_removal_needs_password_and_code(app, ole, authenticator, browser):
    def remove(password, code):
        typed = {"removal-current_password": password, "removal-code": code}
        return sends(ole, f"{PAGE}removal/", **typed)

    assert remove("not it", authenticator.code()).status_code == 422
    assert remove(PASSWORD, "000000").status_code == 422
    assert remove(PASSWORD, "").status_code == 422
    assert browser.logs_in().location == "/login/code/"
    assert remove(PASSWORD, authenticator.code()).location == PAGE
    assert ole.get("/account/").status_code == 200
    assert browser.logs_in().location == "/"


def test_an_admin_and_the_command_can_reset_the_second_factor(
    app, ole, authenticator, ada, browser
):
    assert "Reset two-factor authentication" in ada.get("/users/").text
    sends(ada, f"/users/{ole.id}/second-factor/reset/")
    assert ole.get("/account/").status_code == 303
    assert "Reset two-factor authentication" not in ada.get("/users/").text
    assert browser.logs_in().location == "/"
    sets_up(ada)
    assert "second factor" in Shell(app)("users", "list").output
    assert "password only" in Shell(app)("users", "reset-totp", "ada").output
    assert Browser(app).logs_in("ada").location == "/"


# --- required roles -------------------------------------------------------------------------------


def test_a_required_role_has_to_set_it_up_first(app, ole, ada, advance_clock):
    app.config["TOTP_REQUIRED_ROLES"] = ("admin",)
    for path in ("/", "/users/", "/account/", "/items/", "/floor/", "/audit/export.csv"):
        assert ada.get(path).location == PAGE, path
    assert ada.get("/floor/snapshot").status_code == 403
    part = ada.get("/", **{"HX-Request": "true", "HX-Request-Type": "partial"})
    assert part.headers["HX-Redirect"] == PAGE
    assert "Your role requires two-factor authentication" in ada.get(PAGE).text
    fields = {"csrf_token": token_on(ada.get(PAGE).text)}
    page = ada.post(f"{PAGE}set-up/", fields, current_password=PASSWORD).text
    secret = re.search(r'id="secret">([^<]+)<', page)[1]
    ada.post(f"{PAGE}confirmation/", fields, code=Authenticator(secret).code())
    assert ada.get("/users/").status_code == 200
    assert ole.get("/account/").status_code == 200


def test_a_required_second_factor_cannot_be_removed(app, ole, authenticator):
    app.config["TOTP_REQUIRED_ROLES"] = ("operator",)
    typed = {"removal-current_password": PASSWORD, "removal-code": authenticator.code()}
    assert sends(ole, f"{PAGE}removal/", **typed).status_code == 403
    with app.app_context():
        assert two_factor.state_of(ole.id) is not None


def test_a_pin_does_not_bypass_a_required_second_factor(app, ole, client):
    tablet = Tablet(client)
    tablet.send("/floor/session", name="ole", password=PASSWORD, newPin="8531")
    tablet.takes_over("ole", "8531")
    assert tablet.client.get("/floor/").status_code == 200
    app.config["TOTP_REQUIRED_ROLES"] = ("operator",)
    assert tablet.client.get("/floor/").location == PAGE
    assert tablet.client.get("/floor/snapshot").status_code == 403


# --- tablets and programs -------------------------------------------------------------------------


def test_a_tablet_login_requires_the_code(app, authenticator, client):
    tablet = Tablet(client)
    refused = tablet.takes_over("ole")
    assert (refused.status_code, refused.json["field"]) == (422, "code")
    assert tablet.session().status_code == 401
    wrong = tablet.send("/floor/session", name="ole", password=PASSWORD, code="000000")
    assert wrong.status_code == 401
    for code in (5, [1], {"a": 1}, True):
        body = {"name": "ole", "password": PASSWORD, "code": code}
        assert tablet.send("/floor/session", **body).status_code == 401
    assert tablet.send("/floor/session", name="nobody", password="x", code="1").status_code == 401


def test_a_tablet_login_works_with_password_and_code(app, authenticator, client):
    tablet = Tablet(client)
    body = {"name": "ole", "password": PASSWORD, "code": authenticator.code(), "newPin": "8531"}
    assert tablet.send("/floor/session", **body).status_code == 200
    assert tablet.takes_over("ole", "8531").status_code == 200


def test_api_tokens_keep_working(app, ole):
    with app.app_context():
        _, secret = api_tokens.create_token(user_id=ole.id, name="shop")
    sets_up(ole)
    app.config["TOTP_REQUIRED_ROLES"] = ("operator",)
    headers = {"Authorization": f"Bearer {secret}"}
    assert app.test_client().get("/api/v1/items", headers=headers).status_code == 200


# --- storage --------------------------------------------------------------------------------------


def test_secret_and_recovery_codes_are_not_stored_in_plain_text(app, ole, authenticator):
    with app.app_context():
        [factor] = db.session.execute(sa.select(SecondFactor)).scalars()
        hashes = db.session.execute(sa.select(RecoveryCode.code_hash)).scalars().all()
        everything = factor.secret + repr(hashes)
        everything += "".join(db.session.execute(sa.select(Audit.detail)).scalars())
        assert authenticator.secret not in everything
        assert ole.codes[0] not in everything
        assert ole.codes[0].replace("-", "") not in everything
        query = sa.select(SecondFactor.__table__).where(SecondFactor.user_id == ole.id)
        row = db.session.execute(query).first()
        assert two_factor._decrypt_secret(row, keys_of(app)) == authenticator.secret
        assert two_factor._decrypt_secret(row, [NEXT_KEY]) is None


def test_an_encrypted_secret_is_valid_for_its_user_only(app, ole, authenticator, ada):
    with app.app_context():
        db.session.execute(
            sa.text(
                "INSERT INTO second_factors (user_id, secret, created_at, confirmed_at, last_step)"
                " SELECT :ada, secret, created_at, confirmed_at, 0 FROM second_factors"
            ),
            {"ada": ada.id},
        )
        db.session.commit()
    browser = Browser(app)
    browser.logs_in("ada")
    assert browser.types(authenticator.code()).status_code == 401


def test_a_login_reencrypts_the_secret_with_the_newest_key(app, ole, authenticator, advance_clock):
    old = keys_of(app)[0]
    with app.app_context():
        pending = login.PendingTwoFactor(user_id=ole.id, epoch=1)
        both_keys = {"pending": pending, "keys": [NEXT_KEY, old], "address": HOME}
        two_factor.log_in(code=authenticator.code(), **both_keys)
        advance_clock(30)
        new_key = {"pending": pending, "keys": [NEXT_KEY], "address": HOME}
        two_factor.log_in(code=authenticator.code(), **new_key)


def test_recovery_codes_work_if_the_key_is_lost(app, ole, authenticator):
    with app.app_context():
        pending = {"pending": login.PendingTwoFactor(user_id=ole.id, epoch=1), "keys": [NEXT_KEY]}
        with pytest.raises(Unauthenticated):
            two_factor.log_in(code=authenticator.code(), address=HOME, **pending)
        two_factor.log_in(code=ole.codes[0], address=HOME, **pending)


def test_concurrent_logins_with_one_code_succeed_once(app, ole, authenticator):
    from tests.accounts.test_users import run_at_once

    pending = login.PendingTwoFactor(user_id=ole.id, epoch=1)
    code = authenticator.code()

    def enter():
        return two_factor.log_in(pending=pending, code=code, keys=keys_of(app), address=HOME)

    results = run_at_once(app, *[enter] * 4)
    assert len([result for result in results if isinstance(result, sessions.Session)]) == 1


def test_operations_without_a_second_factor_are_refused(app, ole):
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


def test_the_account_page_shows_whether_it_is_set_up(ole, advance_clock):
    assert "Set up two-factor authentication API tokens" in visible_text(ole.get("/account/").text)
    sets_up(ole)
    assert "Manage two-factor authentication API tokens" in visible_text(ole.get("/account/").text)
    assert "Two-factor authentication turned on" in audit.WORDS["second_factor.on"]
