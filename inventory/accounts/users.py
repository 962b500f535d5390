"""Accounts: who may use the inventory, and as what. Every change is audited.

The last active admin can be neither demoted nor disabled. A verb's `by` is the user who does
it; None stands for the command line. How people get in by themselves: registration.py,
logins.py.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory import audit
from inventory.accounts import passwords
from inventory.common import clock
from inventory.common.errors import Forbidden, InvalidInput, NotFound
from inventory.common.validation import MAX_ID, validate_choice, validate_text
from inventory.db import atomic, connection
from inventory.models import SYSTEM_KEY, LoginAttempt, Role, User
from inventory.models.credentials import SecondFactor

ROLES: tuple[str, ...] = tuple(role.value for role in Role)
LONGEST_NAME = 100
_LONGEST_KEY = 400


@dataclass(frozen=True)
class Account:
    id: int
    name: str
    role: str
    session_epoch: int
    created_at: datetime
    approved_at: datetime | None
    disabled_at: datetime | None
    last_login_at: datetime | None
    #: Whether a code is asked for after the password.
    second_factor: bool

    @property
    def is_usable(self) -> bool:
        return self.approved_at is not None and self.disabled_at is None

    def has_role(self, role: str) -> bool:
        """Is this account's role the given one, or above it?"""
        return ROLES.index(self.role) >= ROLES.index(role)


COLUMNS = (
    User.id,
    User.name,
    User.role,
    User.session_epoch,
    User.created_at,
    User.approved_at,
    User.disabled_at,
    User.last_login_at,
    sa.exists()
    .where(SecondFactor.user_id == User.id, SecondFactor.confirmed_at.is_not(None))
    .label("second_factor"),
)
_PEOPLE = User.name_key != SYSTEM_KEY
_BY_ID = sa.select(*COLUMNS).where(User.id == sa.bindparam("user_id"), _PEOPLE)
_BY_KEY = sa.select(*COLUMNS).where(User.name_key == sa.bindparam("key"))
_ALL = sa.select(*COLUMNS).where(_PEOPLE).order_by(User.name_key)
_ACTIVE_ADMIN = sa.select(User.id).where(
    User.role == Role.ADMIN.value, User.approved_at.is_not(None), User.disabled_at.is_(None)
)


def account_from_row(row: Sequence[Any]) -> Account:
    """The account in a row of COLUMNS."""
    return Account(*row[: len(COLUMNS)])


def list_accounts() -> list[Account]:
    return [account_from_row(row) for row in connection().execute(_ALL)]


def get_account(*, user_id: int) -> Account:
    return read_account(connection(), user_id)


def find_account(*, name: str) -> Account | None:
    row = connection().execute(_BY_KEY, {"key": find_key(name)}).first()
    return account_from_row(row) if row else None


def normalized_name(name: str) -> str:
    """What makes two names the same: Unicode's compatible forms and letter case do not differ."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join(folded.split())


def find_key(name: object) -> str:
    """The key to look a name up by; empty, which nobody has, for what cannot be a name."""
    try:
        return normalized_name(validate_name(name))
    except InvalidInput:
        return ""


def validate_name(value: object) -> str:
    """A name as it was typed, if it can be one."""
    name = validate_text(value, field="name", max_length=LONGEST_NAME, required=True) or ""
    if any(_is_invisible(character) for character in name):
        raise InvalidInput("The name contains a character that cannot be seen.", field="name")
    if any(len(_scripts(word)) > 1 for word in name.split()):
        raise InvalidInput(
            "The name mixes letters that look alike, such as Latin and Cyrillic ones.", field="name"
        )
    if not 0 < len(normalized_name(name)) <= _LONGEST_KEY or normalized_name(
        name
    ) == normalized_name(SYSTEM_KEY):
        raise InvalidInput("That name cannot be used.", field="name")
    return name


#: Letters and marks that show nothing: fillers, the blank of Braille, joiners, selectors.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_LOOK_ALIKE = ("LATIN", "CYRILLIC", "GREEK", "CHEROKEE", "ARMENIAN", "COPTIC")


def _is_invisible(character: str) -> bool:
    selects = "VARIATION SELECTOR" in unicodedata.name(character, "")
    hidden = unicodedata.category(character) in {"Cf", "Co"} or character in _BLANK
    return selects or hidden


def _scripts(word: str) -> set[str]:
    """Of which of the alphabets with letters that look alike a word has some."""
    names = (unicodedata.name(letter, "") for letter in word if letter.isalpha())
    return {name.partition(" ")[0] for name in names} & set(_LOOK_ALIKE)


def create_user(*, name: str, password: str, role: str, actor_id: int | None = None) -> Account:
    """Make an account that can log in at once."""
    name = validate_name(name)
    role = validate_choice(role, field="role", choices=ROLES)
    password = passwords.validate_password(password, name=name)
    return _create(name, passwords.hash_password(password), role, actor_id)


@atomic
def _create(
    tx: Connection, name: str, password_hash: str, role: str, actor_id: int | None
) -> Account:
    lock_table(tx, "users")
    account = insert_account(tx, name=name, password_hash=password_hash, role=role, approved=True)
    _audit(tx, actor_id, "user.create", account.id, name=name, role=role)
    return account


@atomic
def set_role(tx: Connection, *, user_id: int, role: str, actor_id: int | None = None) -> Account:
    role = validate_choice(role, field="role", choices=ROLES)
    return _change(tx, user_id, "user.set_role", actor_id, role=role)


@atomic
def approve(tx: Connection, *, user_id: int, role: str, actor_id: int | None = None) -> Account:
    """Let a registered account in, with its role."""
    role = validate_choice(role, field="role", choices=ROLES)
    return _change(tx, user_id, "user.approve", actor_id, role=role, approved_at=clock.now())


@atomic
def disable(tx: Connection, *, user_id: int, actor_id: int | None = None) -> Account:
    """Keep somebody out from now on: their sessions end at once."""
    return _change(tx, user_id, "user.disable", actor_id, disabled_at=clock.now(), **_END_SESSIONS)


@atomic
def enable(tx: Connection, *, user_id: int, actor_id: int | None = None) -> Account:
    return _change(tx, user_id, "user.enable", actor_id, disabled_at=None)


@atomic
def end_sessions(tx: Connection, *, user_id: int, actor_id: int | None = None) -> Account:
    """Log somebody out everywhere."""
    return _change(tx, user_id, "user.end_sessions", actor_id, **_END_SESSIONS)


def set_password(*, user_id: int, password: str, actor_id: int | None = None) -> Account:
    """Give somebody a new password; their sessions end at once. An admin's verb: who changes
    their own uses `logins.change_password`, which asks for the current one."""
    password = passwords.validate_password(password, name=get_account(user_id=user_id).name)
    return update_password_hash(
        user_id=user_id, password_hash=passwords.hash_password(password), actor_id=actor_id
    )


@atomic
def update_password_hash(
    tx: Connection,
    *,
    user_id: int,
    password_hash: str,
    actor_id: int | None,
    expected_hash: str | None = None,
) -> Account:
    """Write a new hash and end all sessions. `seen`: only while the hash is still this one."""
    lock_table(tx, "users")
    if expected_hash is not None:
        now = tx.execute(sa.select(User.password_hash).where(User.id == user_id)).scalar()
        if now != expected_hash:
            raise InvalidInput("The password was changed just now.", field="current_password")
    values = {"password_hash": password_hash, **_END_SESSIONS}
    return _change(tx, user_id, "user.set_password", actor_id, **values)


def invalidate_sessions(tx: Connection, user_id: int, action: str, actor_id: int | None) -> Account:
    """End all sessions for a change of how somebody logs in."""
    return _change(tx, user_id, action, actor_id, **_END_SESSIONS)


_END_SESSIONS: dict[str, Any] = {"session_epoch": User.session_epoch + 1}
_LOCKS = {
    table: f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"
    for table in (User.__tablename__, LoginAttempt.__tablename__)
}


def lock_table(tx: Connection, table: str) -> None:
    """One change of a table at a time, so that "the first", "the last" and "the tenth" mean
    something. SQLite has one writer at a time already."""
    if tx.dialect.name == "postgresql":
        tx.exec_driver_sql(_LOCKS[table])


def insert_account(
    tx: Connection, *, name: str, password_hash: str, role: str, approved: bool
) -> Account:
    """Insert the row; the caller has cleaned, locked, and will audit."""
    key, now = normalized_name(name), clock.now()
    if tx.execute(_BY_KEY, {"key": key}).first():
        raise InvalidInput("That name is taken. Choose another.", field="name")
    made = sa.insert(User).values(
        name=name,
        name_key=key,
        password_hash=password_hash,
        role=role,
        session_epoch=0,
        created_at=now,
        approved_at=now if approved else None,
    )
    return read_account(tx, tx.execute(made.returning(User.id)).scalar_one())


def read_account(reader: Connection, user_id: int) -> Account:
    known = 0 < user_id <= MAX_ID
    row = reader.execute(_BY_ID, {"user_id": user_id}).first() if known else None
    if row is None:
        raise NotFound("There is no such account.", user_id=user_id)
    return account_from_row(row)


def _change(
    tx: Connection, user_id: int, action: str, actor_id: int | None, **values: Any
) -> Account:
    lock_table(tx, "users")
    before = read_account(tx, user_id)
    tx.execute(sa.update(User).where(User.id == user_id).values(**values))
    if before.role == Role.ADMIN and before.is_usable and not tx.execute(_ACTIVE_ADMIN).first():
        raise Forbidden("This is the last active admin. Make somebody else admin first.")
    after = read_account(tx, user_id)
    changed = {"role": after.role} if after.role != before.role else {}
    _audit(tx, actor_id, action, user_id, **changed)
    return after


def _audit(tx: Connection, actor_id: int | None, action: str, user_id: int, **detail: Any) -> None:
    audit.record(tx, user_id=actor_id, action=action, subject=f"user {user_id}", **detail)
