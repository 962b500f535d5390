"""`flask demo load`: fill an empty database with sample data."""

from __future__ import annotations

import click

from inventory import demo
from inventory.cli.base import FriendlyErrorGroup, example

demo_group = FriendlyErrorGroup("demo", help="Load demo data.")


@demo_group.command(epilog=example("flask demo load"))
def load() -> None:
    """Load demo data: a warehouse with a month of history."""
    counts = demo.load()
    click.echo("Loaded " + ", ".join(f"{count} {word}" for word, count in counts.items()) + ".")
