"""Who changed what outside the ledger, and who was turned away: one append-only row for each.

A row never carries what opens a door: no password, PIN, code, token or secret of a webhook, and
not the name that was typed at a refused login, which may be a password in the wrong field.
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
from inventory.common.quantity import format_qty
from inventory.db import atomic, connection
from inventory.models import Audit

log = logging.getLogger(__name__)

#: Every action there is, in words, by what people look for.
GROUPS: dict[str, dict[str, str]] = {
    "logins": {
        "user.login": "Logged in",
        "login.refused": "Login refused",
        "user.logout": "Logged out",
        "user.end_session": "Sessions elsewhere ended",
        "user.end_sessions": "Logged out everywhere",
    },
    "refusals": {"access.refused": "Not allowed"},
    "accounts": {
        "user.register": "Registered",
        "user.create": "Account made",
        "user.approve": "Account approved",
        "user.set_role": "Role changed",
        "user.disable": "Account disabled",
        "user.enable": "Account enabled",
        "user.unlock": "Refused logins forgotten",
    },
    "secrets": {
        "user.set_password": "Password changed",
        "user.set_pin": "PIN set on a tablet",
        "password.refused": "Current password wrong",
        "token.create": "Token made",
        "token.revoke": "Token revoked",
    },
    "second factors": {
        "second_factor.on": "Second factor set up",
        "second_factor.off": "Second factor taken away",
        "second_factor.codes": "New recovery codes",
        "second_factor.refused": "Second factor wrong",
    },
    "records": {
        "item created": "Item made",
        "item changed": "Item changed",
        "item removed": "Item removed",
        "imported": "File imported",
        "import taken back": "Import taken back",
        "lot changed": "Lot changed",
        "code linked": "Code linked",
        "code unlinked": "Code unlinked",
        "webhook added": "Webhook added",
        "webhook secret renewed": "Secret of a webhook renewed",
        "webhook ended": "Webhook ended",
        "webhook replayed": "Webhook sent again",
    },
}
WORDS = {action: word for actions in GROUPS.values() for action, word in actions.items()}
#: What nobody who is known did: not even the command line.
BY_STRANGERS = ("login.refused",)
#: How often the same refusal of the same user is written down, at most.
NOTED_EACH = timedelta(minutes=5)


def record(
    tx: Connection, *, user_id: int | None, action: str, subject: str, **detail: Any
) -> None:
    """Write it in the transaction of the change itself. `user_id` None: the command line."""
    record_all(tx, user_id=user_id, action=action, changes=[(subject, detail)])


def record_all(
    tx: Connection,
    *,
    user_id: int | None,
    action: str,
    changes: Sequence[tuple[str, dict[str, Any]]],
) -> None:
    """The same for many changes of one kind, each with its subject and its detail."""
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
    """Write down what changed nothing else, such as a refused login."""
    record(tx, user_id=user_id, action=action, subject=subject, **detail)


def record_denied_access(*, user_id: int, role: str, needed: str, place: str) -> None:
    """Write down that a role was not enough for a place; once in a while is enough. Where the
    database is busy this is not what to wait for: the refusal itself stands without it."""
    subject = f"page {place}"[:120]
    recent = sa.select(Audit.id).where(
        Audit.subject == subject,
        Audit.user_id == user_id,
        Audit.action == "access.refused",
        Audit.at > clock.now() - NOTED_EACH,
    )
    try:
        if connection().execute(recent.limit(1)).first() is None:
            fields = {"role": role, "needed": needed}
            record_event(user_id=user_id, action="access.refused", subject=subject, **fields)
    except (Busy, sa.exc.DBAPIError):
        log.warning("a refusal was not written down: the database is busy")


def describe(detail: str) -> str:
    """What a row says beyond its action, in a line for people."""
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
