"""`flask audit list`: changes outside the ledger, and denied access."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from inventory.cli.base import FriendlyErrorGroup, example, table
from inventory.common import clock
from inventory.db import connection
from inventory.queries import AUDIT_CHOICES, MAX_ROWS, list_audit

audit_group = FriendlyErrorGroup("audit", help="Show the audit log.")


@audit_group.command("list", epilog=example("flask audit list --who ANNA --what logins"))
@click.option("--who", help="Only entries by this user or about the account.")
@click.option(
    "--what", type=click.Choice(AUDIT_CHOICES), help="Only this group of actions, or this action."
)
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d"]), help="Only from this day, such as 2027-03-31."
)
@click.option("--limit", type=click.IntRange(1, MAX_ROWS), default=50, show_default=True)
def list_(who: str | None, what: str | None, since: datetime | None, limit: int) -> None:
    """List the newest entries (all of them: flask export audit)."""
    start = since and since.replace(tzinfo=clock.zone()).astimezone(UTC)
    page = list_audit(connection(), who=who, what=what, since=start, limit=limit)
    rows = [
        (row.at.isoformat(timespec="seconds"), row.who, row.what, row.target, row.more)
        for row in page.rows
    ]
    table(("WHEN", "WHO", "WHAT", "TARGET", "MORE"), [tuple(map(_line, r)) for r in rows])


def _line(text: str) -> str:
    """Escape control characters, so that a value cannot control the terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
