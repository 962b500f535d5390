"""Sign in with a password: checks, limits on guessing, and audit records.

Sessions and their end are in `sessions`.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory import audit
from inventory.accounts import passwords, sessions, users
from inventory.accounts.sessions import Session
from inventory.accounts.throttling import _forget_in, clear_attempts, rate_limit_key, record_attempt
from inventory.accounts.users import Account
from inventory.common import clock
from inventory.common.errors import Forbidden, InvalidInput, Unauthenticated
from inventory.common.messages import message
from inventory.db import atomic
from inventory.models import User

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ClientInfo:
    """The address, browser (User-Agent) and method of a sign-in."""

    address: str
    browser: str
    method: str


@dataclass(frozen=True)
class PendingTwoFactor:
    """A correct password that needs a code next (`two_factor.log_in`)."""

    user_id: int
    epoch: int


def log_in(
    *, name: str, password: str, address: str, browser: str = ""
) -> Session | PendingTwoFactor:
    """Check name and password and start a session.

    Returns:
        The session, or PendingTwoFactor if the account has two-factor authentication.

    Raises:
        TooManyAttempts: with `retry_after` in seconds.
        Unauthenticated: wrong name or password; the message does not say which.
        Forbidden: the account is not approved yet, or is disabled.
    """
    key, network = users.find_key(name), rate_limit_key(address)
    user = record_attempt(key, network)
    if (
        not passwords.verify_password(user.password_hash if user else None, password)
        or user is None
    ):
        # The entered name is not logged, because it can be a password in the wrong field.
        record_failed_login(user.id if user else None, network, method="password")
        raise Unauthenticated(message("The name or the password is wrong."))
    account = users.account_from_row(user)
    if not account.is_usable:
        record_failed_login(account.id, network, method="password", why="disabled or not approved")
    require_active(account)
    new_hash = _new_hash(user.password_hash, password)
    if account.second_factor:
        if new_hash is not None:
            _keep_hash(user.id, user.password_hash, new_hash)
        return PendingTwoFactor(user_id=account.id, epoch=account.session_epoch)
    client = ClientInfo(address, browser, "password")
    return start_session(user.id, user.password_hash, new_hash, key, client)


def change_password(*, user_id: int, current: str, new: str, address: str) -> Account:
    """Change the user's own password and end all sessions.

    Returns:
        The account, to renew the current session with.

    Raises:
        TooManyAttempts: with `retry_after` in seconds.
        InvalidInput: `current_password` is wrong, or `password` cannot be used.
        NotFound: unknown user.
    """
    account = users.get_account(user_id=user_id)
    new = passwords.validate_password(new, name=account.name)
    seen = require_password(user_id=user_id, current=current, address=address)
    return users.update_password_hash(
        user_id=user_id,
        password_hash=passwords.hash_password(new),
        actor_id=user_id,
        expected_hash=seen,
    )


def require_password(*, user_id: int, current: str, address: str) -> str:
    """Check a signed-in user's password again.

    Returns:
        The password's hash.

    Raises:
        TooManyAttempts: with `retry_after` in seconds.
        InvalidInput: `current_password` is wrong.
        NotFound: unknown user.
    """
    account = users.get_account(user_id=user_id)
    key, network = users.normalized_name(account.name), rate_limit_key(address)
    user = record_attempt(key, network)
    if user is None or not passwords.verify_password(user.password_hash, current):
        audit.record_event(
            user_id=user_id, action="password.refused", subject=f"user {user_id}", address=network
        )
        raise InvalidInput(message("That is not your current password."), field="current_password")
    clear_attempts(key=key, network=network)
    return str(user.password_hash)


def record_failed_login(user_id: int | None, network: str, *, method: str, why: str = "") -> None:
    """Log and audit a refused sign-in.

    Args:
        user_id: None if the name is unknown.
        network: the result of `rate_limit_key`.
        actor_id: the method, such as "password" or "PIN".
    """
    log.warning("login refused: user %s from %s", user_id or "unknown", network)
    subject = f"user {user_id}" if user_id else "an unknown name"
    audit.record_event(
        user_id=None, action="login.refused", subject=subject, address=network, by=method, why=why
    )


def require_active(account: Account) -> None:
    """Require an account that is approved and not disabled.

    Raises:
        Forbidden: the account is disabled or not approved yet.
    """
    if account.disabled_at is not None:
        raise Forbidden(message("This account is disabled. Ask an administrator."))
    if account.approved_at is None:
        raise Forbidden(message("This account is waiting for approval by an administrator."))


def _new_hash(password_hash: str, password: str) -> str | None:
    """Hash the password again if the stored hash has other cost settings."""
    if not passwords.needs_rehash(password_hash):
        return None
    return passwords.hash_password(passwords.normalize(password) or "")


@atomic
def _keep_hash(tx: Connection, user_id: int, expected_hash: str, new_hash: str) -> None:
    same = sa.update(User).where(User.id == user_id, User.password_hash == expected_hash)
    tx.execute(same.values(password_hash=new_hash))


@atomic
def start_session(
    tx: Connection,
    user_id: int,
    expected_hash: str,
    new_hash: str | None,
    key: str,
    place: ClientInfo,
) -> Session:
    """Start a session, record the sign-in and clear its attempts.

    Args:
        expected_hash: the password's hash that was checked.
        new_hash: replaces it, if not None.
        key: the user's normalized name.

    Raises:
        Unauthenticated: the password was changed in the meantime.
        Forbidden: the account is disabled or not approved.
    """
    network = rate_limit_key(place.address)
    _forget_in(tx, key, network)
    values = {"last_login_at": clock.now(), "password_hash": new_hash or expected_hash}
    same = sa.update(User).where(User.id == user_id, User.password_hash == expected_hash)
    if not tx.execute(same.values(**values)).rowcount:
        raise Unauthenticated(message("The password was changed a moment ago. Try again."))
    account = users.read_account(tx, user_id)
    require_active(account)
    how = {"address": network, "by": place.method}
    audit.record(tx, user_id=user_id, action="user.login", subject=f"user {user_id}", **how)
    return sessions.create_session(
        tx, account, address=place.address, browser=place.browser, method=place.method
    )
