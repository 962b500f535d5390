"""`flask reservations expire`: end expired reservations."""

from __future__ import annotations

import click

from inventory import ledger
from inventory.cli.base import FriendlyErrorGroup, example

reservations = FriendlyErrorGroup("reservations", help="Manage reservations.")


@reservations.command(epilog=example("flask reservations expire"))
def expire() -> None:
    """Unreserve what expired reservations still hold: for cron, every quarter of an hour."""
    done = ledger.expire_reservations()
    click.echo(f"{done} expired reservations were unreserved.")
