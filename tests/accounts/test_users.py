"""Accounts, passwords, registration, sign-in and throttling, through the public functions."""

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from argon2 import extract_parameters

from inventory.accounts import login, passwords, registration, sessions, throttling, users
from inventory.common import clock
from inventory.common.errors import Forbidden, InvalidInput, NotFound, Unauthenticated
from inventory.db import db
from inventory.models import Audit, LoginAttempt, User

PASSWORD = "a quiet warehouse"
HOME = "192.0.2.7"


@pytest.fixture(autouse=True)
def context(app):
    with app.app_context():
        yield


def create_user(name="ada", role="operator"):
    return users.create_user(name=name, password=PASSWORD, role=role)


def register(name="ada", policy="approval", role="operator", **more):
    return registration.register(name=name, password=PASSWORD, policy=policy, role=role, **more)


def log_in(name="ada", password=PASSWORD, address=HOME):
    return login.log_in(name=name, password=password, address=address)


def is_valid(session):
    return sessions.find(user_id=session.account.id, session_id=session.id) is not None


def rows(statement):
    db.session.rollback()
    return db.session.execute(statement).scalars().all()


def run_at_once(app, *calls):
    """Run the calls in threads that start together; return what each returned or raised."""
    barrier = threading.Barrier(len(calls))
    results = [None] * len(calls)

    def run(index, call):
        with app.app_context():
            barrier.wait()
            try:
                results[index] = call()
            except Exception as error:
                results[index] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


# --- registration ---------------------------------------------------------------------------------


def test_first_account_is_admin_and_later_ones_need_approval():
    assert registration.is_first()
    first = register("ada")
    assert (first.role, first.is_usable) == ("admin", True)
    assert not registration.is_first()
    second = register("ben")
    assert (second.role, second.is_usable) == ("viewer", False)


def test_concurrent_registrations_create_exactly_one_admin(app):
    results = run_at_once(app, *(lambda name=name: register(name) for name in "abcdefgh"))
    assert sorted(account.role for account in results) == ["admin"] + ["viewer"] * 7


def test_concurrent_registrations_of_one_name_create_one_account(app):
    results = run_at_once(app, *(lambda: register("ada", policy="open") for _ in range(6)))
    assert sum(isinstance(result, users.Account) for result in results) == 1
    assert all(r.field == "name" for r in results if not isinstance(r, users.Account))


def test_open_registration_assigns_the_configured_role():
    register("ada")
    account = register("ben", policy="open", role="operator")
    assert (account.role, account.is_usable) == ("operator", True)


def test_closed_registration_still_accepts_the_first_account():
    assert register("ada", policy="closed").role == "admin"
    with pytest.raises(Forbidden):
        register("ben", policy="closed")


def test_first_account_needs_the_setup_code_if_one_is_expected():
    code = registration.setup_code(secret_key="k" * 40)
    assert code != registration.setup_code(secret_key="j" * 40)
    with pytest.raises(InvalidInput) as refused:
        register("eve", expected_code=code, code="AAAA-BBBB-CCCC")
    assert refused.value.field == "code"
    with pytest.raises(InvalidInput):
        register("eve", expected_code=code)
    assert registration.is_first()
    typed = f" {code.lower().replace('-', ' ')} "
    assert register("ada", expected_code=code, code=typed).role == "admin"
    assert register("ben", expected_code=code).role == "viewer"


def test_setup_code_is_expected_off_loopback_and_behind_a_proxy():
    def expected(**where):
        return registration.expected_code(secret_key="k" * 40, **where)

    assert expected(is_loopback=True, proxy_count=0) is None
    assert expected(is_loopback=False, proxy_count=0) is not None
    assert expected(is_loopback=True, proxy_count=1) is not None


@pytest.mark.parametrize("name", ["ADA", " ada ", "Ａｄａ", "aDa"])
def test_names_that_look_the_same_are_the_same(name):
    create_user("ada")
    with pytest.raises(InvalidInput) as refused:
        create_user(name)
    assert refused.value.field == "name"
    assert users.find_account(name=name).name == "ada"


@pytest.mark.parametrize("name", ["ɑnna", "ᴀɴɴᴀ", "ann a"])
def test_a_name_must_not_look_like_another(name):
    create_user("anna")
    with pytest.raises(InvalidInput, match=r"looks like another user's|mixes") as refused:
        create_user(name)
    assert refused.value.field == "name"


@pytest.mark.parametrize("hidden", "\u2065\ufff0\U000e0fff\U00016fe4\U0001d159\U00013441\u00ad")
def test_a_name_has_visible_characters_only(hidden):
    with pytest.raises(InvalidInput, match="invisible character"):
        create_user(f"an{hidden}na")


@pytest.mark.parametrize("name", ["", "  ", "a" * 101, "a\0b", "ad\u200ba", "a\nb", None, "\ud800"])
def test_invalid_name_is_refused(name):
    with pytest.raises(InvalidInput) as refused:
        create_user(name)
    assert refused.value.field == "name"


# --- passwords ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "password", ["", "short12", "x" * 257, "password", "Qwertyuiop", "ada-lovelace", None]
)
def test_a_bad_password_is_refused(password):
    with pytest.raises(InvalidInput) as refused:
        users.create_user(name="Ada-Lovelace", password=password, role="viewer")
    assert refused.value.field == "password"


@pytest.mark.parametrize("password", ["eight ch", "x1" * 128, "schöne grüße", "只要長度夠就可以"])
def test_a_long_enough_password_needs_no_digits_or_signs(password):
    users.create_user(name="ada", password=password, role="viewer")
    assert log_in(password=password).account.name == "ada"


def test_the_hash_is_argon2id_and_no_password_is_kept():
    create_user()
    (kept,) = rows(sa.select(User.password_hash))
    assert kept.startswith("$argon2id$")
    assert PASSWORD not in kept + "".join(rows(sa.select(Audit.detail)))


def test_login_rehashes_a_password_of_another_cost(config):
    passwords.configure(time_cost=1, memory_kib=16)
    create_user()
    (before,) = rows(sa.select(User.password_hash))
    passwords.configure(time_cost=2, memory_kib=16)
    try:
        log_in()
        (after,) = rows(sa.select(User.password_hash))
        assert "t=1" in before
        assert "t=2" in after
        log_in()
    finally:
        passwords.configure(
            time_cost=config.password_time_cost, memory_kib=config.password_memory_kib
        )


def test_missing_or_malformed_hash_never_matches():
    assert not passwords.verify_password(None, "nobody")
    assert not passwords.verify_password("not a hash", PASSWORD)


def test_an_unknown_name_costs_as_much_work_as_a_wrong_password(monkeypatch):
    """The same number of hashes is verified, with the same cost, so the time tells nothing."""
    create_user()
    verified = []
    hasher = passwords._hasher

    class RecordingHasher:
        def verify(self, password_hash, text):
            verified.append(extract_parameters(password_hash))
            return hasher.verify(password_hash, text)

        def __getattr__(self, name):
            return getattr(hasher, name)

    monkeypatch.setattr(passwords, "_hasher", RecordingHasher())
    for name in ("ada", "unknown"):
        with pytest.raises(Unauthenticated):
            log_in(name, password="wrong password")
    known, unknown = verified
    assert known == unknown


def test_password_change_based_on_an_old_hash_is_refused():
    account = create_user()
    (seen,) = rows(sa.select(User.password_hash))
    users.set_password(user_id=account.id, password="something else")
    with pytest.raises(InvalidInput) as refused:
        users.update_password_hash(
            user_id=account.id, password_hash="new", actor_id=account.id, expected_hash=seen
        )
    assert refused.value.field == "current_password"
    assert log_in(password="something else")


def test_changing_the_password_needs_the_current_one():
    account = create_user()
    with pytest.raises(InvalidInput) as refused:
        login.change_password(user_id=account.id, current="guess", new="another one", address=HOME)
    assert refused.value.field == "current_password"
    changed = login.change_password(
        user_id=account.id, current=PASSWORD, new="another one", address=HOME
    )
    assert changed.session_epoch == account.session_epoch + 1
    assert log_in(password="another one")
    with pytest.raises(Unauthenticated):
        log_in()


# --- roles and approval ---------------------------------------------------------------------------


def test_each_role_includes_the_roles_below_it():
    viewer, admin = create_user("v", "viewer"), create_user("a", "admin")
    assert [viewer.has_role(role) for role in users.ROLES] == [True, False, False, False]
    assert all(admin.has_role(role) for role in users.ROLES)


@pytest.mark.parametrize("demote", ["set_role", "disable", "approve"])
def test_the_last_active_admin_stays(demote):
    admin = create_user("ada", "admin")
    users.disable(user_id=create_user("ben", "admin").id)
    values = {"role": "viewer"} if demote != "disable" else {}
    with pytest.raises(Forbidden):
        getattr(users, demote)(user_id=admin.id, **values)
    assert users.get_account(user_id=admin.id) == admin


def test_two_admins_cannot_demote_each_other_at_once(app):
    ada, ben = create_user("ada", "admin"), create_user("ben", "admin")
    run_at_once(
        app,
        lambda: users.set_role(user_id=ada.id, role="viewer", actor_id=ben.id),
        lambda: users.set_role(user_id=ben.id, role="viewer", actor_id=ada.id),
    )
    assert sorted(account.role for account in users.list_accounts()) == ["admin", "viewer"]


def test_an_unknown_role_or_account_is_refused():
    with pytest.raises(InvalidInput):
        create_user("ada", "emperor")
    with pytest.raises(NotFound):
        users.set_role(user_id=99, role="viewer")


def test_every_change_is_audited():
    admin, user = create_user("ada", "admin"), create_user("ben", "viewer")
    users.set_role(user_id=user.id, role="inspector", actor_id=admin.id)
    users.set_password(user_id=user.id, password="something else", actor_id=admin.id)
    users.disable(user_id=user.id, actor_id=admin.id)
    users.enable(user_id=user.id, actor_id=admin.id)
    users.approve(user_id=user.id, role="operator", actor_id=admin.id)
    users.end_sessions(user_id=user.id, actor_id=user.id)
    actions = [
        (row.action, row.user_id, row.subject)
        for row in rows(sa.select(Audit).order_by(Audit.id))
        if row.subject == f"user {user.id}"
    ]
    assert actions == [
        ("user.create", None, f"user {user.id}"),
        ("user.set_role", admin.id, f"user {user.id}"),
        ("user.set_password", admin.id, f"user {user.id}"),
        ("user.disable", admin.id, f"user {user.id}"),
        ("user.enable", admin.id, f"user {user.id}"),
        ("user.approve", admin.id, f"user {user.id}"),
        ("user.end_sessions", user.id, f"user {user.id}"),
    ]


@pytest.fixture
def pass_an_hour(monkeypatch):
    """`pass_an_hour()` moves the clock forward by one hour."""
    now = [clock.now()]
    monkeypatch.setattr(clock, "now", lambda: now[0])

    def pass_hour():
        now[0] += timedelta(hours=1)

    return pass_hour


def _register_taken_name(count, address):
    """Register a taken name. The attempts count, so that taken names cannot be probed."""
    for _ in range(count):
        with pytest.raises(InvalidInput, match="taken"):
            register("ada", address=address)


def test_20_registrations_from_one_address_block_it_for_an_hour(pass_an_hour):
    create_user("ada", "admin")
    register("ben", address=HOME)
    _register_taken_name(19, HOME)
    with pytest.raises(throttling.TooManyAttempts, match=r"Too many accounts.* Wait 60") as refused:
        register("cy", address=HOME)
    assert refused.value.figures["retry_after"] == 3600
    assert not register("cy", address="192.0.2.8").is_usable
    log_in("ada", address=HOME)
    pass_an_hour()
    assert not register("dee", address=HOME).is_usable


def test_200_registrations_in_total_block_registration_until_reset():
    create_user("ada", "admin")
    _add_attempts(throttling.MAX_REGISTRATIONS, throttling.REGISTRATION_KEY)
    with pytest.raises(throttling.TooManyAttempts):
        register("ben", address="198.51.100.1")
    assert log_in("ada").account.name == "ada"
    assert throttling.reset_throttle() == 200
    assert not register("ben", address="198.51.100.1").is_usable


def _add_attempts(count, name_key):
    for number in range(count):
        attempt = LoginAttempt(at=clock.now(), name_key=name_key, address=f"203.0.113.{number}")
        db.session.add(attempt)
    db.session.commit()


def test_sign_in_attempts_and_registrations_are_counted_separately():
    create_user("ada", "admin")
    _register_taken_name(19, HOME)
    for _ in range(3):
        with pytest.raises(Unauthenticated):
            log_in(password="wrong password")
    _register_taken_name(1, HOME)
    with pytest.raises(throttling.TooManyAttempts):
        register("ben", address=HOME)


# --- signing in and out ---------------------------------------------------------------------------


def test_login_starts_a_session_and_stores_the_time():
    create_user()
    session = log_in("ADA")
    assert is_valid(session)
    assert session.account.last_login_at is not None
    assert log_in().id != session.id


@pytest.mark.parametrize("name", ["ada", "nobody", "", "\0", "a" * 5000, "\ud800"])
def test_wrong_name_and_wrong_password_have_the_same_message(name):
    create_user()
    with pytest.raises(Unauthenticated) as refused:
        log_in(name, password="wrong password")
    assert refused.value.detail == "The name or the password is wrong."


@pytest.mark.parametrize("password", ["", "\0", "x" * 100_000, "\ud800", None])
def test_password_of_any_form_is_refused_as_wrong(password):
    create_user()
    with pytest.raises(Unauthenticated):
        log_in(password=password)


def test_account_status_is_shown_only_with_the_right_password():
    create_user("ada", "admin")
    ben = register("ben")
    with pytest.raises(Forbidden, match="approval"):
        log_in("ben")
    with pytest.raises(Unauthenticated):
        log_in("ben", password="wrong password")
    users.approve(user_id=ben.id, role="operator")
    assert log_in("ben").account.role == "operator"
    users.disable(user_id=ben.id)
    with pytest.raises(Forbidden, match="disabled"):
        log_in("ben")


@pytest.mark.parametrize("end", ["disable", "end_sessions", "set_password"])
def test_disabling_ending_or_new_password_ends_every_session(end):
    create_user("root", "admin")
    user = create_user()
    first, second = log_in(), log_in()
    values = {"password": "something else"} if end == "set_password" else {}
    getattr(users, end)(user_id=user.id, **values)
    assert not is_valid(first)
    assert not is_valid(second)


@pytest.mark.parametrize("column", ["disabled_at", "approved_at"])
def test_session_of_a_disabled_or_unapproved_account_is_invalid(column):
    create_user()
    session = log_in()
    value = clock.now() if column == "disabled_at" else None
    db.session.execute(sa.update(User).values({column: value}))
    db.session.commit()
    assert not is_valid(session)


def test_logging_out_ends_that_session_and_no_other():
    user = create_user()
    first, second = log_in(), log_in()
    sessions.log_out(user_id=user.id, session_id=first.id)
    sessions.log_out(user_id=user.id, session_id=first.id)
    assert not is_valid(first)
    assert is_valid(second)


def test_10_wrong_passwords_block_that_name_and_address_only():
    create_user()
    create_user("ben")
    for _ in range(10):
        with pytest.raises(Unauthenticated):
            log_in(password="wrong password")
    with pytest.raises(throttling.TooManyAttempts) as refused:
        log_in()
    assert 290 <= refused.value.figures["retry_after"] <= 300
    assert log_in(address="198.51.100.1")
    assert log_in("ben")


def test_concurrent_sign_in_attempts_are_all_counted(app):
    create_user()
    results = run_at_once(app, *(lambda: log_in(password="wrong password") for _ in range(16)))
    assert sum(isinstance(result, Unauthenticated) for result in results) == 10
    assert sum(isinstance(result, throttling.TooManyAttempts) for result in results) == 6


def test_successful_login_resets_the_failed_attempts():
    create_user()
    for _ in range(3):
        for _ in range(9):
            with pytest.raises(Unauthenticated):
                log_in(password="wrong password")
        assert log_in()


def _add_old_attempts(count, address, seconds_ago=10, name="x{}"):
    at = clock.now() - timedelta(seconds=seconds_ago)
    db.session.execute(
        sa.insert(LoginAttempt),
        [{"at": at, "name_key": name.format(n), "address": address} for n in range(count)],
    )
    db.session.commit()


def test_100_attempts_from_one_address_block_it_for_five_minutes():
    create_user()
    _add_old_attempts(100, HOME)
    with pytest.raises(throttling.TooManyAttempts):
        log_in()
    assert log_in(address="198.51.100.1")
    assert throttling.reset_throttle() == 100
    _add_old_attempts(100, HOME, seconds_ago=301)
    assert log_in()


def test_1000_attempts_in_total_block_login_until_reset():
    create_user()
    for address in range(10):
        _add_old_attempts(100, f"198.51.100.{address}")
    with pytest.raises(throttling.TooManyAttempts):
        log_in()
    assert throttling.reset_throttle(name="X1") == 10
    assert log_in()


def test_ipv6_64_network_counts_as_one_address():
    create_user()
    for host in range(10):
        with pytest.raises(Unauthenticated):
            log_in(password="wrong password", address=f"2001:db8:1:2::{host:x}")
    with pytest.raises(throttling.TooManyAttempts):
        log_in(address="2001:db8:1:2:ffff::1")
    assert log_in(address="2001:db8:1:3::1")


def test_strangers_do_not_lock_out_a_place_where_people_work():
    create_user("ada", "admin")
    log_in("ada", address=HOME)
    _add_attempts(throttling.MAX_TOTAL, "no such name")
    with pytest.raises(throttling.TooManyAttempts):
        log_in("ada", address="198.51.100.1")
    assert log_in("ada", address=HOME).account.name == "ada"


def test_a_known_place_is_forgotten_after_some_months(monkeypatch):
    create_user("ada", "admin")
    log_in("ada", address=HOME)
    later = clock.now() + throttling.KNOWN_FOR + timedelta(minutes=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    _add_attempts(throttling.MAX_TOTAL, "no such name")
    with pytest.raises(throttling.TooManyAttempts):
        log_in("ada", address=HOME)
