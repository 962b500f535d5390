"""Logging in: passwords checked, guesses slowed down, and who got in written down.

What a session is, and when it ends: login_sessions.py.
"""

from __future__ import annotations

import ipaddress
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory import audit
from inventory.accounts import passwords, sessions, users
from inventory.accounts.sessions import Session
from inventory.accounts.users import Account
from inventory.common import clock
from inventory.common.errors import Forbidden, InvalidInput, Refusal, Unauthenticated
from inventory.db import atomic
from inventory.models import LoginAttempt, User

log = logging.getLogger(__name__)

WINDOW = timedelta(minutes=5)
MOST_PER_USER_AND_ADDRESS = 10
MOST_PER_ADDRESS = 100
MOST_IN_ALL = 1000
REGISTRATION_WINDOW = timedelta(hours=1)
MOST_REGISTRATIONS_PER_ADDRESS = 20
MOST_REGISTRATIONS = 200
#: Under what registrations are counted: nobody's name folds to capitals.
REGISTRATION_KEY = "REGISTRATION"
_LOGINS = LoginAttempt.name_key != REGISTRATION_KEY
Limits = tuple[tuple[int, sa.ColumnElement[bool]], ...]


class TooManyAttempts(Refusal):
    code = "TOO_MANY_ATTEMPTS"


@dataclass(frozen=True)
class Place:
    """From where somebody logs in, in which browser (its User-Agent), and by what."""

    address: str
    browser: str
    by: str


@dataclass(frozen=True)
class HalfWay:
    """The password was right; a code is still to come (second_factor.log_in)."""

    user_id: int
    epoch: int


def log_in(*, name: str, password: str, address: str, browser: str = "") -> Session | HalfWay:
    """Check name and password and begin a session, where no second factor is asked for.

    Raises TooManyAttempts (with `retry_after` seconds), Unauthenticated (name and password do
    not go together: which of them is wrong is not said), Forbidden (not approved yet, disabled).
    """
    key, network = users.find_key(name), network_of(address)
    user = admit(key, network)
    if not passwords.matches(user.password_hash if user else None, password) or user is None:
        # Not the name that was typed: it may be a password, in the wrong field.
        note_refused(user.id if user else None, network, by="password")
        raise Unauthenticated("That name and password do not go together.")
    account = users.account_from(user)
    if not account.is_usable:
        note_refused(account.id, network, by="password", why="disabled or not approved")
    require_usable(account)
    new_hash = _new_hash(user.password_hash, password)
    if account.second_factor:
        if new_hash is not None:
            _keep_hash(user.id, user.password_hash, new_hash)
        return HalfWay(user_id=account.id, epoch=account.session_epoch)
    place = Place(address, browser, "password")
    return begin(user.id, user.password_hash, new_hash, key, place)


def change_password(*, user_id: int, current: str, new: str, address: str) -> Account:
    """Change one's own password. All sessions end: begin this one anew with the account returned.

    Raises TooManyAttempts, or InvalidInput (current_password, password).
    """
    account = users.get_account(user_id=user_id)
    new = passwords.clean_password(new, name=account.name)
    seen = require_password(user_id=user_id, current=current, address=address)
    return users.put_password(
        user_id=user_id, password_hash=passwords.hash_password(new), by=user_id, seen=seen
    )


def require_password(*, user_id: int, current: str, address: str) -> str:
    """Have somebody who is logged in show the password once more; returns its hash. Raises
    TooManyAttempts, InvalidInput (current_password)."""
    account = users.get_account(user_id=user_id)
    key, network = users.key_of(account.name), network_of(address)
    user = admit(key, network)
    if user is None or not passwords.matches(user.password_hash, current):
        audit.note(
            user_id=user_id, action="password.refused", subject=f"user {user_id}", address=network
        )
        raise InvalidInput("That is not your current password.", field="current_password")
    forget(key=key, network=network)
    return str(user.password_hash)


_ID_OF = sa.select(User.id).where(User.name_key == sa.bindparam("key"))


@atomic
def reset_throttle(tx: Connection, *, name: str | None = None, by: int | None = None) -> int:
    """Forget refused logins (of one name, or all); returns how many. `by`: who does it; None
    stands for the command line."""
    key, forgotten = users.find_key(name or ""), sa.delete(LoginAttempt)
    whose = tx.execute(_ID_OF, {"key": key}).scalar()
    if name is not None:
        forgotten = forgotten.where(LoginAttempt.name_key.in_((key, code_key(whose or 0))))
    count = tx.execute(forgotten).rowcount
    subject = f"user {whose}" if whose else "everybody" if name is None else "an unknown name"
    audit.record(tx, user_id=by, action="user.unlock", subject=subject, forgotten=count)
    return count


def note_refused(user_id: int | None, network: str, *, by: str, why: str = "") -> None:
    """Write down a login that was refused: whose, if anybody's, and from where."""
    log.warning("login refused: user %s from %s", user_id or "unknown", network)
    subject = f"user {user_id}" if user_id else "an unknown name"
    audit.note(
        user_id=None, action="login.refused", subject=subject, address=network, by=by, why=why
    )


def require_usable(account: Account) -> None:
    """Raises Forbidden for an account that is disabled, or not approved yet."""
    if account.disabled_at is not None:
        raise Forbidden("This account is disabled. Ask an admin.")
    if account.approved_at is None:
        raise Forbidden("This account waits for an admin to approve it.")


def _new_hash(password_hash: str, password: str) -> str | None:
    """The same password at today's cost, where the old hash was made at another."""
    if not passwords.needs_rehash(password_hash):
        return None
    return passwords.hash_password(passwords.normal(password) or "")


@atomic
def _keep_hash(tx: Connection, user_id: int, seen: str, new_hash: str) -> None:
    same = sa.update(User).where(User.id == user_id, User.password_hash == seen)
    tx.execute(same.values(password_hash=new_hash))


@atomic
def admit(tx: Connection, key: str, network: str) -> Any:
    """Write the attempt down before its password is looked at, so that guesses made at the same
    time count each other; the one that succeeds is forgotten again. Returns the user's row."""
    mine = sa.and_(LoginAttempt.name_key == key, LoginAttempt.address == network)
    take_try(tx, key, network, ((MOST_PER_USER_AND_ADDRESS, mine),))
    found = sa.select(*users.COLUMNS, User.password_hash).where(User.name_key == key)
    return tx.execute(found).first()


def take_try(tx: Connection, key: str, network: str, limits: Limits) -> None:
    """Write a try down, if there are not too many. Raises TooManyAttempts."""
    now = clock.now()
    users.lock(tx, "login_attempts")
    tx.execute(sa.delete(LoginAttempt).where(_LOGINS, LoginAttempt.at <= now - WINDOW))
    here = sa.and_(_LOGINS, LoginAttempt.address == network)
    for most, whose in (*limits, (MOST_PER_ADDRESS, here), (MOST_IN_ALL, _LOGINS)):
        _require_fewer(tx, most, whose)
    tx.execute(sa.insert(LoginAttempt).values(at=now, name_key=key, address=network))


@atomic
def admit_registration(tx: Connection, network: str) -> None:
    """Write down that an account is asked for. Raises TooManyAttempts."""
    now = clock.now()
    users.lock(tx, "login_attempts")
    asked = LoginAttempt.name_key == REGISTRATION_KEY
    tx.execute(sa.delete(LoginAttempt).where(asked, LoginAttempt.at <= now - REGISTRATION_WINDOW))
    here = sa.and_(asked, LoginAttempt.address == network)
    said: dict[str, Any] = {
        "window": REGISTRATION_WINDOW,
        "what": "Too many accounts were asked for.",
    }
    for most, whose in ((MOST_REGISTRATIONS_PER_ADDRESS, here), (MOST_REGISTRATIONS, asked)):
        _require_fewer(tx, most, whose, **said)
    tx.execute(sa.insert(LoginAttempt).values(at=now, name_key=REGISTRATION_KEY, address=network))


def code_key(user_id: int) -> str:
    """Under what the tries of a second factor are counted: nobody's name folds to capitals."""
    return f"CODE {user_id}"


def _require_fewer(
    tx: Connection,
    most: int,
    whose: sa.ColumnElement[bool],
    window: timedelta = WINDOW,
    what: str = "Too many tries.",
) -> None:
    recent = sa.select(LoginAttempt.at).where(whose).order_by(LoginAttempt.at.desc())
    blocking = tx.execute(recent.offset(most - 1).limit(1)).scalar()
    if blocking is None:
        return
    seconds = max(1, round((blocking + window - clock.now()).total_seconds()))
    log.warning("throttled: more than %d attempts", most)
    raise TooManyAttempts(
        f"{what} Wait {_minutes(seconds)} and try again, or ask an admin.",
        retry_after=seconds,
    )


@atomic
def begin(
    tx: Connection,
    user_id: int,
    seen: str,
    new_hash: str | None,
    key: str,
    place: Place,
) -> Session:
    """Note the login, and forget its attempts. `seen`: the password's hash as it was read.

    Raises Unauthenticated where the password was changed meanwhile, Forbidden."""
    network = network_of(place.address)
    _forget_in(tx, key, network)
    values = {"last_login_at": clock.now(), "password_hash": new_hash or seen}
    same = sa.update(User).where(User.id == user_id, User.password_hash == seen)
    if not tx.execute(same.values(**values)).rowcount:
        raise Unauthenticated("The password was changed just now. Try again.")
    account = users.read_account(tx, user_id)
    require_usable(account)
    how = {"address": network, "by": place.by}
    audit.record(tx, user_id=user_id, action="user.login", subject=f"user {user_id}", **how)
    return sessions.begin(tx, account, address=place.address, browser=place.browser, by=place.by)


@atomic
def forget(tx: Connection, *, key: str, network: str) -> None:
    _forget_in(tx, key, network)


def _forget_in(tx: Connection, key: str, network: str) -> None:
    tx.execute(
        sa.delete(LoginAttempt).where(LoginAttempt.name_key == key, LoginAttempt.address == network)
    )


def network_of(address: str) -> str:
    """One name for what one person can call their own: an IPv4 address, an IPv6 /64."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((ip, 64), strict=False).network_address)


def _minutes(seconds: int) -> str:
    minutes = -(-seconds // 60)
    return "a minute" if minutes == 1 else f"{minutes} minutes"
