"""`flask report …`: reports as a table or as CSV."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import click

from inventory.cli.base import FriendlyErrorGroup, example, table
from inventory.common import clock
from inventory.db import connection
from inventory.exports.formats import csv_lines
from inventory.queries.page_reads import reads_on
from inventory.reports import analytics, tables
from inventory.reports.stock_as_of import parse_as_of
from inventory.reports.tables import Report
from inventory.stock import queries as stock
from inventory.stock.recall import find_lot
from inventory.stock.recall import recall as recall_of

report_group = FriendlyErrorGroup("report", help="Show reports, as tables or as CSV.")

as_csv: Callable[[Any], Any] = click.option(
    "--csv", "as_csv", is_flag=True, help="Comma-separated, for a spreadsheet."
)
for_item: Callable[[Any], Any] = click.option("--item", help="Only this item (its code).")
_DAY = click.DateTime(["%Y-%m-%d"])


def _id_of(item: str | None) -> int | None:
    return None if item is None else stock.get_item(connection(), item).id


def show(report: Report, *, as_csv: bool) -> None:
    """Print a report as a table or as CSV."""
    if as_csv:
        for line in csv_lines(report.headers, report.rows):
            click.echo(line, nl=False)
        return
    rows = list(report.rows)
    if rows:
        table([head.upper() for head in report.headers], rows)
    else:
        click.echo("Nothing.")


@report_group.command(epilog=example("flask report recall L-2041 --item BOLT-M8"))
@click.argument("lot")
@click.option("--item", required=True, help="The code of its item.")
@as_csv
def recall(lot: str, item: str, as_csv: bool) -> None:
    """Show where a lot went, with every lot split off it."""
    conn = connection()
    found = find_lot(conn, lot, item)
    show(tables.recall_report(recall_of(conn, found.id or 0)), as_csv=as_csv)


@report_group.command(epilog=example("flask report reorder --csv > reorder.csv"))
@as_csv
def reorder(as_csv: bool) -> None:
    """Show the items at or below their reorder point."""
    show(tables.reorder_report(reads_on(connection())), as_csv=as_csv)


@report_group.command("stock", epilog=example("flask report stock --at 2026-10-31T23:59:59 --csv"))
@click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"]),
    help="The time in the site's time zone; by default now. A day without a time is its start.",
)
@click.option("--lots", is_flag=True, help="By lot instead of by item.")
@as_csv
def stock_(at: datetime | None, lots: bool, as_csv: bool) -> None:
    """Show the stock of all items at a time."""
    when = parse_as_of(at) if at else clock.now()
    report = tables.lots_report if lots else tables.stock_report
    show(report(reads_on(connection()), when), as_csv=as_csv)


@report_group.command(epilog=example("flask report movement --from 2026-10-01 --to 2026-10-31"))
@click.option("--from", "first", type=_DAY, help="The first day; 30 days by default.")
@click.option("--to", "last", type=_DAY, help="The last day; today by default.")
@for_item
@as_csv
def movement(first: datetime | None, last: datetime | None, item: str | None, as_csv: bool) -> None:
    """Show daily receipts and issues: quantities of one item, or entries of all items."""
    until = last.date() if last else clock.today()
    since = first.date() if first else until - timedelta(days=29)
    if not since <= until < since + timedelta(days=analytics.MAX_DAYS):
        raise click.ClickException(f"1 to {analytics.MAX_DAYS} days can be shown at once.")
    report = tables.movement_report(connection(), since, until, item_id=_id_of(item))
    show(report, as_csv=as_csv)


@report_group.command(epilog=example("flask report ageing --item BOLT-M8"))
@for_item
@as_csv
def ageing(item: str | None, as_csv: bool) -> None:
    """Show the stock on hand by age."""
    show(tables.ageing_report(connection(), item_id=_id_of(item)), as_csv=as_csv)


@report_group.command(epilog=example("flask report expiring --csv > expiring.csv"))
@for_item
@as_csv
def expiring(item: str | None, as_csv: bool) -> None:
    """Show expired lots and lots that expire soon."""
    show(tables.expiring_report(connection(), item_id=_id_of(item)), as_csv=as_csv)
