"""Registration: how somebody gets an account by asking for one.

The first account becomes admin; two that register at once cannot both be first. Later ones
wait for an admin's approval, get in at once, or are turned away, as the site has it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory import audit
from inventory.accounts import passwords, throttling, users
from inventory.accounts.users import Account
from inventory.common.errors import Forbidden, InvalidInput
from inventory.db import atomic, connection
from inventory.models import Role, User

APPROVAL, OPEN, CLOSED = "approval", "open", "closed"

_ANYBODY = sa.select(User.id).limit(1)


def is_first() -> bool:
    """Will the next account be the first one, the admin?"""
    return connection().execute(_ANYBODY).first() is None


def setup_code(*, secret_key: str) -> str:
    """The code that the first registration needs where strangers could reach the server.

    Derived from the secret key: every process knows it, no file keeps it. It opens one door,
    and that door is gone as soon as there is an account.
    """
    digest = hmac.new(secret_key.encode(), b"first account", hashlib.sha256).digest()
    letters = base64.b32encode(digest).decode()
    return "-".join(letters[start : start + 4] for start in (0, 4, 8))


def register(
    *,
    name: str,
    password: str,
    policy: str,
    role: str,
    code: str = "",
    expected_code: str | None = None,
    address: str = "",
) -> Account:
    """Make the account that somebody asks for; it can log in when `is_usable`.

    The first becomes admin, and must bring `expected_code` unless that is None. Later ones
    follow `policy`: APPROVAL, OPEN (as `role`), or CLOSED.
    Raises InvalidInput (name, password, code), Forbidden (closed), or TooManyAttempts.
    """
    name = users.validate_name(name)
    password = passwords.validate_password(password, name=name)
    throttling.admit_registration(throttling.rate_limit_key(address))
    proven = expected_code is None or hmac.compare_digest(_bare(code), _bare(expected_code))
    return _register(name, passwords.hash_password(password), policy, role, proven)


@atomic
def _register(
    tx: Connection, name: str, password_hash: str, policy: str, role: str, proven: bool
) -> Account:
    users.lock_table(tx, "users")
    first = tx.execute(_ANYBODY).first() is None
    if first and not proven:
        raise InvalidInput("That is not the code that the start printed.", field="code")
    if not first and policy == CLOSED:
        raise Forbidden("Registration is closed. Ask an admin for an account.")
    account = users.insert_account(
        tx,
        name=name,
        password_hash=password_hash,
        role=Role.ADMIN.value if first else role if policy == OPEN else Role.VIEWER.value,
        approved=first or policy == OPEN,
    )
    audit.record(
        tx,
        user_id=account.id,
        action="user.register",
        subject=f"user {account.id}",
        name=name,
        role=account.role,
    )
    return account


def _bare(code: str) -> bytes:
    return "".join(code.split()).replace("-", "").upper().encode("utf-8", "replace")


def expected_code(*, secret_key: str, is_loopback: bool, proxy_count: int) -> str | None:
    """The setup code where one is needed: where more than this machine can reach the server."""
    if is_loopback and proxy_count == 0:
        return None
    return setup_code(secret_key=secret_key)
