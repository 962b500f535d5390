"""PINs: sign in on a shared tablet with a few digits.

A user sets a PIN after a sign-in with password. It works on that tablet and in the floor app only,
for up to 30 days. It ends after five wrong attempts in a row, and with everything that ends the
user's sessions.
"""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory import audit
from inventory.accounts import login, passwords, throttling, users
from inventory.accounts.sessions import Session
from inventory.accounts.users import Account
from inventory.common import clock
from inventory.common.errors import InvalidInput, Unauthenticated
from inventory.common.messages import message
from inventory.db import atomic
from inventory.models import TabletPin

MAX_TRIES = 5
MAX_LENGTH = timedelta(days=30)
#: Shorter than the shortest password, so that one field accepts both.
_PIN = re.compile(r"[0-9]{4,6}")
_RUNS = "01234567890", "09876543210"


def is_pin(value: object) -> bool:
    """Return whether the value has the form of a PIN; passwords are longer."""
    return isinstance(value, str) and bool(_PIN.fullmatch(value))


def validate_pin(value: object, *, field: str = "new_pin") -> str:
    """Return a new PIN: four to six digits, not a trivial sequence.

    Raises:
        InvalidInput: not such a PIN.
    """
    if not isinstance(value, str) or not is_pin(value):
        raise InvalidInput(message("A PIN is four to six digits."), field=field)
    if len(set(value)) == 1 or any(value in run for run in _RUNS):
        raise InvalidInput(message("This password is too common. Choose another."), field=field)
    return value


def set_pin(*, account: Account, pin: str, tablet: str) -> None:
    """Store a PIN for the user and tablet; the caller has checked the password.

    Raises:
        InvalidInput: `new_pin` cannot be used.
    """
    _keep(account, passwords.hash_password(validate_pin(pin)), _name_of(tablet))


def log_in(*, name: str, pin: str, tablet: str, address: str, browser: str = "") -> Session:
    """Start a session with the PIN that was set on this tablet.

    Raises:
        TooManyAttempts: with `retry_after` in seconds.
        Unauthenticated: wrong name, PIN or tablet; the message does not say which.
        Forbidden: the account is disabled or not approved.
    """
    key, network = users.find_key(name), throttling.rate_limit_key(address)
    user = throttling.record_attempt(key, network)
    pin_hash = _take_try(user.id, user.session_epoch, _name_of(tablet)) if user else None
    if not passwords.verify_password(pin_hash, pin) or user is None:
        login.record_failed_login(user.id if user else None, network, method="PIN")
        raise Unauthenticated(
            message("This PIN is wrong on this tablet. Sign in with the password.")
        )
    client = login.ClientInfo(address, browser, "PIN")
    begun = login.start_session(user.id, user.password_hash, None, key, client)
    _forget_tries(user.id, _name_of(tablet))
    return begun


def _name_of(tablet: str) -> str:
    return hashlib.sha256(tablet.encode("utf-8", "replace")).hexdigest()


def _of(user_id: int, tablet: str) -> sa.ColumnElement[bool]:
    return sa.and_(TabletPin.user_id == user_id, TabletPin.tablet == tablet)


@atomic
def _keep(tx: Connection, account: Account, pin_hash: str, tablet: str) -> None:
    now = clock.now()
    users.lock_table(tx, "users")
    tx.execute(sa.delete(TabletPin).where(TabletPin.created_at < now - MAX_LENGTH))
    tx.execute(sa.delete(TabletPin).where(_of(account.id, tablet)))
    values: dict[str, Any] = {
        "tablet": tablet,
        "user_id": account.id,
        "pin_hash": pin_hash,
        "session_epoch": account.session_epoch,
        "tries": 0,
        "created_at": now,
    }
    tx.execute(sa.insert(TabletPin).values(**values))
    audit.record(tx, user_id=account.id, action="user.set_pin", subject=f"user {account.id}")


@atomic
def _take_try(tx: Connection, user_id: int, epoch: int, tablet: str) -> str | None:
    """Count an attempt and return the hash to compare with.

    The attempt is counted before the comparison, so that concurrent guesses count each other.

    Returns:
        None if no PIN is valid here.
    """
    holds = sa.and_(
        _of(user_id, tablet),
        TabletPin.session_epoch == epoch,
        TabletPin.created_at > clock.now() - MAX_LENGTH,
        TabletPin.tries < MAX_TRIES,
    )
    spent = sa.update(TabletPin).where(holds).values(tries=TabletPin.tries + 1)
    if not tx.execute(spent).rowcount:
        return None
    return tx.execute(sa.select(TabletPin.pin_hash).where(_of(user_id, tablet))).scalar()


@atomic
def _forget_tries(tx: Connection, user_id: int, tablet: str) -> None:
    tx.execute(sa.update(TabletPin).where(_of(user_id, tablet)).values(tries=0))
