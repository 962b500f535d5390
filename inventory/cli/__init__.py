"""`flask users|ledger|stock|demo …`: what an administrator does at the command line.

Each error is one sentence and an exit code; each command's help shows an example.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa
from flask import Flask, current_app

from inventory import demo, verification
from inventory.cli.audit import audit_group
from inventory.cli.backup import backup
from inventory.cli.base import PlainGroup, example, table
from inventory.cli.codes import codes_group
from inventory.cli.database import database
from inventory.cli.doctor import doctor
from inventory.cli.export import export_group
from inventory.cli.import_files import import_group
from inventory.cli.labels import labels_group
from inventory.cli.report import report_group
from inventory.cli.reservations import reservations
from inventory.cli.tokens import tokens
from inventory.cli.users import users
from inventory.cli.webhooks import webhooks_group
from inventory.common import clock
from inventory.common.quantity import format_qty
from inventory.db import atomic, balance_triggers, connection, search_index, snapshot
from inventory.stock import queries as stock
from inventory.stock.entities import totals
from inventory.verification import digests

ledger = PlainGroup("ledger", help="The ledger: verify it, keep a digest of it.")
stock_group = PlainGroup("stock", help="What is in stock.")
demo_group = PlainGroup("demo", help="A warehouse to look around in.")


def init_app(app: Flask) -> None:
    for group in (
        users,
        ledger,
        stock_group,
        demo_group,
        tokens,
        codes_group,
        labels_group,
        backup,
        doctor,
        database,
        reservations,
        report_group,
        export_group,
        import_group,
        webhooks_group,
        audit_group,
    ):
        app.cli.add_command(group)


# --- ledger ---------------------------------------------------------------------------------------


@ledger.command(epilog=example("flask ledger verify --against digest.json"))
@click.option(
    "--against",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A digest that was kept: finds a tail that was cut off.",
)
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    default=lambda: os.cpu_count() or 1,
    show_default="one for each processor",
    help="How many processes read a long ledger at once.",
)
def verify(against: Path | None, processes: int) -> None:
    """Recompute everything from raw rows. Exit code 1 if anything differs."""
    kept = None if against is None else _digest_in(against)
    with snapshot() as reader:
        report = verification.verify(reader, against=kept, processes=processes)
    verification.keep(report=report)
    for finding in report.findings:
        click.echo(str(finding))
    click.echo(
        f"{report.entries} entries verified, {report.count} differences,"
        f" {report.seconds:.1f} seconds."
    )
    if not report.ok:
        sys.exit(1)


@ledger.command(epilog=example("flask ledger digest > digest.json"))
def digest() -> None:
    """Print where every lot stands, signed with the secret key, to keep elsewhere."""
    with snapshot() as reader:
        click.echo(json.dumps(digests.digest(reader, key=_key())))


@ledger.command("rebuild-cache", epilog=example("flask ledger rebuild-cache"))
def rebuild_cache() -> None:
    """Make the read cache anew from the ledger."""
    _rebuild()
    click.echo("The read cache is what the ledger says.")


@atomic
def _rebuild(tx: sa.Connection) -> None:
    balance_triggers.rebuild(tx)
    search_index.rebuild(tx)


def _digest_in(path: Path) -> Any:
    try:
        kept = json.loads(path.read_text())
    except ValueError:
        kept = {}
    if not isinstance(kept, dict) or not digests.is_genuine(kept, key=_key()):
        raise click.ClickException(
            f"{path} is not a digest made with this site's secret key, or it was changed."
        )
    return kept


def _key() -> bytes:
    return str(current_app.config["SECRET_KEY"]).encode()


# --- stock ----------------------------------------------------------------------------------------


@stock_group.command(epilog=example("flask stock show BOLT-M8 --at 2026-11-01T18:00"))
@click.argument("item")
@click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"]),
    help="As the ledger stood at this moment of the site's time.",
)
def show(item: str, at: datetime | None) -> None:
    """An item's figures and its lots with stock."""
    conn = connection()
    found = stock.get_item(conn, item)
    moment = at and at.replace(tzinfo=clock.zone()).astimezone(UTC)
    lots = stock.lots_of(conn, [found.id], at=moment)
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


# --- demo -----------------------------------------------------------------------------------------


@demo_group.command(epilog=example("flask demo load"))
def load() -> None:
    """Fill an empty database with a believable warehouse and a month of history."""
    counts = demo.load()
    click.echo("Loaded " + ", ".join(f"{count} {word}" for word, count in counts.items()) + ".")
