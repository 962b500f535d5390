"""PINs: on a shared tablet, whoever logged in there with the password comes back by a few digits.

A PIN is good on that tablet alone, for the floor alone, for a month at most. It ends with five
wrong tries in a row, and with everything that ends the sessions of its owner.
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
from inventory.db import atomic
from inventory.models import TabletPin

MOST_TRIES = 5
LONGEST = timedelta(days=30)
#: Shorter than the shortest password, so that one field takes either.
_PIN = re.compile(r"[0-9]{4,6}")
_RUNS = "01234567890", "09876543210"


def is_pin(value: object) -> bool:
    """Is it written like a PIN? A password never is: it is longer."""
    return isinstance(value, str) and bool(_PIN.fullmatch(value))


def validate_pin(value: object, *, field: str = "new_pin") -> str:
    """A new PIN: four to six digits, and not those that everybody tries first."""
    if not isinstance(value, str) or not is_pin(value):
        raise InvalidInput("A PIN is four to six digits.", field=field)
    if len(set(value)) == 1 or any(value in run for run in _RUNS):
        raise InvalidInput("Everybody tries that one first. Choose another.", field=field)
    return value


def set_pin(*, account: Account, pin: str, tablet: str) -> None:
    """Keep a PIN for who has just logged in with the password on this tablet. Raises
    InvalidInput (new_pin)."""
    _keep(account, passwords.hash_password(validate_pin(pin)), _name_of(tablet))


def log_in(*, name: str, pin: str, tablet: str, address: str, browser: str = "") -> Session:
    """Begin a session by the PIN that was set on this tablet.

    Raises TooManyAttempts, Forbidden, and Unauthenticated: which of name, PIN and tablet is
    wrong is not said.
    """
    key, network = users.find_key(name), throttling.rate_limit_key(address)
    user = throttling.record_attempt(key, network)
    pin_hash = _take_try(user.id, user.session_epoch, _name_of(tablet)) if user else None
    if not passwords.verify_password(pin_hash, pin) or user is None:
        login.record_failed_login(user.id if user else None, network, actor_id="PIN")
        raise Unauthenticated("That PIN is not right on this tablet. Log in with the password.")
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
    tx.execute(sa.delete(TabletPin).where(TabletPin.created_at < now - LONGEST))
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
    """The hash to compare with, one try spent before it is: guesses made at the same time count
    each other. None where no PIN holds here any more."""
    holds = sa.and_(
        _of(user_id, tablet),
        TabletPin.session_epoch == epoch,
        TabletPin.created_at > clock.now() - LONGEST,
        TabletPin.tries < MOST_TRIES,
    )
    spent = sa.update(TabletPin).where(holds).values(tries=TabletPin.tries + 1)
    if not tx.execute(spent).rowcount:
        return None
    return tx.execute(sa.select(TabletPin.pin_hash).where(_of(user_id, tablet))).scalar()


@atomic
def _forget_tries(tx: Connection, user_id: int, tablet: str) -> None:
    tx.execute(sa.update(TabletPin).where(_of(user_id, tablet)).values(tries=0))
