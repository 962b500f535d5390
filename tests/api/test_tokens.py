"""API tokens: the functions of `api_tokens` and the commands."""

import hashlib
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from inventory.accounts import api_tokens, users
from inventory.cli.tokens import tokens as commands
from inventory.common import clock
from inventory.common.errors import Forbidden, InvalidInput, NotFound, Unauthenticated
from inventory.db import db
from inventory.models import ApiToken, Audit


@pytest.fixture(autouse=True)
def context(app):
    with app.app_context():
        yield


@pytest.fixture
def run(app):
    def invoke(*arguments):
        db.session.rollback()
        return app.test_cli_runner().invoke(commands, arguments)

    return invoke


def create_user(name="ada", role="operator"):
    return users.create_user(name=name, password="a quiet warehouse", role=role)


def create(role=None, **fields):
    fields.setdefault("name", "shop")
    if "user_id" not in fields:
        fields["user_id"] = create_user().id
    return api_tokens.create_token(role=role, **fields)


def authenticate(secret):
    db.session.rollback()
    return api_tokens.authenticate(secret)


def rows(statement):
    db.session.rollback()
    return db.session.execute(statement).scalars().all()


def test_a_token_identifies_user_and_role():
    token, secret = create()
    caller = authenticate(secret)
    assert (caller.user_name, caller.role, caller.token_id) == ("ada", "operator", token.id)
    assert caller.has_role("viewer")
    assert not caller.has_role("inspector")


def test_a_token_is_256_random_bits_with_the_prefix_inv():
    ada = create_user().id
    secrets = {create(user_id=ada)[1] for _ in range(20)}
    assert len(secrets) == 20
    assert all(re.fullmatch(r"inv_[A-Za-z0-9_-]{43}", secret) for secret in secrets)


def test_only_the_hash_of_a_token_is_stored():
    token, secret = create()
    (row,) = rows(sa.select(ApiToken))
    assert row.token_hash == hashlib.sha256(secret.encode()).digest()
    assert secret.startswith(row.prefix)
    assert len(row.prefix) == 10
    assert not any(secret in event.detail + event.subject for event in rows(sa.select(Audit)))
    assert secret not in repr(token)


@pytest.mark.parametrize("secret", ["", "inv_", "inv_" + "a" * 43, "\ud800", "é" * 10**5])
def test_an_unknown_token_is_refused(secret):
    create()
    with pytest.raises(Unauthenticated):
        authenticate(secret)


def test_a_token_can_have_a_lower_but_not_a_higher_role():
    ada = create_user(role="inspector").id
    _, secret = create("viewer", user_id=ada)
    assert authenticate(secret).role == "viewer"
    with pytest.raises(InvalidInput) as caught:
        create("admin", user_id=ada)
    assert caught.value.field == "role"


def test_a_token_has_at_most_the_current_role_of_its_user():
    ada = create_user(role="inspector").id
    _, secret = create(user_id=ada)
    users.set_role(user_id=ada, role="viewer")
    assert authenticate(secret).role == "viewer"
    users.set_role(user_id=ada, role="admin")
    assert authenticate(secret).role == "inspector"


def test_a_revoked_token_is_refused_at_once_and_permanently():
    token, secret = create()
    assert api_tokens.revoke_token(token_id=token.id).revoked_at
    with pytest.raises(Unauthenticated, match="revoked"):
        authenticate(secret)
    first = api_tokens.list_tokens()[0].revoked_at
    assert api_tokens.revoke_token(token_id=token.id).revoked_at == first


def test_an_expired_token_is_refused_at_once(monkeypatch):
    token, secret = create(expires_at=clock.now() + timedelta(days=2))
    assert token.is_usable
    monkeypatch.setattr(clock, "now", lambda: token.expires_at)
    assert not token.is_usable
    with pytest.raises(Unauthenticated, match="expired"):
        authenticate(secret)


def test_a_token_is_valid_for_at_most_a_year():
    ada = create_user().id
    assert create(user_id=ada)[0].expires_at <= clock.now() + timedelta(days=365)
    for days in (366, 0, -1):
        with pytest.raises(InvalidInput) as caught:
            create(user_id=ada, expires_at=clock.now() + timedelta(days=days))
        assert caught.value.field == "expires"


def test_a_token_is_refused_while_its_user_is_disabled():
    ada = create_user().id
    _, secret = create(user_id=ada)
    users.disable(user_id=ada)
    with pytest.raises(Unauthenticated):
        authenticate(secret)
    with pytest.raises(Forbidden):
        create(user_id=ada)
    users.enable(user_id=ada)
    assert authenticate(secret).user_id == ada


def test_the_last_use_is_written_at_most_once_a_minute(monkeypatch):
    token, secret = create()
    assert authenticate(secret).note
    api_tokens.touch_last_used(token_id=token.id)
    used = api_tokens.list_tokens()[0].last_used_at
    assert used
    assert not authenticate(secret).note
    api_tokens.touch_last_used(token_id=token.id)
    assert api_tokens.list_tokens()[0].last_used_at == used
    later = clock.now() + timedelta(minutes=1, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert authenticate(secret).note
    api_tokens.touch_last_used(token_id=token.id)
    db.session.rollback()
    assert api_tokens.list_tokens()[0].last_used_at == later


def test_users_can_revoke_only_their_own_tokens():
    token, _ = create()
    with pytest.raises(NotFound):
        api_tokens.revoke_token(token_id=token.id, user_id=token.user_id + 1)
    with pytest.raises(NotFound):
        api_tokens.revoke_token(token_id=4711)
    assert api_tokens.revoke_token(token_id=token.id, user_id=token.user_id).revoked_at


def test_creating_and_revoking_a_token_is_audited():
    token, _ = create()
    api_tokens.revoke_token(token_id=token.id, actor_id=token.user_id)
    api_tokens.revoke_token(token_id=token.id, actor_id=token.user_id)
    found = rows(sa.select(Audit).where(Audit.subject == f"token {token.id}").order_by(Audit.id))
    assert [(event.action, event.user_id) for event in found] == [
        ("token.create", None),
        ("token.revoke", token.user_id),
    ]


# --- the command line -----------------------------------------------------------------------------


def test_tokens_create_prints_only_the_token(run):
    create_user()
    day = (clock.now() + timedelta(days=10)).date()
    done = run(
        "create", "--user", "Ada", "--name", "shop", "--role", "viewer", "--expires", str(day)
    )
    assert done.exit_code == 0, done.output
    assert re.fullmatch(r"inv_[\w-]{43}\n", done.stdout)
    assert authenticate(done.stdout.strip()).role == "viewer"
    assert api_tokens.list_tokens()[0].expires_at.astimezone(clock.zone()).date() == day


def test_an_expiry_date_is_at_most_365_days_away(run):
    create_user()
    today = clock.today()
    for days, code in ((365, 0), (366, 1), (-1, 1), (0, 0)):
        day = str(today + timedelta(days=days))
        assert (
            run("create", "--user", "ada", "--name", "x", "--expires", str(day)).exit_code == code
        )
    assert run("create", "--user", "ada", "--name", "x", "--expires", "9999-12-31").exit_code == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("create", "--user", "nobody", "--name", "x"),
        ("create", "--user", "ada", "--name", ""),
        ("create", "--user", "ada", "--name", "x", "--role", "admin"),
        ("create", "--user", "ada", "--name", "x", "--role", "king"),
        ("create", "--user", "ada", "--name", "x", "--expires", "tomorrow"),
        ("list", "--user", "nobody"),
        ("revoke", "4711"),
        ("revoke", "0"),
        ("revoke", "9" * 30),
    ],
)
def test_a_refused_command_prints_an_error_and_exits_nonzero(run, arguments):
    create_user()
    done = run(*arguments)
    assert done.exit_code in (1, 2)
    assert not done.stdout
    assert "Error: " in done.stderr
    assert "Traceback" not in done.output


def test_tokens_list_and_revoke(run):
    ada, bob = create_user(), create_user("bob")
    token, secret = create(user_id=ada.id)
    create(user_id=bob.id, name="other")
    assert run("revoke", str(token.id)).exit_code == 0
    with pytest.raises(Unauthenticated):
        authenticate(secret)
    listed = run("list").stdout.splitlines()
    assert len(listed) == 2
    assert listed[0].split("\t")[:5] == [
        str(token.id),
        f"{token.prefix}…",
        "ada",
        "shop",
        "operator",
    ]
    assert "revoked" in listed[0]
    assert "never used" in listed[0]
    assert len(run("list", "--user", "bob").stdout.splitlines()) == 1
    assert secret not in run("list").output
