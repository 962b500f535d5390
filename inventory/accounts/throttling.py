"""Limits of sign-in attempts and registrations, by name, address and in total."""

from __future__ import annotations

import ipaddress
import logging
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory import audit
from inventory.accounts import users
from inventory.common import clock
from inventory.common.errors import Refusal
from inventory.db import atomic
from inventory.models import KnownNetwork, LoginAttempt, User

log = logging.getLogger(__name__)

WINDOW = timedelta(minutes=5)

MAX_PER_USER_AND_ADDRESS = 10

MAX_PER_ADDRESS = 100

MAX_TOTAL = 1000

#: A network is spared by the limit in total for so long after a sign-in.
KNOWN_FOR = timedelta(days=90)

REGISTRATION_WINDOW = timedelta(hours=1)

MAX_REGISTRATIONS_PER_ADDRESS = 20

MAX_REGISTRATIONS = 200

#: The key that registrations are counted under. No user's key has capitals.
REGISTRATION_KEY = "REGISTRATION"

_LOGINS = LoginAttempt.name_key != REGISTRATION_KEY

Limits = tuple[tuple[int, sa.ColumnElement[bool]], ...]


class TooManyAttempts(Refusal):
    """Too many attempts; `retry_after` is in seconds."""

    code = "TOO_MANY_ATTEMPTS"


_ID_OF = sa.select(User.id).where(User.name_key == sa.bindparam("key"))


@atomic
def reset_throttle(tx: Connection, *, name: str | None = None, actor_id: int | None = None) -> int:
    """Delete the refused attempts of one name, or all.

    Args:
        actor_id: the user who does it; None means the command line.

    Returns:
        The number of attempts.
    """
    key, forgotten = users.find_key(name or ""), sa.delete(LoginAttempt)
    whose = tx.execute(_ID_OF, {"key": key}).scalar()
    if name is not None:
        forgotten = forgotten.where(LoginAttempt.name_key.in_((key, code_key(whose or 0))))
    count = tx.execute(forgotten).rowcount
    subject = f"user {whose}" if whose else "everybody" if name is None else "an unknown name"
    audit.record(tx, user_id=actor_id, action="user.unlock", subject=subject, forgotten=count)
    return count


@atomic
def record_attempt(tx: Connection, key: str, network: str) -> Any:
    """Record a sign-in attempt and return the user's row, or None.

    The attempt is recorded before the password is checked, so that concurrent guesses count each
    other; a successful sign-in deletes it again.

    Args:
        key: the user's normalized name.
        network: the result of `rate_limit_key`.

    Raises:
        TooManyAttempts: with `retry_after` in seconds.
    """
    mine = sa.and_(LoginAttempt.name_key == key, LoginAttempt.address == network)
    consume_attempt(tx, key, network, ((MAX_PER_USER_AND_ADDRESS, mine),))
    found = sa.select(*users.COLUMNS, User.password_hash).where(User.name_key == key)
    return tx.execute(found).first()


def consume_attempt(tx: Connection, key: str, network: str, limits: Limits) -> None:
    """Record an attempt unless a limit is reached.

    Args:
        limits: (number, condition) pairs, in addition to those by address and in total.

    Raises:
        TooManyAttempts: with `retry_after` in seconds.
    """
    now = clock.now()
    users.lock_table(tx, "login_attempts")
    tx.execute(sa.delete(LoginAttempt).where(_LOGINS, LoginAttempt.at <= now - WINDOW))
    here = sa.and_(_LOGINS, LoginAttempt.address == network)
    # Strangers must not lock out the places where people work.
    in_total = () if _is_known(tx, network, now) else ((MAX_TOTAL, _LOGINS),)
    for most, whose in (*limits, (MAX_PER_ADDRESS, here), *in_total):
        _require_fewer(tx, most, whose)
    tx.execute(sa.insert(LoginAttempt).values(at=now, name_key=key, address=network))


def remember_network(tx: Connection, network: str) -> None:
    """Record a sign-in from the network, once a day."""
    now = clock.now()
    mine = KnownNetwork.network == network
    last_at = tx.execute(sa.select(KnownNetwork.last_at).where(mine)).scalar()
    if last_at is None:
        tx.execute(sa.delete(KnownNetwork).where(KnownNetwork.last_at <= now - KNOWN_FOR))
        tx.execute(sa.insert(KnownNetwork).values(network=network, last_at=now))
    elif last_at <= now - timedelta(days=1):
        tx.execute(sa.update(KnownNetwork).where(mine).values(last_at=now))


def _is_known(tx: Connection, network: str, now: datetime) -> bool:
    chosen = sa.select(KnownNetwork.network).where(
        KnownNetwork.network == network, KnownNetwork.last_at > now - KNOWN_FOR
    )
    return tx.execute(chosen).first() is not None


@atomic
def admit_registration(tx: Connection, network: str) -> None:
    """Record a registration unless a limit is reached.

    Raises:
        TooManyAttempts: with `retry_after` in seconds.
    """
    now = clock.now()
    users.lock_table(tx, "login_attempts")
    asked = LoginAttempt.name_key == REGISTRATION_KEY
    tx.execute(sa.delete(LoginAttempt).where(asked, LoginAttempt.at <= now - REGISTRATION_WINDOW))
    here = sa.and_(asked, LoginAttempt.address == network)
    said: dict[str, Any] = {
        "window": REGISTRATION_WINDOW,
        "what": "Too many accounts were requested.",
    }
    for most, whose in ((MAX_REGISTRATIONS_PER_ADDRESS, here), (MAX_REGISTRATIONS, asked)):
        _require_fewer(tx, most, whose, **said)
    tx.execute(sa.insert(LoginAttempt).values(at=now, name_key=REGISTRATION_KEY, address=network))


def code_key(user_id: int) -> str:
    """Return the key that a user's two-factor attempts are counted under.

    No user's key has capitals.
    """
    return f"CODE {user_id}"


def _require_fewer(
    tx: Connection,
    limit: int,
    whose: sa.ColumnElement[bool],
    window: timedelta = WINDOW,
    what: str = "Too many attempts.",
) -> None:
    recent = sa.select(LoginAttempt.at).where(whose).order_by(LoginAttempt.at.desc())
    blocking = tx.execute(recent.offset(limit - 1).limit(1)).scalar()
    if blocking is None:
        return
    seconds = max(1, round((blocking + window - clock.now()).total_seconds()))
    log.warning("throttled: more than %d attempts", limit)
    raise TooManyAttempts(
        f"{what} Wait {_minutes(seconds)} and try again, or ask an administrator.",
        retry_after=seconds,
    )


@atomic
def clear_attempts(tx: Connection, *, key: str, network: str) -> None:
    """Delete the attempts of a name from an address."""
    _forget_in(tx, key, network)


def _forget_in(tx: Connection, key: str, network: str) -> None:
    tx.execute(
        sa.delete(LoginAttempt).where(LoginAttempt.name_key == key, LoginAttempt.address == network)
    )


def rate_limit_key(address: str) -> str:
    """Return the network that limits count by: an IPv4 address or an IPv6 /64."""
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
