"""`flask ledger`: verify the ledger, write digests, rebuild the read cache."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa
from flask import current_app

from inventory import verification
from inventory.cli.base import FriendlyErrorGroup, example
from inventory.db import atomic, balance_triggers, code_keys, search_index, search_keys, snapshot
from inventory.verification import digests

ledger = FriendlyErrorGroup("ledger", help="Verify the ledger, or create a digest of it.")


@ledger.command(epilog=example("flask ledger verify --against digest.json"))
@click.option(
    "--against",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A digest from before: detects entries missing at the end.",
)
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    default=lambda: os.cpu_count() or 1,
    show_default="one for each processor",
    help="The number of processes that read a long ledger.",
)
def verify(against: Path | None, processes: int) -> None:
    """Verify the ledger from its rows. Exits with 1 if anything differs."""
    kept = None if against is None else _digest_in(against)
    with snapshot() as reader:
        report = verification.verify(reader, against=kept, processes=processes)
    verification.store_report(report=report)
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
    """Print the balance of every lot, signed with the secret key."""
    with snapshot() as reader:
        click.echo(json.dumps(digests.digest(reader, key=_key())))


@ledger.command("rebuild-cache", epilog=example("flask ledger rebuild-cache"))
def rebuild_cache() -> None:
    """Rebuild the read cache from the ledger."""
    _rebuild()
    click.echo("The read cache agrees with the ledger.")


@atomic
def _rebuild(tx: sa.Connection) -> None:
    balance_triggers.rebuild(tx)
    code_keys.recompute(tx)
    search_keys.recompute(tx)
    search_index.rebuild(tx)


def _digest_in(path: Path) -> Any:
    try:
        kept = json.loads(path.read_text())
    except ValueError:
        kept = {}
    if not isinstance(kept, dict) or not digests.is_genuine(kept, key=_key()):
        raise click.ClickException(
            f"{path} is not a digest signed with this site's secret key, or it was changed."
        )
    return kept


def _key() -> bytes:
    return str(current_app.config["SECRET_KEY"]).encode()
