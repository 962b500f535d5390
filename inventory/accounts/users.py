"""Accounts of users and their roles; every change is audited.

The last active administrator can be neither demoted nor disabled. `actor_id` is the user who makes
a change; None means the command line. Users get accounts by themselves in `registration` and sign
in with `login`.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory import audit
from inventory.accounts import passwords
from inventory.common import clock
from inventory.common.errors import Forbidden, InvalidInput, NotFound
from inventory.common.languages import LANGUAGES
from inventory.common.lookalikes import find_invisible, look_key
from inventory.common.messages import message
from inventory.common.validation import MAX_ID, validate_choice, validate_text
from inventory.db import atomic, connection
from inventory.models import SYSTEM_KEY, LoginAttempt, Role, User
from inventory.models.credentials import SecondFactor

ROLES: tuple[str, ...] = tuple(role.value for role in Role)
MAX_NAME = 100
_MAX_KEY = 400


@dataclass(frozen=True)
class Account:
    """A user's account, without the password."""

    id: int
    name: str
    role: str
    #: Code of the language that the user chose, or None.
    language: str | None
    session_epoch: int
    created_at: datetime
    approved_at: datetime | None
    disabled_at: datetime | None
    last_login_at: datetime | None
    #: Whether a code is required after the password.
    second_factor: bool

    @property
    def is_usable(self) -> bool:
        """Return whether the account is approved and not disabled."""
        return self.approved_at is not None and self.disabled_at is None

    def has_role(self, role: str) -> bool:
        """Return whether the account's role is this role or a higher one."""
        return ROLES.index(self.role) >= ROLES.index(role)


COLUMNS = (
    User.id,
    User.name,
    User.role,
    User.language,
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


def account_from_row(row: sa.Row[*tuple[Any, ...]]) -> Account:
    """Return the account in a row with COLUMNS; other columns are left out."""
    return Account(**{name: row._mapping[name] for name in Account.__dataclass_fields__})


def list_accounts() -> list[Account]:
    """Return all accounts except the system's, ordered by name."""
    return [account_from_row(row) for row in connection().execute(_ALL)]


def get_account(*, user_id: int) -> Account:
    """Return the account with this id.

    Raises:
        NotFound: unknown user.
    """
    return read_account(connection(), user_id)


def find_account(*, name: str) -> Account | None:
    """Return the account with this name, or None."""
    row = connection().execute(_BY_KEY, {"key": find_key(name)}).first()
    return account_from_row(row) if row else None


def normalized_name(name: str) -> str:
    """Return the form in which names are compared: NFKC, without case."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join(folded.split())


def find_key(name: object) -> str:
    """Return the key to look a name up by, or "" for an impossible name."""
    try:
        return normalized_name(validate_name(name))
    except InvalidInput:
        return ""


def validate_name(value: object) -> str:
    """Return the name as it was entered.

    Raises:
        InvalidInput: empty, too long, reserved, or with invisible or mixed look-alike letters.
    """
    name = validate_text(value, field="name", max_length=MAX_NAME, required=True) or ""
    if find_invisible(name) or any(unicodedata.category(one) == "Cf" for one in name):
        raise InvalidInput(message("The name contains an invisible character."), field="name")
    if any(len(_scripts(word)) > 1 for word in name.split()):
        raise InvalidInput(
            message("The name mixes letters that look alike, such as Latin and Cyrillic ones."),
            field="name",
        )
    if not 0 < len(normalized_name(name)) <= _MAX_KEY or normalized_name(name) == normalized_name(
        SYSTEM_KEY
    ):
        raise InvalidInput(message("That name cannot be used."), field="name")
    return name


_LOOK_ALIKE = ("LATIN", "CYRILLIC", "GREEK", "CHEROKEE", "ARMENIAN", "COPTIC")


def _scripts(word: str) -> set[str]:
    """Return the scripts with look-alike letters that occur in a word."""
    names = (unicodedata.name(letter, "") for letter in word if letter.isalpha())
    return {name.partition(" ")[0] for name in names} & set(_LOOK_ALIKE)


def create_user(*, name: str, password: str, role: str, actor_id: int | None = None) -> Account:
    """Create an approved account.

    Raises:
        InvalidInput: `name`, `password` or `role` is wrong, or the name is taken.
    """
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
    """Change the account's role.

    Raises:
        InvalidInput: unknown role.
        NotFound: unknown user.
        Forbidden: the last active administrator would lose the role.
    """
    role = validate_choice(role, field="role", choices=ROLES)
    return _change(tx, user_id, "user.set_role", actor_id, role=role)


@atomic
def set_language(
    tx: Connection, *, user_id: int, language: str | None, actor_id: int | None = None
) -> Account:
    """Set the language of the user's pages, or None to follow the browser.

    Raises:
        InvalidInput: unknown language.
        NotFound: unknown user.
    """
    if language is not None:
        language = validate_choice(language, field="language", choices=tuple(LANGUAGES))
    return _change(tx, user_id, "user.set_language", actor_id, language=language)


@atomic
def approve(tx: Connection, *, user_id: int, role: str, actor_id: int | None = None) -> Account:
    """Approve a registered account and set its role.

    Raises:
        InvalidInput: unknown role.
        NotFound: unknown user.
        Forbidden: the last active administrator would lose the role.
    """
    role = validate_choice(role, field="role", choices=ROLES)
    return _change(tx, user_id, "user.approve", actor_id, role=role, approved_at=clock.now())


@atomic
def disable(tx: Connection, *, user_id: int, actor_id: int | None = None) -> Account:
    """Disable the account and end its sessions.

    Raises:
        NotFound: unknown user.
        Forbidden: the account is the last active administrator.
    """
    return _change(tx, user_id, "user.disable", actor_id, disabled_at=clock.now(), **_END_SESSIONS)


@atomic
def enable(tx: Connection, *, user_id: int, actor_id: int | None = None) -> Account:
    """Enable a disabled account.

    Raises:
        NotFound: unknown user.
    """
    return _change(tx, user_id, "user.enable", actor_id, disabled_at=None)


@atomic
def end_sessions(tx: Connection, *, user_id: int, actor_id: int | None = None) -> Account:
    """Sign the user out everywhere.

    Raises:
        NotFound: unknown user.
    """
    return _change(tx, user_id, "user.end_sessions", actor_id, **_END_SESSIONS)


def set_password(*, user_id: int, password: str, actor_id: int | None = None) -> Account:
    """Set a user's password and end the user's sessions, for administrators.

    Users change their own with `login.change_password`, which requires the current one.

    Raises:
        InvalidInput: the password cannot be used.
        NotFound: unknown user.
    """
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
    """Store a new hash and end all sessions.

    Args:
        expected_hash: the hash that must still be stored; None for any.

    Raises:
        InvalidInput: the hash was changed in the meantime.
        NotFound: unknown user.
    """
    lock_table(tx, "users")
    if expected_hash is not None:
        now = tx.execute(sa.select(User.password_hash).where(User.id == user_id)).scalar()
        if now != expected_hash:
            raise InvalidInput(
                message("The password was changed a moment ago. Try again."),
                field="current_password",
            )
    values = {"password_hash": password_hash, **_END_SESSIONS}
    return _change(tx, user_id, "user.set_password", actor_id, **values)


def invalidate_sessions(tx: Connection, user_id: int, action: str, actor_id: int | None) -> Account:
    """End all sessions because the way of signing in changed, and audit `action`.

    Raises:
        NotFound: unknown user.
    """
    return _change(tx, user_id, action, actor_id, **_END_SESSIONS)


_END_SESSIONS: dict[str, Any] = {"session_epoch": User.session_epoch + 1}
_LOCKS = {
    table: f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"
    for table in (User.__tablename__, LoginAttempt.__tablename__)
}


def lock_table(tx: Connection, table: str) -> None:
    """Lock a table against other writers until the end of the transaction.

    Rules about the first, the last or the tenth row need this. SQLite has one writer at a time.
    """
    if tx.dialect.name == "postgresql":
        tx.exec_driver_sql(_LOCKS[table])


def insert_account(
    tx: Connection, *, name: str, password_hash: str, role: str, approved: bool
) -> Account:
    """Insert an account; the caller validates, locks the table and audits.

    Raises:
        InvalidInput: the name is taken, or looks like another user's.
    """
    key, now = normalized_name(name), clock.now()
    if tx.execute(_BY_KEY, {"key": key}).first():
        raise InvalidInput(message("That name is taken. Choose another."), field="name")
    look = look_key(name)
    if any(look_key(other) == look for other in tx.execute(sa.select(User.name)).scalars()):
        raise InvalidInput(
            message("That name looks like another user's. Choose another."), field="name"
        )
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
    """Return the account with this id, on the given connection.

    Raises:
        NotFound: unknown user.
    """
    known = 0 < user_id <= MAX_ID
    row = reader.execute(_BY_ID, {"user_id": user_id}).first() if known else None
    if row is None:
        raise NotFound(message("There is no such user."), user_id=user_id)
    return account_from_row(row)


def _change(
    tx: Connection, user_id: int, action: str, actor_id: int | None, **values: Any
) -> Account:
    lock_table(tx, "users")
    before = read_account(tx, user_id)
    tx.execute(sa.update(User).where(User.id == user_id).values(**values))
    if before.role == Role.ADMIN and before.is_usable and not tx.execute(_ACTIVE_ADMIN).first():
        raise Forbidden(
            message(
                "This is the last active administrator. Give another user the administrator role"
                " first."
            )
        )
    after = read_account(tx, user_id)
    changed = {"role": after.role} if after.role != before.role else {}
    _audit(tx, actor_id, action, user_id, **changed)
    return after


def _audit(tx: Connection, actor_id: int | None, action: str, user_id: int, **detail: Any) -> None:
    audit.record(tx, user_id=actor_id, action=action, subject=f"user {user_id}", **detail)
