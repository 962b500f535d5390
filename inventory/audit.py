"""The audit log: changes outside the ledger and refused access, append-only.

A row never has a secret: no password, PIN, code, token or webhook secret, and not the name entered
at a refused sign-in, which can be a password in the wrong field.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.common import clock
from inventory.common.chunks import chunks
from inventory.common.errors import Busy
from inventory.common.messages import message
from inventory.common.quantity import format_qty
from inventory.db import atomic, connection
from inventory.models import Audit

log = logging.getLogger(__name__)

#: Every action with its label, grouped for the filter.
GROUPS: dict[str, dict[str, str]] = {
    "logins": {
        "user.login": message("Signed in"),
        "login.refused": message("Sign-in refused"),
        "user.logout": message("Signed out"),
        "user.end_session": message("Sessions signed out"),
        "user.end_sessions": message("Signed out everywhere"),
    },
    "refusals": {"access.refused": message("Request refused")},
    "accounts": {
        "user.register": message("Registered"),
        "user.create": message("Account created"),
        "user.approve": message("Account approved"),
        "user.set_role": message("Role changed"),
        "user.disable": message("Account disabled"),
        "user.enable": message("Account enabled"),
        "user.set_language": message("Language changed"),
        "user.unlock": message("Failed sign-in attempts cleared"),
    },
    "secrets": {
        "user.set_password": message("Password changed"),
        "user.set_pin": message("PIN set on a tablet"),
        "password.refused": message("Current password wrong"),
        "token.create": message("Token created"),
        "token.revoke": message("Token revoked"),
    },
    "second factors": {
        "second_factor.on": message("Two-factor authentication turned on"),
        "second_factor.off": message("Two-factor authentication turned off"),
        "second_factor.codes": message("New recovery codes"),
        "second_factor.refused": message("Wrong two-factor authentication code"),
    },
    "database": {"safeguards restored": message("Database triggers and constraints restored")},
    "records": {
        "item created": message("Item created"),
        "item changed": message("Item edited"),
        "item removed": message("Item deleted"),
        "imported": message("File imported"),
        "import taken back": message("Import undone"),
        "lot changed": message("Lot edited"),
        "picture changed": message("Picture of an item changed"),
        "picture deleted": message("Picture of an item deleted"),
        "code linked": message("Barcode linked"),
        "code unlinked": message("Barcode unlinked"),
        "webhook added": message("Webhook endpoint added"),
        "webhook secret renewed": message("Signing secret of a webhook endpoint replaced"),
        "webhook ended": message("Webhook endpoint deleted"),
        "webhook replayed": message("Webhook delivery sent again"),
    },
}
WORDS = {action: word for actions in GROUPS.values() for action, word in actions.items()}
#: Actions without a known user; for others no user means the command line.
BY_STRANGERS = ("login.refused",)
#: The same refused access of the same user is recorded at most this often.
RECORD_INTERVAL = timedelta(minutes=5)


def record(
    tx: Connection, *, user_id: int | None, action: str, subject: str, **detail: Any
) -> None:
    """Record a change in its own transaction.

    Args:
        user_id: None means the command line.
    """
    record_all(tx, user_id=user_id, action=action, changes=[(subject, detail)])


def record_all(
    tx: Connection,
    *,
    user_id: int | None,
    action: str,
    changes: Sequence[tuple[str, dict[str, Any]]],
) -> None:
    """Record many changes of one kind, each a (subject, detail) pair."""
    assert action in WORDS, action
    now = clock.now()
    for some in chunks(changes):
        rows = [
            {
                "at": now,
                "user_id": user_id,
                "action": action,
                "subject": subject,
                "detail": json.dumps(detail, sort_keys=True, ensure_ascii=False),
            }
            for subject, detail in some
        ]
        tx.execute(sa.insert(Audit), rows)


@atomic
def record_event(
    tx: Connection, /, *, user_id: int | None, action: str, subject: str, **detail: Any
) -> None:
    """Record an event that changed nothing else, such as a refused sign-in."""
    record(tx, user_id=user_id, action=action, subject=subject, **detail)


def record_denied_access(*, user_id: int, role: str, needed: str, place: str) -> None:
    """Record that a role was not sufficient, at most every 5 minutes.

    If the database is busy the record is skipped, because the refusal must not wait.
    """
    subject = f"page {place}"[:120]
    recent = sa.select(Audit.id).where(
        Audit.subject == subject,
        Audit.user_id == user_id,
        Audit.action == "access.refused",
        Audit.at > clock.now() - RECORD_INTERVAL,
    )
    try:
        if connection().execute(recent.limit(1)).first() is None:
            fields = {"role": role, "needed": needed}
            record_event(user_id=user_id, action="access.refused", subject=subject, **fields)
    except (Busy, sa.exc.DBAPIError):
        log.warning("a refusal was not written down: the database is busy")


def describe(detail: str) -> str:
    """Return a row's detail as one line of text."""
    fields = json.loads(detail)
    if {"before", "after"} <= set(fields):
        after = fields["after"]
        return "; ".join(
            f"{_named(name)} {_shown(name, value)} → {_shown(name, after.get(name))}"
            for name, value in sorted(fields["before"].items())
        )
    known = ((name, value) for name, value in sorted(fields.items()) if value not in (None, ""))
    return "; ".join(f"{_named(name)} {_shown(name, value)}" for name, value in known)


def _named(name: str) -> str:
    return name.replace("_", " ")


def _shown(name: str, value: Any) -> str:
    if name == "reorder_point" and isinstance(value, int):
        return format_qty(value)
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    return str(value)
