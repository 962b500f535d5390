"""The audit log: changes outside the ledger and refused attempts; its page and command."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
import sqlalchemy as sa

from inventory import audit, catalog
from inventory.accounts import api_tokens, login, pins, throttling, users
from inventory.common import clock
from inventory.common.errors import InvalidInput, Unauthenticated
from inventory.db import db
from inventory.models import Audit
from tests.cli.test_cli import Shell
from tests.support.stock_builder import key
from tests.support.users import PASSWORD, form_fields, visible_text

HOME = "192.0.2.7"


def audit_rows(app, **fields):
    """Return (action, user_id, subject, detail) of the matching rows, oldest first."""
    with app.app_context():
        db.session.rollback()
        rows = db.session.execute(sa.select(Audit).filter_by(**fields).order_by(Audit.id)).scalars()
        return [(row.action, row.user_id, row.subject, json.loads(row.detail)) for row in rows]


def rows_on(person, query=""):
    """Return the text of each row of the page."""
    page = person.get(f"/audit/{query}").text
    return [visible_text(row) for row in re.findall(r'<tr id="note-\d+">.*?</tr>', page, re.DOTALL)]


def test_a_login_is_logged_with_method_and_address(app, person):
    ole = person("ole")
    [row] = audit_rows(app, action="user.login", user_id=ole.id)
    assert row[3] == {"address": "127.0.0.1", "by": "password"}


@pytest.mark.parametrize("name", ["ole", "my own password"])
def test_a_refused_login_is_logged_without_the_typed_text(app, person, name):
    ole = person("ole")
    with app.app_context(), pytest.raises(Unauthenticated):
        login.log_in(name=name, password="not the password", address=HOME)
    [(_, user_id, subject, detail)] = audit_rows(app, action="login.refused")
    assert user_id is None
    assert subject == (f"user {ole.id}" if name == "ole" else "an unknown name")
    assert detail == {"address": HOME, "by": "password", "why": ""}


def test_setting_and_refusing_a_pin_is_logged(app, person):
    ole = person("ole")
    with app.app_context():
        pins.set_pin(account=users.get_account(user_id=ole.id), pin="8531", tablet="t")
        with pytest.raises(Unauthenticated):
            pins.log_in(name="ole", pin="1358", tablet="t", address=HOME)
        pins.log_in(name="ole", pin="8531", tablet="t", address=HOME)
    assert len(audit_rows(app, action="user.set_pin", user_id=ole.id)) == 1
    assert audit_rows(app, action="login.refused")[0][3]["by"] == "PIN"
    assert audit_rows(app, action="user.login", user_id=ole.id)[-1][3]["by"] == "PIN"


def test_the_right_password_of_a_disabled_user_is_logged(app, person):
    ole = person("ole")
    with app.app_context():
        users.disable(user_id=ole.id)
    client = app.test_client()
    fields = form_fields(client.get("/login/").text)
    client.post("/login/", data={**fields, "name": "ole", "password": PASSWORD})
    assert audit_rows(app, action="login.refused")[0][3]["why"] == "disabled or not approved"


def test_a_wrong_current_password_and_a_throttle_reset_are_logged(app, person):
    ole = person("ole")
    with app.app_context():
        with pytest.raises(InvalidInput):
            login.change_password(user_id=ole.id, current="x", new="long enough", address=HOME)
        throttling.reset_throttle(name="OLE")
    assert audit_rows(app, action="password.refused")[0][1:3] == (ole.id, f"user {ole.id}")
    assert audit_rows(app, action="user.unlock")[0][2:] == (f"user {ole.id}", {"forgotten": 1})


def test_a_page_refused_by_role_is_logged_once_per_page(app, person):
    vic = person("vic")
    for _ in range(3):
        assert vic.get("/users/").status_code == 403
    assert vic.get("/checkup/").status_code == 403
    found = audit_rows(app, action="access.refused", user_id=vic.id)
    assert [row[2] for row in found] == ["page admin.users.index", "page admin.health.index"]
    assert found[0][3] == {"needed": "admin", "role": "viewer"}
    ole = person("ole")
    assert ole.get("/users/").status_code == 403
    assert len(audit_rows(app, action="access.refused", user_id=ole.id)) == 1


def test_an_api_request_beyond_the_role_of_its_token_is_logged(app, person):
    ole = person("ole")
    with app.app_context():
        _, secret = api_tokens.create_token(user_id=ole.id, name="shop", role="viewer")
    headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": "1"}
    answer = app.test_client().post("/api/v1/items", json={"code": "X"}, headers=headers)
    assert answer.status_code == 403
    [row] = audit_rows(app, action="access.refused")
    assert row[1] == ole.id


def test_a_page_is_refused_even_if_the_audit_log_is_busy(app, person, monkeypatch):
    def busy(**_):
        raise audit.Busy()

    vic = person("vic")
    monkeypatch.setattr(audit, "record_event", busy)
    assert vic.get("/users/").status_code == 403


def test_no_audit_row_contains_a_secret(app, person, ada):
    ole = person("ole")
    with app.app_context():
        account = users.get_account(user_id=ole.id)
        pins.set_pin(account=account, pin="8531", tablet="the tablet")
        _, secret = api_tokens.create_token(user_id=ole.id, name="shop")
        users.set_password(user_id=ole.id, password="the next password", actor_id=ada.id)
    address = "https://erp.example.com/hooks/topsecretpath?key=topsecretkey"
    ada.submit("/webhooks/", url=address)
    everything = json.dumps(audit_rows(app))
    assert "erp.example.com" in everything
    for text in (PASSWORD, "8531", "the tablet", secret, secret[:12], "the next", "topsecret"):
        assert text not in everything


@pytest.mark.parametrize("statement", ["UPDATE audit SET user_id = NULL", "DELETE FROM audit"])
def test_audit_rows_cannot_be_changed_or_deleted(app, ada, statement):
    with app.app_context(), pytest.raises(sa.exc.DBAPIError, match="append-only"):
        db.session.execute(sa.text(statement))


def test_the_labels_match_the_actions_of_the_source(app):
    root = app.extensions["inventory"].root_path / "inventory"
    files = [path for path in root.rglob("*.py") if path.name != "audit.py"]
    source = "".join(path.read_text() for path in files)
    source += (root.parent / "migrations/env.py").read_text()
    source += (root / "audit.py").read_text().partition("def record")[2]
    named = set(re.findall(r'action="([^"]+)"', source))
    assert len(named) > 10
    assert named <= set(audit.WORDS)
    assert [action for action in audit.WORDS if f'"{action}"' not in source] == []


# --- the page -------------------------------------------------------------------------------------


def test_the_page_lists_user_action_and_subject_newest_first(app, ada, person):
    ole = person("ole")
    with app.app_context():
        users.set_role(user_id=ole.id, role="inspector", actor_id=ada.id)
    first, second = rows_on(ada)[:2]
    assert "ada Role changed ole role inspector" in first
    assert "ole Signed in ole address 127.0.0.1; by password" in second


def test_the_user_filter_finds_actions_by_and_on_the_user(app, ada, person):
    ole, _ = person("ole"), person("vic")
    with app.app_context():
        with pytest.raises(Unauthenticated):
            login.log_in(name="ole", password="wrong one", address=HOME)
        users.set_role(user_id=ole.id, role="inspector", actor_id=ada.id)
    assert len(rows_on(ada, "?who=OLE")) == 4
    assert [row.split()[2] for row in rows_on(ada, "?who=ole&what=logins")] == ["Unknown", "ole"]
    assert len(rows_on(ada, "?what=login.refused")) == 1
    tomorrow = clock.today().toordinal() + 1
    from_tomorrow = f"?from={clock.today().fromordinal(tomorrow)}"
    assert rows_on(ada, from_tomorrow) == []
    assert len(rows_on(ada, f"?to={clock.today()}")) == len(rows_on(ada))
    assert rows_on(ada, "?who=nobody") == []
    with app.app_context():
        catalog.create_item(user_id=ole.id, key=key(), code="NUT", name="Nut")
    assert "ole Item created item NUT" in rows_on(ada, "?who=ole")[0]
    assert "No audit log entry matches all filters" in ada.get("/audit/?who=nobody").text


@pytest.mark.parametrize("query", ["?what=emperor", "?from=soon", "?who=%ff", "?rows=9999"])
def test_an_invalid_filter_is_no_error(ada, query):
    assert ada.get(f"/audit/{query}").status_code == 200


def test_a_forged_cursor_is_refused(ada):
    assert ada.get("/audit/?cursor=abc").status_code == 422


def test_a_long_audit_log_is_paginated(app, ada):
    with app.app_context():
        for number in range(60):
            code = f"I-{number}"
            catalog.create_item(user_id=ada.id, key=key(), code=code, name=code)
    first = ada.get("/audit/")
    assert len(rows_on(ada)) == 50
    assert "Show more" in first.text
    assert len(rows_on(ada, "?rows=100")) == 62


def test_formulas_and_markup_stay_text_on_the_page_and_in_exports(app, ada):
    with app.app_context():
        catalog.create_item(user_id=ada.id, key=key(), code="=1+1", name="<b>x</b>")
        catalog.update_item(user_id=ada.id, key=key(), item="=1+1", code="=2+2", reorder_point="5")
    assert "<b>x" not in ada.get("/audit/").text
    lines = list(csv.reader(io.StringIO(ada.get("/audit/export.csv?what=records").text)))[1:]
    assert [line[3] for line in lines] == ["Item edited", "Item created"]
    assert not [cell for line in lines for cell in line if cell.startswith(("=", "+", "@"))]
    assert lines[0][5] == "code =1+1 → =2+2; reorder point – → 5"


def test_only_admins_can_read_the_audit_log(person):
    ira = person("ira")
    for path in ("/audit/", "/audit/export.csv"):
        assert ira.get(path).status_code == 403
    assert "/audit/" not in ira.get("/").text


def test_the_settings_of_admins_link_to_the_audit_log(ada, person):
    assert 'href="/audit/"' in ada.get("/settings/").text
    assert 'href="/audit/"' not in person("ira").get("/settings/").text


# --- the command ----------------------------------------------------------------------------------


def test_the_command_filters_like_the_page(app, ada):
    with app.app_context():
        ben = users.create_user(name="Ben", password=PASSWORD, role="viewer")
        users.disable(user_id=ben.id)
        db.session.rollback()
    flask = Shell(app)
    listed = flask("audit", "list", "--who", "ben").output.splitlines()
    assert "Command line" in listed[1]
    assert "Account disabled" in listed[1]
    assert len(listed) == 3
    assert len(flask("audit", "list", "--what", "logins", "--limit", "1").output.splitlines()) == 2
    assert len(flask("audit", "list", "--since", "2999-01-01").output.splitlines()) == 1


def test_the_command_escapes_control_characters(app, ada):
    with app.app_context():
        audit.record_event(
            user_id=None, action="user.create", subject="x\n2027 forged\x1b[2J", name="\r"
        )
        db.session.rollback()
    output = Shell(app)("audit", "list").output
    assert "x\\n2027 forged\\x1b[2J" in output
    assert "\x1b" not in output
