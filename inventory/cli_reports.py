"""`flask report …`: what the ledger tells, as a table or as CSV."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from inventory import reports
from inventory.cli_common import PlainGroup, example, table
from inventory.csv_files import csv_lines
from inventory.db import connection
from inventory.recall import find_lot
from inventory.recall import recall as recall_of
from inventory.reports import Report

report_group = PlainGroup("report", help="Reports, as tables or as CSV.")

as_csv: Callable[[Any], Any] = click.option(
    "--csv", "as_csv", is_flag=True, help="Comma-separated, for a spreadsheet."
)


def show(report: Report, *, as_csv: bool) -> None:
    """Print a report."""
    if as_csv:
        for line in csv_lines(report.heads, report.rows):
            click.echo(line, nl=False)
        return
    rows = list(report.rows)
    if rows:
        table([head.upper() for head in report.heads], rows)
    else:
        click.echo("Nothing.")


@report_group.command(epilog=example("flask report recall L-2041 --item BOLT-M8"))
@click.argument("lot")
@click.option("--item", required=True, help="The code of its item.")
@as_csv
def recall(lot: str, item: str, as_csv: bool) -> None:
    """Where a lot went, with every lot that was split off it."""
    conn = connection()
    found = find_lot(conn, lot, item)
    show(reports.recall_report(recall_of(conn, found.id or 0)), as_csv=as_csv)


@report_group.command(epilog=example("flask report reorder --csv > reorder.csv"))
@as_csv
def reorder(as_csv: bool) -> None:
    """The items of which no more is free than their reorder point."""
    show(reports.reorder_report(connection()), as_csv=as_csv)
