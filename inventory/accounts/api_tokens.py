"""API tokens, which programs use instead of a password.

A token is 256 random bits after a prefix that secret scanners know. It is shown once; only its
SHA-256 is stored. A token never allows more than its user can do now: disabling the user or
lowering the user's role also limits the token.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory import audit
from inventory.accounts import users
from inventory.accounts.users import ROLES
from inventory.common import clock
from inventory.common.errors import Forbidden, InvalidInput, NotFound, Unauthenticated
from inventory.common.messages import message
from inventory.common.validation import validate_choice, validate_text
from inventory.db import atomic, connection
from inventory.models import ApiToken, User, table

PREFIX = "inv_"
MAX_LIFETIME = timedelta(days=365)
#: The last use is recorded at most this often.
RECORD_INTERVAL = timedelta(minutes=1)
_SHOWN = len(PREFIX) + 6

_tokens = table(ApiToken)
_users = table(User)


@dataclass(frozen=True)
class Token:
    """An API token's data, without the token itself."""

    id: int
    user_id: int
    user_name: str
    name: str
    role: str
    prefix: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None

    @property
    def is_usable(self) -> bool:
        """Return whether the token is neither revoked nor expired."""
        return self.revoked_at is None and clock.now() < self.expires_at


@dataclass(frozen=True)
class ApiPrincipal:
    """The user of a request, and the role that the token allows."""

    token_id: int
    user_id: int
    user_name: str
    role: str
    #: Whether the last use must be recorded (`touch_last_used`).
    note: bool

    def has_role(self, role: str) -> bool:
        """Return whether the principal's role is this role or a higher one."""
        return ROLES.index(self.role) >= ROLES.index(role)


_COLUMNS = (
    _tokens.c.id,
    _tokens.c.user_id,
    _users.c.name.label("user_name"),
    _tokens.c.name,
    _tokens.c.role,
    _tokens.c.prefix,
    _tokens.c.created_at,
    _tokens.c.expires_at,
    _tokens.c.last_used_at,
    _tokens.c.revoked_at,
)
_ALL = (
    sa.select(*_COLUMNS)
    .join(_users, _users.c.id == _tokens.c.user_id)
    .order_by(_users.c.name_key, _tokens.c.id)
)
_BY_HASH = (
    sa.select(
        _tokens.c.id,
        _tokens.c.token_hash,
        _tokens.c.role,
        _tokens.c.expires_at,
        _tokens.c.last_used_at,
        _tokens.c.revoked_at,
        _users.c.id.label("user_id"),
        _users.c.name.label("user_name"),
        _users.c.role.label("user_role"),
        _users.c.approved_at,
        _users.c.disabled_at,
    )
    .join(_users, _users.c.id == _tokens.c.user_id)
    .where(_tokens.c.token_hash == sa.bindparam("hash"))
)


def create_token(
    *,
    user_id: int,
    name: object,
    role: object = None,
    expires_at: datetime | None = None,
    actor_id: int | None = None,
) -> tuple[Token, str]:
    """Create a token; only this call returns the token itself.

    Args:
        role: the user's role if None.
        expires_at: at most 365 days from now, which is the default.
        actor_id: the user who creates the token; None means the command line.

    Returns:
        (the token's data, the token).

    Raises:
        InvalidInput: a malformed name or role, a role above the user's, or a wrong expiry.
        Forbidden: the user is disabled or not approved.
        NotFound: unknown user.
    """
    secret = PREFIX + secrets.token_urlsafe(32)
    fields = {
        "name": validate_text(name, field="name", max_length=60, required=True),
        "prefix": secret[:_SHOWN],
        "token_hash": _hash(secret),
    }
    if role is not None:
        fields["role"] = validate_choice(role, field="role", choices=ROLES)
    return _create(user_id, fields, expires_at, actor_id), secret


@atomic
def _create(
    tx: Connection,
    user_id: int,
    fields: dict[str, Any],
    expires_at: datetime | None,
    actor_id: int | None,
) -> Token:
    now = clock.now()
    user = users.read_account(tx, user_id)
    if not user.is_usable:
        raise Forbidden(
            message("%(name)s cannot sign in, and so cannot have a token.", name=user.name)
        )
    if not user.has_role(fields.setdefault("role", user.role)):
        raise InvalidInput(
            message(
                "The role cannot be above %(name)s's own, which is %(role)s.",
                name=user.name,
                role=user.role,
            ),
            field="role",
        )
    expires_at = expires_at or now + MAX_LIFETIME
    if not now < expires_at <= now + MAX_LIFETIME:
        raise InvalidInput(
            message("The token must expire in the future, at most 365 days from now."),
            field="expires",
        )
    made = sa.insert(_tokens).values(
        user_id=user_id, created_at=now, expires_at=expires_at, **fields
    )
    token_id = tx.execute(made.returning(_tokens.c.id)).scalar_one()
    _audit(
        tx,
        actor_id,
        "token.create",
        token_id,
        user=user.name,
        name=fields["name"],
        role=fields["role"],
    )
    return _read(tx, token_id)


@atomic
def revoke_token(
    tx: Connection, *, token_id: int, user_id: int | None = None, actor_id: int | None = None
) -> Token:
    """Revoke a token at once; does nothing if it is revoked already.

    Args:
        user_id: revoke the token only if it belongs to this user.
        actor_id: the user who revokes the token; None means the command line.

    Raises:
        NotFound: unknown token, or one of another user.
    """
    token = _read(tx, token_id)
    if user_id not in (None, token.user_id):
        raise NotFound(
            message("There is no token number %(token_id)s.", token_id=token_id), token_id=token_id
        )
    if token.revoked_at is None:
        ended = sa.update(_tokens).where(_tokens.c.id == token_id)
        tx.execute(ended.values(revoked_at=clock.now()))
        _audit(tx, actor_id, "token.revoke", token_id, user=token.user_name, name=token.name)
    return _read(tx, token_id)


def end_of_day(day: date) -> datetime:
    """Return the end of that day at the site.

    For the last possible day this is exactly 365 days from now.
    """
    longest = clock.now() + MAX_LIFETIME
    if day == longest.astimezone(clock.zone()).date():
        return longest
    return datetime.combine(day, time.max, tzinfo=clock.zone())


def list_tokens(*, user_id: int | None = None) -> list[Token]:
    """Return all tokens, or one user's, including revoked and expired ones."""
    chosen = _ALL if user_id is None else _ALL.where(_tokens.c.user_id == user_id)
    return [_token(row) for row in connection().execute(chosen)]


def authenticate(secret: str) -> ApiPrincipal:
    """Return the principal that a token belongs to.

    Raises:
        Unauthenticated: unknown, revoked or expired token, or a disabled user. The message says
            which.
    """
    wanted = _hash(secret)
    row = connection().execute(_BY_HASH, {"hash": wanted}).first()
    if row is None or not hmac.compare_digest(row.token_hash, wanted):
        raise Unauthenticated(message("This token does not exist."))
    now = clock.now()
    if row.revoked_at is not None:
        raise Unauthenticated(message("This token was revoked."))
    if row.expires_at <= now:
        raise Unauthenticated(message("This token has expired."))
    if row.approved_at is None or row.disabled_at is not None:
        raise Unauthenticated(message("The user of this token can no longer sign in."))
    return ApiPrincipal(
        token_id=row.id,
        user_id=row.user_id,
        user_name=row.user_name,
        role=min(row.role, row.user_role, key=ROLES.index),
        note=row.last_used_at is None or row.last_used_at <= now - RECORD_INTERVAL,
    )


@atomic
def touch_last_used(tx: Connection, *, token_id: int) -> None:
    """Record that the token was used, unless that was recorded within a minute."""
    now = clock.now()
    last = _tokens.c.last_used_at
    tx.execute(
        sa.update(_tokens)
        .where(_tokens.c.id == token_id, sa.or_(last.is_(None), last <= now - RECORD_INTERVAL))
        .values(last_used_at=now)
    )


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _read(reader: Connection, token_id: int) -> Token:
    row = reader.execute(_ALL.where(_tokens.c.id == token_id)).first()
    if row is None:
        raise NotFound(
            message("There is no token number %(token_id)s.", token_id=token_id), token_id=token_id
        )
    return _token(row)


def _token(row: sa.Row[*tuple[Any, ...]]) -> Token:
    return Token(**row._mapping)


def _audit(tx: Connection, actor_id: int | None, action: str, token_id: int, **detail: Any) -> None:
    audit.record(tx, user_id=actor_id, action=action, subject=f"token {token_id}", **detail)
