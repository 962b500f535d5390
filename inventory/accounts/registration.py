"""Registration of new accounts.

The first account becomes administrator; of two that register at once only one is first. Later
accounts wait for approval, can sign in at once, or are refused, depending on the site's policy.
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
from inventory.common.messages import message
from inventory.db import atomic, connection
from inventory.models import Role, User

APPROVAL, OPEN, CLOSED = "approval", "open", "closed"

_ANY_USER = sa.select(User.id).limit(1)


def is_first() -> bool:
    """Return whether no account exists, so that the next one becomes administrator."""
    return connection().execute(_ANY_USER).first() is None


def setup_code(*, secret_key: str) -> str:
    """Return the code for the first registration on a server that others can reach.

    The code is derived from the secret key, so that every process knows it and no file has it. It
    is useless as soon as an account exists.
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
    """Create an account on a user's request; `is_usable` says if it can sign in.

    Args:
        policy: APPROVAL, OPEN (with `role`) or CLOSED; not for the first account.
        expected_code: the code that the first account needs; None if it needs none.

    Raises:
        InvalidInput: `name`, `password` or `code` is wrong.
        Forbidden: registration is closed.
        TooManyAttempts: with `retry_after` in seconds.
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
    first = tx.execute(_ANY_USER).first() is None
    if first and not proven:
        raise InvalidInput(
            message("The setup code is wrong. Use the code from the server's log at startup."),
            field="code",
        )
    if not first and policy == CLOSED:
        raise Forbidden(message("Registration is closed. Ask an administrator for an account."))
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
    """Return the setup code, or None if only this machine can reach the server.

    Args:
        proxy_count: number of trusted proxies in front of the server.
    """
    if is_loopback and proxy_count == 0:
        return None
    return setup_code(secret_key=secret_key)
