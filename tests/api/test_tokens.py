"""API tokens, at the height of the verbs and of the command line."""

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
    def invoke(*words):
        db.session.rollback()
        return app.test_cli_runner().invoke(commands, words)

    return invoke


def user(name="ada", role="operator"):
    return users.create_user(name=name, password="a quiet warehouse", role=role)


def make(role=None, **fields):
    fields.setdefault("name", "shop")
    if "user_id" not in fields:
        fields["user_id"] = user().id
    return api_tokens.create_token(role=role, **fields)


def show(secret):
    db.session.rollback()
    return api_tokens.authenticate(secret)


def rows(statement):
    db.session.rollback()
    return db.session.execute(statement).scalars().all()


def test_a_token_says_who_calls_and_as_what():
    token, secret = make()
    caller = show(secret)
    assert (caller.user_name, caller.role, caller.token_id) == ("ada", "operator", token.id)
    assert caller.has_role("viewer")
    assert not caller.has_role("inspector")


def test_a_token_is_256_random_bits_behind_a_prefix_that_scanners_know():
    ada = user().id
    secrets = {make(user_id=ada)[1] for _ in range(20)}
    assert len(secrets) == 20
    assert all(re.fullmatch(r"inv_[A-Za-z0-9_-]{43}", secret) for secret in secrets)


def test_only_the_hash_of_a_token_is_kept():
    token, secret = make()
    (kept,) = rows(sa.select(ApiToken))
    assert kept.token_hash == hashlib.sha256(secret.encode()).digest()
    assert secret.startswith(kept.prefix)
    assert len(kept.prefix) == 10
    assert not any(secret in row.detail + row.subject for row in rows(sa.select(Audit)))
    assert secret not in repr(token)


@pytest.mark.parametrize("secret", ["", "inv_", "inv_" + "a" * 43, "\ud800", "é" * 10**5])
def test_an_unknown_token_is_turned_away(secret):
    make()
    with pytest.raises(Unauthenticated):
        show(secret)


def test_a_token_may_be_weaker_than_its_user_but_not_stronger():
    ada = user(role="inspector").id
    _, secret = make("viewer", user_id=ada)
    assert show(secret).role == "viewer"
    with pytest.raises(InvalidInput) as caught:
        make("admin", user_id=ada)
    assert caught.value.field == "role"


def test_a_token_falls_with_its_users_role():
    ada = user(role="inspector").id
    _, secret = make(user_id=ada)
    users.set_role(user_id=ada, role="viewer")
    assert show(secret).role == "viewer"
    users.set_role(user_id=ada, role="admin")
    assert show(secret).role == "inspector"


def test_a_revoked_token_is_refused_at_once_and_for_good():
    token, secret = make()
    assert api_tokens.revoke_token(token_id=token.id).revoked_at
    with pytest.raises(Unauthenticated, match="revoked"):
        show(secret)
    first = api_tokens.list_tokens()[0].revoked_at
    assert api_tokens.revoke_token(token_id=token.id).revoked_at == first


def test_an_expired_token_is_refused_at_once(monkeypatch):
    token, secret = make(expires_at=clock.now() + timedelta(days=2))
    assert token.is_usable
    monkeypatch.setattr(clock, "now", lambda: token.expires_at)
    assert not token.is_usable
    with pytest.raises(Unauthenticated, match="expired"):
        show(secret)


def test_no_token_lives_longer_than_a_year():
    ada = user().id
    assert make(user_id=ada)[0].expires_at <= clock.now() + timedelta(days=365)
    for days in (366, 0, -1):
        with pytest.raises(InvalidInput) as caught:
            make(user_id=ada, expires_at=clock.now() + timedelta(days=days))
        assert caught.value.field == "expires"


def test_the_token_of_a_disabled_user_is_refused_until_the_user_is_back():
    ada = user().id
    _, secret = make(user_id=ada)
    users.disable(user_id=ada)
    with pytest.raises(Unauthenticated):
        show(secret)
    with pytest.raises(Forbidden):
        make(user_id=ada)
    users.enable(user_id=ada)
    assert show(secret).user_id == ada


def test_the_last_use_is_noted_at_most_once_a_minute(monkeypatch):
    token, secret = make()
    assert show(secret).note
    api_tokens.touch_last_used(token_id=token.id)
    used = api_tokens.list_tokens()[0].last_used_at
    assert used
    assert not show(secret).note
    api_tokens.touch_last_used(token_id=token.id)
    assert api_tokens.list_tokens()[0].last_used_at == used
    later = clock.now() + timedelta(minutes=1, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert show(secret).note
    api_tokens.touch_last_used(token_id=token.id)
    db.session.rollback()
    assert api_tokens.list_tokens()[0].last_used_at == later


def test_a_user_revokes_only_their_own_tokens():
    token, _ = make()
    with pytest.raises(NotFound):
        api_tokens.revoke_token(token_id=token.id, user_id=token.user_id + 1)
    with pytest.raises(NotFound):
        api_tokens.revoke_token(token_id=4711)
    assert api_tokens.revoke_token(token_id=token.id, user_id=token.user_id).revoked_at


def test_making_and_revoking_a_token_is_audited():
    token, _ = make()
    api_tokens.revoke_token(token_id=token.id, actor_id=token.user_id)
    api_tokens.revoke_token(token_id=token.id, actor_id=token.user_id)
    found = rows(sa.select(Audit).where(Audit.subject == f"token {token.id}").order_by(Audit.id))
    assert [(one.action, one.user_id) for one in found] == [
        ("token.create", None),
        ("token.revoke", token.user_id),
    ]


# --- the command line -----------------------------------------------------------------------------


def test_tokens_create_prints_the_token_alone(run):
    user()
    day = (clock.now() + timedelta(days=10)).date()
    done = run(
        "create", "--user", "Ada", "--name", "shop", "--role", "viewer", "--expires", str(day)
    )
    assert done.exit_code == 0, done.output
    assert re.fullmatch(r"inv_[\w-]{43}\n", done.stdout)
    assert show(done.stdout.strip()).role == "viewer"
    assert api_tokens.list_tokens()[0].expires_at.astimezone(clock.zone()).date() == day


def test_the_last_day_that_may_be_named_is_365_days_away(run):
    user()
    today = clock.today()
    for days, code in ((365, 0), (366, 1), (-1, 1), (0, 0)):
        day = str(today + timedelta(days=days))
        assert (
            run("create", "--user", "ada", "--name", "x", "--expires", str(day)).exit_code == code
        )
    assert run("create", "--user", "ada", "--name", "x", "--expires", "9999-12-31").exit_code == 1


@pytest.mark.parametrize(
    "words",
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
def test_what_cannot_be_done_is_one_sentence_and_an_exit_code(run, words):
    user()
    done = run(*words)
    assert done.exit_code in (1, 2)
    assert not done.stdout
    assert "Error: " in done.stderr
    assert "Traceback" not in done.output


def test_tokens_list_and_revoke(run):
    ada, bob = user(), user("bob")
    token, secret = make(user_id=ada.id)
    make(user_id=bob.id, name="other")
    assert run("revoke", str(token.id)).exit_code == 0
    with pytest.raises(Unauthenticated):
        show(secret)
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
