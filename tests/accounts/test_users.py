"""Accounts, passwords, registration, logging in: at the height of the verbs."""

import threading
import time
from datetime import timedelta

import pytest
import sqlalchemy as sa

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


def make(name="ada", role="operator"):
    return users.create_user(name=name, password=PASSWORD, role=role)


def ask(name="ada", policy="approval", role="operator", **more):
    return registration.register(name=name, password=PASSWORD, policy=policy, role=role, **more)


def enter(name="ada", password=PASSWORD, address=HOME):
    return login.log_in(name=name, password=password, address=address)


def holds(begun):
    return sessions.find(user_id=begun.account.id, session_id=begun.id) is not None


def rows(statement):
    db.session.rollback()
    return db.session.execute(statement).scalars().all()


def at_once(app, *calls):
    """Run the calls in threads that start together; returns what each gave or raised."""
    barrier = threading.Barrier(len(calls))
    results = [None] * len(calls)

    def run(place, call):
        with app.app_context():
            barrier.wait()
            try:
                results[place] = call()
            except Exception as error:
                results[place] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


# --- registration ---------------------------------------------------------------------------------


def test_the_first_account_is_the_admin_and_later_ones_wait():
    assert registration.is_first()
    first = ask("ada")
    assert (first.role, first.is_usable) == ("admin", True)
    assert not registration.is_first()
    second = ask("ben")
    assert (second.role, second.is_usable) == ("viewer", False)


def test_of_many_that_register_at_once_exactly_one_is_admin(app):
    results = at_once(app, *(lambda name=name: ask(name) for name in "abcdefgh"))
    assert sorted(account.role for account in results) == ["admin"] + ["viewer"] * 7


def test_the_same_name_at_once_makes_one_account(app):
    results = at_once(app, *(lambda: ask("ada", policy="open") for _ in range(6)))
    assert sum(isinstance(result, users.Account) for result in results) == 1
    assert all(r.field == "name" for r in results if not isinstance(r, users.Account))


def test_open_registration_gives_the_role_of_the_setting():
    ask("ada")
    account = ask("ben", policy="open", role="operator")
    assert (account.role, account.is_usable) == ("operator", True)


def test_closed_registration_still_lets_the_first_in():
    assert ask("ada", policy="closed").role == "admin"
    with pytest.raises(Forbidden):
        ask("ben", policy="closed")


def test_the_first_needs_the_setup_code_where_strangers_can_reach_the_server():
    code = registration.setup_code(secret_key="k" * 40)
    assert code != registration.setup_code(secret_key="j" * 40)
    with pytest.raises(InvalidInput) as refused:
        ask("eve", expected_code=code, code="AAAA-BBBB-CCCC")
    assert refused.value.field == "code"
    with pytest.raises(InvalidInput):
        ask("eve", expected_code=code)
    assert registration.is_first()
    typed = f" {code.lower().replace('-', ' ')} "
    assert ask("ada", expected_code=code, code=typed).role == "admin"
    assert ask("ben", expected_code=code).role == "viewer"


def test_a_code_is_expected_beyond_loopback_and_behind_a_proxy():
    def expected(**where):
        return registration.expected_code(secret_key="k" * 40, **where)

    assert expected(is_loopback=True, proxy_count=0) is None
    assert expected(is_loopback=False, proxy_count=0) is not None
    assert expected(is_loopback=True, proxy_count=1) is not None


@pytest.mark.parametrize("name", ["ADA", " ada ", "Ａｄａ", "aDa"])
def test_names_that_look_the_same_are_the_same(name):
    make("ada")
    with pytest.raises(InvalidInput) as refused:
        make(name)
    assert refused.value.field == "name"
    assert users.find_account(name=name).name == "ada"


@pytest.mark.parametrize("name", ["", "  ", "a" * 101, "a\0b", "ad\u200ba", "a\nb", None, "\ud800"])
def test_a_name_that_cannot_be_one_is_refused(name):
    with pytest.raises(InvalidInput) as refused:
        make(name)
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
    assert enter(password=password).account.name == "ada"


def test_the_hash_is_argon2id_and_no_password_is_kept():
    make()
    (kept,) = rows(sa.select(User.password_hash))
    assert kept.startswith("$argon2id$")
    assert PASSWORD not in kept + "".join(rows(sa.select(Audit.detail)))


def test_a_login_renews_a_hash_of_another_cost(config):
    passwords.configure(time_cost=1, memory_kib=16)
    make()
    (before,) = rows(sa.select(User.password_hash))
    passwords.configure(time_cost=2, memory_kib=16)
    try:
        enter()
        (after,) = rows(sa.select(User.password_hash))
        assert "t=1" in before
        assert "t=2" in after
        enter()
    finally:
        passwords.configure(
            time_cost=config.password_time_cost, memory_kib=config.password_memory_kib
        )


def test_no_hash_means_no_match_whatever_is_typed():
    assert not passwords.verify_password(None, "nobody")
    assert not passwords.verify_password("not a hash", PASSWORD)


def test_an_unknown_name_costs_as_much_time_as_a_wrong_password(config):
    passwords.configure(time_cost=4, memory_kib=8 * 1024)
    try:
        make()
        known, unknown = (
            min(_seconds_to_refuse(name) for _ in range(4)) for name in ("ada", "nobody")
        )
    finally:
        passwords.configure(
            time_cost=config.password_time_cost, memory_kib=config.password_memory_kib
        )
    assert unknown > known / 2


def _seconds_to_refuse(name):
    start = time.perf_counter()
    with pytest.raises(Unauthenticated):
        enter(name, password="wrong password")
    return time.perf_counter() - start


def test_of_two_changes_of_a_password_the_one_that_saw_the_old_one_last_is_refused():
    account = make()
    (seen,) = rows(sa.select(User.password_hash))
    users.set_password(user_id=account.id, password="something else")
    with pytest.raises(InvalidInput) as refused:
        users.update_password_hash(
            user_id=account.id, password_hash="new", actor_id=account.id, expected_hash=seen
        )
    assert refused.value.field == "current_password"
    assert enter(password="something else")


def test_changing_the_password_needs_the_current_one():
    account = make()
    with pytest.raises(InvalidInput) as refused:
        login.change_password(user_id=account.id, current="guess", new="another one", address=HOME)
    assert refused.value.field == "current_password"
    changed = login.change_password(
        user_id=account.id, current=PASSWORD, new="another one", address=HOME
    )
    assert changed.session_epoch == account.session_epoch + 1
    assert enter(password="another one")
    with pytest.raises(Unauthenticated):
        enter()


# --- who may do what ------------------------------------------------------------------------------


def test_roles_are_a_ladder():
    viewer, admin = make("v", "viewer"), make("a", "admin")
    assert [viewer.has_role(role) for role in users.ROLES] == [True, False, False, False]
    assert all(admin.has_role(role) for role in users.ROLES)


@pytest.mark.parametrize("demote", ["set_role", "disable", "approve"])
def test_the_last_active_admin_stays(demote):
    admin = make("ada", "admin")
    users.disable(user_id=make("ben", "admin").id)
    values = {"role": "viewer"} if demote != "disable" else {}
    with pytest.raises(Forbidden):
        getattr(users, demote)(user_id=admin.id, **values)
    assert users.get_account(user_id=admin.id) == admin


def test_two_admins_cannot_demote_each_other_at_once(app):
    ada, ben = make("ada", "admin"), make("ben", "admin")
    at_once(
        app,
        lambda: users.set_role(user_id=ada.id, role="viewer", actor_id=ben.id),
        lambda: users.set_role(user_id=ben.id, role="viewer", actor_id=ada.id),
    )
    assert sorted(account.role for account in users.list_accounts()) == ["admin", "viewer"]


def test_an_unknown_role_or_account_is_refused():
    with pytest.raises(InvalidInput):
        make("ada", "emperor")
    with pytest.raises(NotFound):
        users.set_role(user_id=99, role="viewer")


def test_every_change_is_audited():
    admin, user = make("ada", "admin"), make("ben", "viewer")
    users.set_role(user_id=user.id, role="inspector", actor_id=admin.id)
    users.set_password(user_id=user.id, password="something else", actor_id=admin.id)
    users.disable(user_id=user.id, actor_id=admin.id)
    users.enable(user_id=user.id, actor_id=admin.id)
    users.approve(user_id=user.id, role="operator", actor_id=admin.id)
    users.end_sessions(user_id=user.id, actor_id=user.id)
    said = [
        (row.action, row.user_id, row.subject)
        for row in rows(sa.select(Audit).order_by(Audit.id))
        if row.subject == f"user {user.id}"
    ]
    assert said == [
        ("user.create", None, f"user {user.id}"),
        ("user.set_role", admin.id, f"user {user.id}"),
        ("user.set_password", admin.id, f"user {user.id}"),
        ("user.disable", admin.id, f"user {user.id}"),
        ("user.enable", admin.id, f"user {user.id}"),
        ("user.approve", admin.id, f"user {user.id}"),
        ("user.end_sessions", user.id, f"user {user.id}"),
    ]


@pytest.fixture
def an_hour(monkeypatch):
    """`an_hour()`: it passes."""
    now = [clock.now()]
    monkeypatch.setattr(clock, "now", lambda: now[0])

    def passes():
        now[0] += timedelta(hours=1)

    return passes


def _ask_in_vain(count, address):
    """For a name that is taken: counted all the same, else names could be tried out."""
    for _ in range(count):
        with pytest.raises(InvalidInput, match="taken"):
            ask("ada", address=address)


def test_twenty_registrations_from_one_address_close_it_for_an_hour(an_hour):
    make("ada", "admin")
    ask("ben", address=HOME)
    _ask_in_vain(19, HOME)
    with pytest.raises(throttling.TooManyAttempts, match=r"Too many accounts.* Wait 60") as refused:
        ask("cy", address=HOME)
    assert refused.value.figures["retry_after"] == 3600
    assert not ask("cy", address="192.0.2.8").is_usable
    enter("ada", address=HOME)
    an_hour()
    assert not ask("dee", address=HOME).is_usable


def test_two_hundred_registrations_in_all_close_the_door_and_a_command_opens_it():
    make("ada", "admin")
    _fill_with(throttling.MAX_REGISTRATIONS, throttling.REGISTRATION_KEY)
    with pytest.raises(throttling.TooManyAttempts):
        ask("ben", address="198.51.100.1")
    assert enter("ada").account.name == "ada"
    assert throttling.reset_throttle() == 200
    assert not ask("ben", address="198.51.100.1").is_usable


def _fill_with(count, name_key):
    for number in range(count):
        attempt = LoginAttempt(at=clock.now(), name_key=name_key, address=f"203.0.113.{number}")
        db.session.add(attempt)
    db.session.commit()


def test_logins_do_not_count_as_registrations_and_do_not_forget_them():
    make("ada", "admin")
    _ask_in_vain(19, HOME)
    for _ in range(3):
        with pytest.raises(Unauthenticated):
            enter(password="wrong password")
    _ask_in_vain(1, HOME)
    with pytest.raises(throttling.TooManyAttempts):
        ask("ben", address=HOME)


# --- logging in and out ---------------------------------------------------------------------------


def test_a_login_begins_a_session_and_notes_the_time():
    make()
    begun = enter("ADA")
    assert holds(begun)
    assert begun.account.last_login_at is not None
    assert enter().id != begun.id


@pytest.mark.parametrize("name", ["ada", "nobody", "", "\0", "a" * 5000, "\ud800"])
def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(name):
    make()
    with pytest.raises(Unauthenticated) as refused:
        enter(name, password="wrong password")
    assert refused.value.detail == "That name and password do not go together."


@pytest.mark.parametrize("password", ["", "\0", "x" * 100_000, "\ud800", None])
def test_a_strange_password_is_only_a_wrong_one(password):
    make()
    with pytest.raises(Unauthenticated):
        enter(password=password)


def test_who_is_not_approved_or_is_disabled_is_told_so_only_with_the_right_password():
    make("ada", "admin")
    ben = ask("ben")
    with pytest.raises(Forbidden, match="approve"):
        enter("ben")
    with pytest.raises(Unauthenticated):
        enter("ben", password="wrong password")
    users.approve(user_id=ben.id, role="operator")
    assert enter("ben").account.role == "operator"
    users.disable(user_id=ben.id)
    with pytest.raises(Forbidden, match="disabled"):
        enter("ben")


@pytest.mark.parametrize("end", ["disable", "end_sessions", "set_password"])
def test_these_end_every_session_at_once(end):
    make("root", "admin")
    user = make()
    one, two = enter(), enter()
    values = {"password": "something else"} if end == "set_password" else {}
    getattr(users, end)(user_id=user.id, **values)
    assert not holds(one)
    assert not holds(two)


@pytest.mark.parametrize("column", ["disabled_at", "approved_at"])
def test_a_session_of_an_account_that_may_not_log_in_does_not_hold(column):
    make()
    begun = enter()
    value = clock.now() if column == "disabled_at" else None
    db.session.execute(sa.update(User).values({column: value}))
    db.session.commit()
    assert not holds(begun)


def test_logging_out_ends_that_session_and_no_other():
    user = make()
    one, two = enter(), enter()
    sessions.log_out(user_id=user.id, session_id=one.id)
    sessions.log_out(user_id=user.id, session_id=one.id)
    assert not holds(one)
    assert holds(two)


def test_ten_wrong_passwords_close_the_door_for_that_name_and_address_only():
    make()
    make("ben")
    for _ in range(10):
        with pytest.raises(Unauthenticated):
            enter(password="wrong password")
    with pytest.raises(throttling.TooManyAttempts) as refused:
        enter()
    assert 290 <= refused.value.figures["retry_after"] <= 300
    assert enter(address="198.51.100.1")
    assert enter("ben")


def test_guesses_made_at_the_same_time_count_each_other(app):
    make()
    results = at_once(app, *(lambda: enter(password="wrong password") for _ in range(16)))
    assert sum(isinstance(result, Unauthenticated) for result in results) == 10
    assert sum(isinstance(result, throttling.TooManyAttempts) for result in results) == 6


def test_a_right_password_forgets_the_wrong_ones():
    make()
    for _ in range(3):
        for _ in range(9):
            with pytest.raises(Unauthenticated):
                enter(password="wrong password")
        assert enter()


def _fill(count, address, seconds_ago=10, name="x{}"):
    at = clock.now() - timedelta(seconds=seconds_ago)
    db.session.execute(
        sa.insert(LoginAttempt),
        [{"at": at, "name_key": name.format(n), "address": address} for n in range(count)],
    )
    db.session.commit()


def test_a_hundred_from_one_address_close_it_and_five_minutes_open_it():
    make()
    _fill(100, HOME)
    with pytest.raises(throttling.TooManyAttempts):
        enter()
    assert enter(address="198.51.100.1")
    assert throttling.reset_throttle() == 100
    _fill(100, HOME, seconds_ago=301)
    assert enter()


def test_a_thousand_in_all_close_the_door_and_a_command_opens_it():
    make()
    for address in range(10):
        _fill(100, f"198.51.100.{address}")
    with pytest.raises(throttling.TooManyAttempts):
        enter()
    assert throttling.reset_throttle(name="X1") == 10
    assert enter()


def test_one_person_s_ipv6_network_counts_as_one_address():
    make()
    for host in range(10):
        with pytest.raises(Unauthenticated):
            enter(password="wrong password", address=f"2001:db8:1:2::{host:x}")
    with pytest.raises(throttling.TooManyAttempts):
        enter(address="2001:db8:1:2:ffff::1")
    assert enter(address="2001:db8:1:3::1")
