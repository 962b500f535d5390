"""List the audit log, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory import audit
from inventory.accounts import users as accounts_users
from inventory.common import validation
from inventory.common.messages import message
from inventory.models import Audit, table
from inventory.queries.pagination import (
    USUAL_ROWS,
    CursorScope,
    Page,
    SortOrder,
    datetime_key,
    id_key,
    in_order,
    read_page,
)
from inventory.stock.statements import users

_audit = table(Audit)

#: The filter's choices: groups of actions, and single actions.
AUDIT_CHOICES = (*audit.GROUPS, *audit.WORDS)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A row of the audit log, in words."""

    id: int
    at: datetime
    who: str
    action: str
    what: str
    target: str
    more: str


def list_audit(
    conn: Connection,
    *,
    who: object = None,
    what: object = None,
    since: object = None,
    until: object = None,
    limit: int = USUAL_ROWS,
    cursor: object = None,
) -> Page[AuditEntry]:
    """Return audit entries, newest first.

    Args:
        who: a user's name; selects the user's own actions and those on the user's account.
        what: one of AUDIT_CHOICES.
        since, until: from `since` (inclusive) to `until` (exclusive).
    """
    start = validation.validate_datetime(since, field="from")
    end = validation.validate_datetime(until, field="to")
    filters = {"who": who, "what": what, "from": start, "to": end}
    is_timed = start is not None or end is not None
    order = (
        SortOrder((_audit.c.at, _audit.c.id), (datetime_key, id_key), falls=True)
        if is_timed
        else SortOrder((_audit.c.id,), (id_key,), falls=True)
    )
    place = CursorScope("audit", filters, order.keys)
    chosen = order.apply(sa.select(_audit.c.id), place.position_of(cursor))
    if who is not None:
        chosen = chosen.where(_about(conn, who))
    if what is not None:
        chosen = chosen.where(_audit.c.action.in_(_actions(what)))
    if start is not None:
        chosen = chosen.where(_audit.c.at >= start)
    if end is not None:
        chosen = chosen.where(_audit.c.at < end)
    return read_page(conn, chosen, place, limit, order.position, _notes)


def _about(conn: Connection, who: object) -> sa.ColumnElement[bool]:
    key = accounts_users.find_key(who)
    user_id = conn.execute(sa.select(users.c.id).where(users.c.name_key == key)).scalar()
    if user_id is None:
        return sa.false()
    return sa.or_(_audit.c.user_id == user_id, _audit.c.subject == f"user {user_id}")


def _actions(what: object) -> Sequence[str]:
    chosen = validation.validate_choice(what, field="what", choices=AUDIT_CHOICES)
    return tuple(audit.GROUPS.get(chosen, (chosen,)))


def _notes(conn: Connection, ids: Sequence[int]) -> list[AuditEntry]:
    rows = conn.execute(sa.select(_audit).where(_audit.c.id.in_(ids))).all()
    names = _names(conn, rows)
    return in_order((_note(row, names) for row in rows), ids)


def _names(conn: Connection, rows: Sequence[Any]) -> dict[int, str]:
    """Return the names of all users in these rows, by id."""
    wanted = {row.user_id for row in rows} | {_user_in(row.subject) for row in rows}
    found = conn.execute(sa.select(users.c.id, users.c.name).where(users.c.id.in_(wanted - {None})))
    return {row.id: row.name for row in found}


def _user_in(subject: str) -> int | None:
    kind, _, number = subject.partition(" ")
    return int(number) if kind == "user" and number.isdecimal() else None


def _note(row: Any, names: dict[int, str]) -> AuditEntry:
    strangers = row.action in audit.BY_STRANGERS
    unnamed = message("Unknown user") if strangers else message("Command line")
    target = _user_in(row.subject)
    return AuditEntry(
        id=row.id,
        at=row.at,
        who=names.get(row.user_id, unnamed),
        action=row.action,
        what=audit.WORDS.get(row.action, row.action),
        target=names.get(target, row.subject) if target else row.subject,
        more=audit.describe(row.detail),
    )
