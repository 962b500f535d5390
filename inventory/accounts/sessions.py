"""Sessions of signed-in users, one row each.

The cookie has a random id, the row only its hash. A session ends 12 hours after the user's last
request, 7 days after the sign-in, and at once if its row is removed or the user's epoch changes
(new password, sign-out everywhere, disabled account).
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory import audit
from inventory.accounts import users
from inventory.accounts.throttling import rate_limit_key, remember_network
from inventory.accounts.users import Account
from inventory.common import clock
from inventory.common.errors import NotFound
from inventory.common.messages import message
from inventory.db import atomic, connection
from inventory.models import User
from inventory.models.credentials import LoginSession

IDLE = timedelta(hours=12)
MAX_AGE = timedelta(days=7)
#: The last use is recorded at most this often.
RECORD_INTERVAL = timedelta(minutes=5)


@dataclass(frozen=True)
class Session:
    """A session's user and the id in its cookie."""

    account: Account
    id: str
    #: Whether the last use must be recorded (`touch`).
    note: bool = False


@dataclass(frozen=True)
class ActiveSession:
    """A session as its user sees it in the list of sessions."""

    id: int
    began_at: datetime
    seen_at: datetime
    address: str
    browser: str
    by: str
    is_this: bool


def create_session(
    tx: Connection, account: Account, *, address: str, browser: str, method: str
) -> Session:
    """Insert a session and delete old ones; the caller has checked the user.

    Args:
        actor_id: how the user signed in, such as "password" or "PIN".
    """
    now, session_id = clock.now(), secrets.token_urlsafe(24)
    tx.execute(sa.delete(LoginSession).where(LoginSession.began_at <= now - MAX_AGE))
    values = {
        "id_hash": _hash(session_id),
        "user_id": account.id,
        "epoch": account.session_epoch,
        "began_at": now,
        "seen_at": now,
        "address": address[:45],
        "browser": browser_name(browser),
        "by": method,
    }
    tx.execute(sa.insert(LoginSession).values(**values))
    remember_network(tx, rate_limit_key(address))
    return Session(account=account, id=session_id)


@atomic
def renew_session(tx: Connection, *, account: Account, address: str, browser: str) -> Session:
    """Start a new session after a change that ended all sessions of the user."""
    return create_session(tx, account, address=address, browser=browser, method="password")


_OF_SESSION = sa.select(*users.COLUMNS, LoginSession.seen_at).where(
    User.id == sa.bindparam("user_id"),
    LoginSession.user_id == User.id,
    LoginSession.id_hash == sa.bindparam("id_hash"),
    LoginSession.epoch == User.session_epoch,
    LoginSession.began_at > sa.bindparam("oldest", type_=LoginSession.began_at.type),
    # Longer than the cookie's idle time by `NOTED_EACH`, because a use is not recorded more often.
    LoginSession.seen_at > sa.bindparam("idlest", type_=LoginSession.seen_at.type),
)


def find(*, user_id: int, session_id: str) -> Session | None:
    """Return the session if it is still valid and its user can sign in."""
    now = clock.now()
    times = {"oldest": now - MAX_AGE, "idlest": now - IDLE - RECORD_INTERVAL}
    values = {"user_id": user_id, "id_hash": _hash(session_id), **times}
    row = connection().execute(_OF_SESSION, values).first()
    account = users.account_from_row(row) if row else None
    if row is None or account is None or not account.is_usable:
        return None
    return Session(account, session_id, note=row.seen_at <= now - RECORD_INTERVAL)


@atomic
def touch(tx: Connection, *, session_id: str) -> None:
    """Record the session's last use, unless it was recorded within 5 minutes."""
    now = clock.now()
    mine = LoginSession.id_hash == _hash(session_id)
    stale = LoginSession.seen_at <= now - RECORD_INTERVAL
    tx.execute(sa.update(LoginSession).where(mine, stale).values(seen_at=now))


def list_open(*, user_id: int, this: str) -> list[ActiveSession]:
    """Return the user's valid sessions, last used first.

    Args:
        this: the id of the current session.
    """
    now, mine = clock.now(), _hash(this)
    chosen = (
        sa.select(LoginSession)
        .join(User, User.id == LoginSession.user_id)
        .where(
            LoginSession.user_id == user_id,
            LoginSession.epoch == User.session_epoch,
            LoginSession.began_at > now - MAX_AGE,
            LoginSession.seen_at > now - IDLE,
        )
        .order_by(LoginSession.seen_at.desc(), LoginSession.id.desc())
    )
    rows = connection().execute(chosen.with_only_columns(*LoginSession.__table__.columns))
    return [
        ActiveSession(
            row.id, row.began_at, row.seen_at, row.address, row.browser, row.by,
            is_this=row.id_hash == mine,
        )
        for row in rows
    ]  # fmt: skip


@atomic
def log_out(tx: Connection, *, user_id: int, session_id: str) -> None:
    """End the session, so that copies of its cookie are useless too."""
    if _remove(tx, LoginSession.user_id == user_id, LoginSession.id_hash == _hash(session_id)):
        audit.record(tx, user_id=user_id, action="user.logout", subject=f"user {user_id}")


@atomic
def end_one(tx: Connection, *, user_id: int, number: int) -> None:
    """End one of the user's sessions.

    Raises:
        NotFound: no such session, or it has ended.
    """
    if not _remove(tx, LoginSession.user_id == user_id, LoginSession.id == number):
        raise NotFound(message("That session has ended already."), session=number)
    subject = f"user {user_id}"
    audit.record(tx, user_id=user_id, action="user.end_session", subject=subject, sessions=1)


@atomic
def end_others(tx: Connection, *, user_id: int, this: str) -> int:
    """End all sessions of the user except this one.

    Returns:
        The number of sessions.
    """
    others = LoginSession.id_hash != _hash(this)
    count = _remove(tx, LoginSession.user_id == user_id, others)
    if count:
        subject = f"user {user_id}"
        audit.record(
            tx, user_id=user_id, action="user.end_session", subject=subject, sessions=count
        )
    return count


def _remove(tx: Connection, *filters: sa.ColumnElement[bool]) -> int:
    return tx.execute(sa.delete(LoginSession).where(*filters)).rowcount


def _hash(session_id: str) -> bytes:
    return hashlib.sha256(session_id.encode("utf-8", "surrogatepass")).digest()


#: The order matters: a User-Agent also names some of the browsers below its own.
_BROWSERS = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"), ("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
    ("Mac OS X", "Mac"), ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


def browser_name(user_agent: str) -> str:
    """Return a readable name such as "Firefox on Android"; the rest is not stored."""
    said = user_agent[:500]
    browser = next((word for mark, word in _BROWSERS if mark in said), "")
    if not browser and re.match(r"[A-Za-z-]+/", said):
        browser = "A program"
    system = next((word for mark, word in _SYSTEMS if mark in said), "")
    return f"{browser or 'Another browser'} on {system}" if system else browser or "Unknown"
