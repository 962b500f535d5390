"""Login sessions: listing and ending them, expiry, and what the database stores."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from inventory import create_app
from inventory.accounts import sessions, users
from inventory.common import clock
from inventory.common.errors import Busy
from inventory.db import db
from inventory.models import Audit
from inventory.models.credentials import LoginSession
from tests.support.users import PASSWORD, visible_text

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
CHROME = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36"


class Device:
    def __init__(self, app, agent, address="192.0.2.7"):
        self.app, self.client = app, app.test_client()
        self.client.environ_base |= {"HTTP_USER_AGENT": agent, "REMOTE_ADDR": address}

    def sends(self, path, page="/login/", **typed):
        html = self.client.get(page, follow_redirects=True).text
        token = re.search(r'name="csrf_token" value="([^"]+)"', html)[1]
        return self.client.post(path, data={"csrf_token": token, **typed})

    def logs_in(self, name="ole"):
        assert self.sends("/login/", name=name, password=PASSWORD).status_code == 303
        return self

    def is_in(self):
        return self.client.get("/account/").status_code == 200

    def sessions(self):
        """Return (number, text) of each session that the account page lists."""
        html = self.client.get("/account/").text
        rows = re.findall(r'<tr id="place-(\d+)">(.*?)</tr>', html, re.DOTALL)
        return [(int(number), visible_text(row)) for number, row in rows]


@pytest.fixture
def desk(app):
    with app.app_context():
        users.create_user(name="ole", password=PASSWORD, role="operator")
    return Device(app, FIREFOX).logs_in()


@pytest.fixture
def phone(app, desk):
    return Device(app, CHROME, "198.51.100.9").logs_in()


def session_rows(app):
    with app.app_context():
        db.session.rollback()
        return db.session.execute(sa.select(LoginSession).order_by(LoginSession.id)).scalars().all()


def test_the_account_page_lists_sessions_and_marks_the_current_one(desk, phone):
    first, second = desk.sessions()
    assert "Chrome on Android" in first[1]
    assert "198.51.100.9" in first[1]
    assert "This session" not in first[1]
    assert "Firefox on Linux This session Password, 192.0.2.7" in second[1]
    assert [("This session" in words) for _, words in phone.sessions()] == [True, False]


def test_ending_a_session_keeps_the_others(app, desk, phone):
    third = Device(app, "curl/8").logs_in()
    [(number, _)] = [row for row in desk.sessions() if "Android" in row[1]]
    assert desk.sends(f"/account/sessions/{number}/end/", "/account/").location == "/account/"
    assert "The session was signed out." in desk.client.get("/account/").text
    assert (desk.is_in(), phone.is_in(), third.is_in()) == (True, False, True)


def test_ending_all_other_sessions_keeps_the_current_one(app, desk, phone):
    third = Device(app, "curl/8").logs_in()
    desk.sends("/account/sessions/others/end/", "/account/")
    assert (desk.is_in(), phone.is_in(), third.is_in()) == (True, False, False)
    assert "Sign out all other sessions" not in desk.client.get("/account/").text
    with app.app_context():
        [row] = db.session.execute(sa.select(Audit).filter_by(action="user.end_session")).scalars()
        assert '"sessions": 2' in row.detail


def test_sessions_of_other_users_cannot_be_seen_or_ended(app, desk, person):
    vic = person("vic")
    [(number, _)] = desk.sessions()
    assert f"place-{number}" not in vic.get("/account/").text
    csrf = re.search(r'name="csrf_token" value="([^"]+)"', vic.get("/account/").text)[1]
    vic.post(f"/account/sessions/{number}/end/", {"csrf_token": csrf})
    assert "has ended already" in vic.get("/account/").text
    vic.post("/account/sessions/others/end/", {"csrf_token": csrf})
    assert desk.is_in()


def test_a_cookie_without_its_row_is_refused_in_every_process(app, config, desk):
    other = create_app(config)
    cookie = desk.client.get_cookie("session")
    other_client = other.test_client()
    other_client.set_cookie(cookie.key, cookie.value)
    assert other_client.get("/account/").status_code == 200
    with app.app_context():
        db.session.execute(sa.delete(LoginSession))
        db.session.commit()
    assert other_client.get("/account/").status_code == 303
    assert not desk.is_in()
    with other.app_context():
        db.session.remove()
        db.engine.dispose()


def test_the_database_stores_only_a_hash_of_the_session_id(app, desk):
    with desk.client.session_transaction() as kept:
        session_id = kept["sid"]
    [row] = session_rows(app)
    assert row.id_hash == hashlib.sha256(session_id.encode()).digest()
    assert len(session_id) >= 32


def test_a_session_row_is_valid_for_its_own_user_only(app, desk, person):
    vic = person("vic")
    with desk.client.session_transaction() as kept:
        kept["_user_id"] = str(vic.id)
    assert not desk.is_in()


@pytest.mark.parametrize(
    ("name", "age"),
    [("began_at", sessions.MAX_AGE), ("seen_at", timedelta(hours=12, minutes=6))],
)
def test_a_session_row_expires_when_idle_and_when_old(app, desk, name, age):
    with app.app_context():
        values = {name: clock.now() - age}
        db.session.execute(sa.update(LoginSession).values(**values))
        db.session.commit()
    assert not desk.is_in()


def test_a_changed_password_ends_and_hides_other_sessions(app, desk, phone):
    desk.sends("/account/password/", "/account/", current_password=PASSWORD, password="a new one!")
    assert not phone.is_in()
    assert len(desk.sessions()) == 1


def test_a_changed_password_gives_the_session_a_new_id(desk):
    with desk.client.session_transaction() as kept:
        before = kept["sid"]
    desk.sends("/account/password/", "/account/", current_password=PASSWORD, password="a new one!")
    with desk.client.session_transaction() as kept:
        assert kept["sid"] != before


def test_last_seen_is_written_every_five_minutes_and_not_by_polls(app, desk, monkeypatch):
    calls = []
    touch = sessions.touch

    def record_call(**kwargs):
        calls.append(kwargs)
        touch(**kwargs)

    monkeypatch.setattr(sessions, "touch", record_call)
    for _ in range(3):
        desk.client.get("/account/")
    assert calls == []
    an_hour_ago = clock.now() - timedelta(hours=1)
    with app.app_context():
        db.session.execute(sa.update(LoginSession).values(seen_at=an_hour_ago))
        db.session.commit()
    desk.client.get("/account/", headers={"HX-PTag": "7"})
    assert calls == []
    for _ in range(3):
        desk.client.get("/account/").close()  # last_seen is written when the response is closed
    assert len(calls) == 1
    assert session_rows(app)[0].seen_at > an_hour_ago


def test_a_page_is_served_if_last_seen_cannot_be_written(app, desk, monkeypatch):
    def busy(**_):
        raise Busy()

    monkeypatch.setattr(sessions, "touch", busy)
    busy.__name__ = "touch"
    with app.app_context():
        an_hour_ago = clock.now() - timedelta(hours=1)
        db.session.execute(sa.update(LoginSession).values(seen_at=an_hour_ago))
        db.session.commit()
    answer = desk.client.get("/account/")
    answer.close()
    assert answer.status_code == 200


def test_expired_sessions_are_removed_at_the_next_login(app, desk):
    with app.app_context():
        long_ago = clock.now() - sessions.MAX_AGE
        db.session.execute(sa.update(LoginSession).values(began_at=long_ago))
        db.session.commit()
    Device(app, CHROME).logs_in()
    assert [row.browser for row in session_rows(app)] == ["Chrome on Android"]


@pytest.mark.parametrize(
    ("user_agent", "family"),
    [
        (FIREFOX, "Firefox on Linux"),
        (CHROME, "Chrome on Android"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/126.0 Safari/537.36 Edg/126.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone) CriOS/126 Mobile Safari/604.1", "Chrome on iPhone"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) Version/17 Safari/605", "Safari on Mac"),
        ("curl/8.5.0", "A program"),
        ("", "Unknown"),
        ("<script>alert(1)</script>\r\n", "Unknown"),
        ("x" * 100_000, "Unknown"),
    ],
)
def test_only_the_browser_family_of_a_user_agent_is_kept(user_agent, family):
    assert sessions.browser_name(user_agent) == family
