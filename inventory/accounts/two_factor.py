"""The second factor: after the password, a code from an app (TOTP, RFC 6238).

Its secret is kept encrypted by a key made of the site's secret key, so that a copy of the
database alone makes no codes; `keys` are the site's keys, the newest first, and a login moves the
secret to the newest. Each code is good once. For when the app is lost there are ten recovery
codes, shown once and kept as hashes: they are 120 random bits, beyond guessing.

API tokens ask for no code: they are made by who is logged in, and a program has no hands.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyotp
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory import audit
from inventory.accounts import login, throttling, users
from inventory.accounts.sessions import Session
from inventory.accounts.users import Account
from inventory.common import clock
from inventory.common.errors import Forbidden, InvalidInput, Unauthenticated
from inventory.db import atomic, connection
from inventory.models import LoginAttempt, User
from inventory.models.credentials import RecoveryCode, SecondFactor

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

log = logging.getLogger(__name__)

RECOVERY_CODES = 10
STEP_SECONDS = 30
#: Clocks of telephones may be this many steps ahead or behind.
SKEW = 1
#: Wrong codes of one user in five minutes, from wherever: who may guess has the password already.
MOST_TRIES = 5
_APP_CODE = re.compile(r"[0-9]{6}")
_RECOVERY_CODE = re.compile(r"[A-Z2-7]{24}")


@dataclass(frozen=True)
class TwoFactorStatus:
    """How somebody's second factor stands."""

    since: datetime
    codes_left: int


def state_of(user_id: int) -> TwoFactorStatus | None:
    """None where nothing is asked after the password."""
    conn = connection()
    since = conn.execute(_CONFIRMED, {"user_id": user_id}).scalar()
    if since is None:
        return None
    return TwoFactorStatus(since, conn.execute(_CODES_LEFT, {"user_id": user_id}).scalar_one())


_CONFIRMED = sa.select(SecondFactor.confirmed_at).where(
    SecondFactor.user_id == sa.bindparam("user_id")
)
_CODES_LEFT = sa.select(sa.func.count()).where(
    RecoveryCode.user_id == sa.bindparam("user_id"), RecoveryCode.used_at.is_(None)
)


# --- setting it up --------------------------------------------------------------------------------


def begin_setup(*, user_id: int, keys: Sequence[str]) -> str:
    """A new secret for an app; nothing is asked for until a code confirms it. Raises Forbidden
    where a second factor stands already."""
    secret = pyotp.random_base32()
    _keep(user_id=user_id, secret=_encrypt_secret(user_id, secret, keys))
    return secret


@atomic
def _keep(tx: Connection, *, user_id: int, secret: str) -> None:
    users.lock_table(tx, "users")
    if tx.execute(_CONFIRMED, {"user_id": user_id}).scalar() is not None:
        raise Forbidden("You have a second factor already. Remove it first.")
    tx.execute(sa.delete(SecondFactor).where(SecondFactor.user_id == user_id))
    values = {"user_id": user_id, "secret": secret, "created_at": clock.now(), "last_step": 0}
    tx.execute(sa.insert(SecondFactor).values(**values))


def pending_secret(*, user_id: int, keys: Sequence[str]) -> str | None:
    """The secret that waits for its first code."""
    row = _row_of(connection(), user_id)
    return _decrypt_secret(row, keys) if row is not None and row.confirmed_at is None else None


def provisioning_uri(secret: str, *, name: str, site: str) -> str:
    """What an app reads from the picture: otpauth://…"""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=site)


def confirm(*, user_id: int, code: object, keys: Sequence[str]) -> tuple[Account, list[str]]:
    """The app has shown a right code: from now on it is asked for. All sessions and PINs end.
    Returns the account, to begin this session anew, and the recovery codes, never shown again.
    Raises InvalidInput (code)."""
    codes = _new_codes()
    return _confirm(user_id=user_id, code=code, keys=keys, codes=codes), codes


@atomic
def _confirm(
    tx: Connection, *, user_id: int, code: object, keys: Sequence[str], codes: list[str]
) -> Account:
    row = _row_of(tx, user_id)
    if row is None or row.confirmed_at is not None:
        raise InvalidInput("Begin again: this code has nothing to confirm.", field="code")
    step = _step_of(_decrypt_secret(row, keys), _normalize_code(code))
    if step is None:
        raise InvalidInput("That code is not right. Is the clock of your telephone?", field="code")
    confirmed = sa.update(SecondFactor).where(SecondFactor.user_id == user_id)
    tx.execute(confirmed.values(confirmed_at=clock.now(), last_step=step))
    _put_codes(tx, user_id, codes)
    return users.invalidate_sessions(tx, user_id, "second_factor.on", user_id)


def new_codes(*, user_id: int) -> list[str]:
    """Ten new recovery codes; the ones before are worthless. Raises Forbidden."""
    codes = _new_codes()
    _renew_codes(user_id=user_id, codes=codes)
    return codes


@atomic
def _renew_codes(tx: Connection, *, user_id: int, codes: list[str]) -> None:
    if tx.execute(_CONFIRMED, {"user_id": user_id}).scalar() is None:
        raise Forbidden("You have no second factor.")
    _put_codes(tx, user_id, codes)
    subject = f"user {user_id}"
    audit.record(tx, user_id=user_id, action="second_factor.codes", subject=subject)


@atomic
def remove(tx: Connection, *, user_id: int, actor_id: int | None) -> Account:
    """Ask for the password alone from now on; all sessions end. Raises NotFound."""
    taken = sa.delete(SecondFactor).where(SecondFactor.user_id == user_id)
    gone = tx.execute(taken).rowcount
    tx.execute(sa.delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    if not gone:
        return users.read_account(tx, user_id)
    return users.invalidate_sessions(tx, user_id, "second_factor.off", actor_id)


# --- asking for it --------------------------------------------------------------------------------


def log_in(
    *,
    pending: login.PendingTwoFactor,
    code: object,
    keys: Sequence[str],
    address: str,
    browser: str = "",
) -> Session:
    """Go on from the right password to a session. Raises TooManyAttempts, Unauthenticated."""
    network = throttling.rate_limit_key(address)
    account = users.get_account(user_id=pending.user_id)
    if account.session_epoch != pending.epoch or not account.second_factor:
        raise Unauthenticated("Log in again, please.")
    by = _require(account, code, keys, network, "login.refused")
    key = users.normalized_name(account.name)
    client = login.ClientInfo(address, browser, f"password and {by}")
    return login.start_session(account.id, _hash_of(account.id), None, key, client)


def require_code(*, user_id: int, code: object, keys: Sequence[str], address: str) -> None:
    """For changes that need the second factor once more. Raises TooManyAttempts, InvalidInput."""
    account, network = users.get_account(user_id=user_id), throttling.rate_limit_key(address)
    try:
        _require(account, code, keys, network, "second_factor.refused")
    except Unauthenticated as refused:
        raise InvalidInput(refused.detail, field="code") from None


def _require(
    account: Account, code: object, keys: Sequence[str], network: str, refused: str
) -> str:
    """By what the code was right. The try is written down before, and forgotten when it was."""
    _admit(throttling.code_key(account.id), network)
    by = _use(user_id=account.id, code=_normalize_code(code), keys=keys)
    if by is None:
        if refused == "login.refused":
            login.record_failed_login(account.id, network, actor_id="second factor")
        else:
            subject = f"user {account.id}"
            audit.record_event(user_id=account.id, action=refused, subject=subject, address=network)
        raise Unauthenticated("That code is not right, or was used already. Wait for the next one.")
    throttling.clear_attempts(key=throttling.code_key(account.id), network=network)
    return by


@atomic
def _admit(tx: Connection, key: str, network: str) -> None:
    throttling.consume_attempt(tx, key, network, ((MOST_TRIES, LoginAttempt.name_key == key),))


@atomic
def _use(tx: Connection, *, user_id: int, code: str, keys: Sequence[str]) -> str | None:
    """Use the code up, if it is one: by what."""
    row = _row_of(tx, user_id)
    if row is None or row.confirmed_at is None:
        return None
    if _APP_CODE.fullmatch(code):
        return "code" if _use_app_code(tx, row, code, keys) else None
    if not _RECOVERY_CODE.fullmatch(code):
        return None
    unused = sa.update(RecoveryCode).where(
        RecoveryCode.user_id == user_id,
        RecoveryCode.code_hash == _hash(code),
        RecoveryCode.used_at.is_(None),
    )
    used = tx.execute(unused.values(used_at=clock.now())).rowcount
    return "recovery code" if used else None


def _use_app_code(tx: Connection, row: Any, code: str, keys: Sequence[str]) -> bool:
    secret = _decrypt_secret(row, keys)
    step = _step_of(secret, code)
    if secret is None or step is None:
        return False
    mine = sa.update(SecondFactor).where(
        SecondFactor.user_id == row.user_id, SecondFactor.last_step < step
    )
    moved = {"last_step": step, "secret": _encrypt_secret(row.user_id, secret, keys)}
    return bool(tx.execute(mine.values(**moved)).rowcount)


def _step_of(secret: str | None, code: str) -> int | None:
    """The time step whose code this is: now or beside it."""
    if secret is None or not _APP_CODE.fullmatch(code):
        return None
    now, app = int(clock.now().timestamp()) // STEP_SECONDS, pyotp.HOTP(secret)
    steps = range(now - SKEW, now + SKEW + 1)
    return next((step for step in steps if app.verify(code, step)), None)


# --- how it is kept -------------------------------------------------------------------------------


def _row_of(conn: Connection, user_id: int) -> Any:
    columns = SecondFactor.__table__.columns
    return conn.execute(sa.select(*columns).where(SecondFactor.user_id == user_id)).first()


def _hash_of(user_id: int) -> str:
    found = connection().execute(sa.select(User.password_hash).where(User.id == user_id))
    return str(found.scalar_one())


def _new_codes() -> list[str]:
    """15 random bytes each, in six groups of four."""
    plain = [base64.b32encode(secrets.token_bytes(15)).decode() for _ in range(RECOVERY_CODES)]
    return ["-".join(re.findall("....", one)) for one in plain]


def _put_codes(tx: Connection, user_id: int, codes: list[str]) -> None:
    tx.execute(sa.delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    rows = [{"user_id": user_id, "code_hash": _hash(_normalize_code(code))} for code in codes]
    tx.execute(sa.insert(RecoveryCode), rows)


def _normalize_code(code: object) -> str:
    """As it is compared: without the gaps that people and apps put in."""
    text = code if isinstance(code, str) and len(code) < 100 else ""
    return re.sub(r"[\s-]", "", text).upper()


def _hash(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()


def _fernet(keys: Sequence[str]) -> MultiFernet:
    from cryptography.fernet import Fernet, MultiFernet

    made = [hmac.digest(key.encode(), b"second factors", "sha256") for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in made])


def _encrypt_secret(user_id: int, secret: str, keys: Sequence[str]) -> str:
    return _fernet(keys).encrypt(f"{user_id}:{secret}".encode()).decode()


def _decrypt_secret(row: Any, keys: Sequence[str]) -> str | None:
    """The secret; None where no key opens it, or where it was somebody else's."""
    from cryptography.fernet import InvalidToken

    try:
        user_id, _, secret = _fernet(keys).decrypt(row.secret.encode()).decode().partition(":")
    except InvalidToken:
        log.error("the second factor of user %d opens with no key of this site", row.user_id)
        return None
    return secret if user_id == str(row.user_id) else None
