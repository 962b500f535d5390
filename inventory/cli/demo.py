"""`flask demo load`: fill an empty database with sample data."""

from __future__ import annotations

import click

from inventory import demo
from inventory.cli.base import FriendlyErrorGroup, example

demo_group = FriendlyErrorGroup("demo", help="A warehouse to look around in.")


@demo_group.command(epilog=example("flask demo load"))
def load() -> None:
    """Fill an empty database with a believable warehouse and a month of history."""
    counts = demo.load()
    click.echo("Loaded " + ", ".join(f"{count} {word}" for word, count in counts.items()) + ".")
