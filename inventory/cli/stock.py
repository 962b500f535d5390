"""`flask stock show`: stock of an item."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from inventory.cli.base import FriendlyErrorGroup, example, table
from inventory.common import clock
from inventory.common.quantity import format_qty
from inventory.db import connection
from inventory.stock import queries as stock
from inventory.stock.entities import totals

stock_group = FriendlyErrorGroup("stock", help="Show stock.")


@stock_group.command(epilog=example("flask stock show BOLT-M8 --at 2026-11-01T18:00"))
@click.argument("item")
@click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"]),
    help="The stock at this time, in the site's time zone.",
)
def show(item: str, at: datetime | None) -> None:
    """An item's figures and its lots with stock."""
    conn = connection()
    found = stock.get_item(conn, item)
    when = at and at.replace(tzinfo=clock.zone()).astimezone(UTC)
    lots = stock.get_lots_of_items(conn, [found.id], at=when)
    sums = totals(lots, clock.today())
    click.echo(f"{found.code}  {found.name}")
    for word in ("on_hand", "reserved", "available", "on_hold", "free"):
        figure = format_qty(getattr(sums, word))
        click.echo(f"  {word.replace('_', ' '):<10} {figure:>14} {found.unit}")
    rows = [
        (
            lot.lot_code,
            lot.qc_status.lower(),
            str(lot.expires_on or ""),
            format_qty(lot.on_hand),
            format_qty(lot.reserved),
            format_qty(lot.available),
        )
        for lot in lots
        if lot.on_hand
    ]
    if rows:
        table(("LOT", "QC", "EXPIRES", "ON HAND", "RESERVED", "AVAILABLE"), rows)
