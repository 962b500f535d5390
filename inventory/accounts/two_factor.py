"""Two-factor authentication with codes from an app (TOTP, RFC 6238).

The secret is stored encrypted with a key that is derived from the site's secret key, so that a copy
of the database alone produces no codes. `keys` are the site's secret keys, newest first; a sign-in
encrypts the secret with the newest again. Each code works once. Ten recovery codes replace a lost
app: they have 120 random bits, are shown once and stored as hashes.

API tokens need no code: signed-in users create them, and programs cannot enter codes.
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
from inventory.common.messages import message
from inventory.db import atomic, connection
from inventory.models import LoginAttempt, User
from inventory.models.credentials import RecoveryCode, SecondFactor

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

log = logging.getLogger(__name__)

RECOVERY_CODES = 10
STEP_SECONDS = 30
#: Accepted difference of the phone's clock, in steps of `STEP_SECONDS`.
SKEW = 1
#: Wrong codes of one user in five minutes, from all addresses, because a guesser has the password.
MAX_TRIES = 5
_APP_CODE = re.compile(r"[0-9]{6}")
_RECOVERY_CODE = re.compile(r"[A-Z2-7]{24}")


@dataclass(frozen=True)
class TwoFactorStatus:
    """When two-factor authentication was turned on, and the unused recovery codes."""

    since: datetime
    codes_left: int


def state_of(user_id: int) -> TwoFactorStatus | None:
    """Return the user's status, or None without two-factor authentication."""
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


# --- setup ----------------------------------------------------------------------------------------


def begin_setup(*, user_id: int, keys: Sequence[str]) -> str:
    """Store a new secret for the app; it is not active until `confirm`.

    Raises:
        Forbidden: two-factor authentication is on already.
    """
    secret = pyotp.random_base32()
    _keep(user_id=user_id, secret=_encrypt_secret(user_id, secret, keys))
    return secret


@atomic
def _keep(tx: Connection, *, user_id: int, secret: str) -> None:
    users.lock_table(tx, "users")
    if tx.execute(_CONFIRMED, {"user_id": user_id}).scalar() is not None:
        raise Forbidden(message("Two-factor authentication is already on. Turn it off first."))
    tx.execute(sa.delete(SecondFactor).where(SecondFactor.user_id == user_id))
    values = {"user_id": user_id, "secret": secret, "created_at": clock.now(), "last_step": 0}
    tx.execute(sa.insert(SecondFactor).values(**values))


def pending_secret(*, user_id: int, keys: Sequence[str]) -> str | None:
    """Return the secret that is not confirmed yet, or None."""
    row = _row_of(connection(), user_id)
    return _decrypt_secret(row, keys) if row is not None and row.confirmed_at is None else None


def provisioning_uri(secret: str, *, name: str, site: str) -> str:
    """Return the otpauth:// address that the app reads from the QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=site)


def confirm(*, user_id: int, code: object, keys: Sequence[str]) -> tuple[Account, list[str]]:
    """Turn two-factor authentication on after a first code; ends sessions and PINs.

    Returns:
        (the account to renew the session with, the recovery codes, shown only now).

    Raises:
        InvalidInput: the code is wrong, or no setup was started.
    """
    codes = _new_codes()
    return _confirm(user_id=user_id, code=code, keys=keys, codes=codes), codes


@atomic
def _confirm(
    tx: Connection, *, user_id: int, code: object, keys: Sequence[str], codes: list[str]
) -> Account:
    row = _row_of(tx, user_id)
    if row is None or row.confirmed_at is not None:
        raise InvalidInput(
            message("No two-factor setup is in progress. Start the setup again."), field="code"
        )
    step = _step_of(_decrypt_secret(row, keys), _normalize_code(code))
    if step is None:
        raise InvalidInput(
            message("This code is wrong. Check that the clock of your phone is correct."),
            field="code",
        )
    confirmed = sa.update(SecondFactor).where(SecondFactor.user_id == user_id)
    tx.execute(confirmed.values(confirmed_at=clock.now(), last_step=step))
    _put_codes(tx, user_id, codes)
    return users.invalidate_sessions(tx, user_id, "second_factor.on", user_id)


def new_codes(*, user_id: int) -> list[str]:
    """Replace the recovery codes by ten new ones.

    Raises:
        Forbidden: two-factor authentication is off.
    """
    codes = _new_codes()
    _renew_codes(user_id=user_id, codes=codes)
    return codes


@atomic
def _renew_codes(tx: Connection, *, user_id: int, codes: list[str]) -> None:
    if tx.execute(_CONFIRMED, {"user_id": user_id}).scalar() is None:
        raise Forbidden(message("Two-factor authentication is off."))
    _put_codes(tx, user_id, codes)
    subject = f"user {user_id}"
    audit.record(tx, user_id=user_id, action="second_factor.codes", subject=subject)


@atomic
def remove(tx: Connection, *, user_id: int, actor_id: int | None) -> Account:
    """Turn two-factor authentication off; all sessions end.

    Args:
        actor_id: the user who does it; None means the command line.

    Raises:
        NotFound: unknown user.
    """
    taken = sa.delete(SecondFactor).where(SecondFactor.user_id == user_id)
    gone = tx.execute(taken).rowcount
    tx.execute(sa.delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    if not gone:
        return users.read_account(tx, user_id)
    return users.invalidate_sessions(tx, user_id, "second_factor.off", actor_id)


# --- checks ---------------------------------------------------------------------------------------


def log_in(
    *,
    pending: login.PendingTwoFactor,
    code: object,
    keys: Sequence[str],
    address: str,
    browser: str = "",
) -> Session:
    """Check the code after a correct password and start a session.

    Raises:
        TooManyAttempts: with `retry_after` in seconds.
        Unauthenticated: wrong or used code, or the password was changed in the meantime.
        Forbidden: the account is disabled or not approved.
        NotFound: unknown user.
    """
    network = throttling.rate_limit_key(address)
    account = users.get_account(user_id=pending.user_id)
    if account.session_epoch != pending.epoch or not account.second_factor:
        raise Unauthenticated(message("Sign in again."))
    by = _require(account, code, keys, network, "login.refused")
    key = users.normalized_name(account.name)
    client = login.ClientInfo(address, browser, f"password and {by}")
    return login.start_session(account.id, _hash_of(account.id), None, key, client)


def require_code(*, user_id: int, code: object, keys: Sequence[str], address: str) -> None:
    """Check a code again, for changes to the account.

    Raises:
        TooManyAttempts: with `retry_after` in seconds.
        InvalidInput: wrong or used code.
        NotFound: unknown user.
    """
    account, network = users.get_account(user_id=user_id), throttling.rate_limit_key(address)
    try:
        _require(account, code, keys, network, "second_factor.refused")
    except Unauthenticated as refused:
        raise InvalidInput(refused.detail, field="code") from None


def _require(
    account: Account, code: object, keys: Sequence[str], network: str, refused: str
) -> str:
    """Check the code and return its kind: "code" or "recovery code".

    The attempt is recorded before the check and deleted if the code was right.
    """
    _admit(throttling.code_key(account.id), network)
    by = _use(user_id=account.id, code=_normalize_code(code), keys=keys)
    if by is None:
        if refused == "login.refused":
            login.record_failed_login(account.id, network, method="second factor")
        else:
            subject = f"user {account.id}"
            audit.record_event(user_id=account.id, action=refused, subject=subject, address=network)
        raise Unauthenticated(
            message("This code is wrong or was already used. Wait for the next code.")
        )
    throttling.clear_attempts(key=throttling.code_key(account.id), network=network)
    return by


@atomic
def _admit(tx: Connection, key: str, network: str) -> None:
    throttling.consume_attempt(tx, key, network, ((MAX_TRIES, LoginAttempt.name_key == key),))


@atomic
def _use(tx: Connection, *, user_id: int, code: str, keys: Sequence[str]) -> str | None:
    """Use up the code and return its kind, or None if it is wrong."""
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
    """Return the time step of the code: the current one or one beside it."""
    if secret is None or not _APP_CODE.fullmatch(code):
        return None
    now, app = int(clock.now().timestamp()) // STEP_SECONDS, pyotp.HOTP(secret)
    steps = range(now - SKEW, now + SKEW + 1)
    return next((step for step in steps if app.verify(code, step)), None)


# --- storage --------------------------------------------------------------------------------------


def _row_of(conn: Connection, user_id: int) -> Any:
    columns = SecondFactor.__table__.columns
    return conn.execute(sa.select(*columns).where(SecondFactor.user_id == user_id)).first()


def _hash_of(user_id: int) -> str:
    found = connection().execute(sa.select(User.password_hash).where(User.id == user_id))
    return str(found.scalar_one())


def _new_codes() -> list[str]:
    """Return new recovery codes: 15 random bytes each, in six groups of four."""
    plain = [base64.b32encode(secrets.token_bytes(15)).decode() for _ in range(RECOVERY_CODES)]
    return ["-".join(re.findall("....", one)) for one in plain]


def _put_codes(tx: Connection, user_id: int, codes: list[str]) -> None:
    tx.execute(sa.delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    rows = [{"user_id": user_id, "code_hash": _hash(_normalize_code(code))} for code in codes]
    tx.execute(sa.insert(RecoveryCode), rows)


def _normalize_code(code: object) -> str:
    """Return the code without the spaces and hyphens that users and apps insert."""
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
    """Return the secret, or None if no key decrypts it or it is another user's."""
    from cryptography.fernet import InvalidToken

    try:
        user_id, _, secret = _fernet(keys).decrypt(row.secret.encode()).decode().partition(":")
    except InvalidToken:
        log.error("the second factor of user %d opens with no key of this site", row.user_id)
        return None
    return secret if user_id == str(row.user_id) else None
