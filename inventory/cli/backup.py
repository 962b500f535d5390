"""`flask backup …`: create, verify, list and restore backups."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from flask import current_app

from inventory import backups, verification
from inventory import db as database
from inventory.cli.base import FriendlyErrorGroup, example, table
from inventory.db import schema_version

backup = FriendlyErrorGroup("backup", help="Create, verify and restore backups.")

_FILE = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))


@backup.command(epilog=example("flask backup create --keep 7 --keep-weeks 8"))
@click.option(
    "--keep", type=click.IntRange(1), help="Keep the last backup of each of this many days."
)
@click.option(
    "--keep-weeks", type=click.IntRange(0), default=4, show_default=True,
    help="With --keep: also keep the last backup of each of this many weeks.",
)  # fmt: skip
def create(keep: int | None, keep_weeks: int) -> None:
    """Create a backup while the server runs. Without --keep no backup is removed."""
    made = backups.create(database.url(), _directory())
    click.echo(f"{made.path}  ({_size(made.size)})")
    if keep is not None:
        gone = backups.rotate(_directory(), days=keep, weeks=keep_weeks)
        click.echo(f"{len(gone)} older backups removed.")


@backup.command("list", epilog=example("flask backup list"))
def list_() -> None:
    """List the backups in BACKUP_PATH, newest first."""
    rows = []
    for one in backups.found_in(_directory()):
        entries = (one.manifest or {}).get("tables", {}).get("inventory_ledger", "?")
        state = (one.manifest or {}).get("engine", "cannot be read")
        rows.append((one.path.name, _size(one.size), str(entries), state, _proof(one)))
    if not rows:
        click.echo(f"There are no backups in {_directory()}.")
    else:
        table(("FILE", "SIZE", "ENTRIES", "DATABASE", "VERIFIED (UTC)"), rows)


@backup.command(epilog=example("flask backup verify instance/backups/inventory-….zip"))
@_FILE
def verify(file: Path) -> None:
    """Verify a backup: checksums, rows, lot balances and (SQLite) the ledger."""
    manifest, report = backups.verify(file, _migrations())
    click.echo(f"{file} is complete: {_describe(manifest)}.")
    if report is not None:
        _print_report(report)
    else:
        click.echo("The ledger is verified when the backup is restored.")


@backup.command(epilog=example("flask backup restore instance/backups/inventory-….zip"))
@_FILE
def restore(file: Path) -> None:
    """Restore a backup into the empty database of DATABASE_URL; stop the server first."""
    manifest = backups.restore(file, database.url(), _migrations())
    click.echo(f"Restored: {_describe(manifest)}.")
    schema_version.upgrade()
    with database.snapshot() as reader:
        report = verification.verify(reader)
    verification.store_report(report=report)
    _print_report(report)


def _print_report(report: verification.Report) -> None:
    for finding in report.findings:
        click.echo(str(finding))
    click.echo(f"{report.entries} entries verified, {report.count} differences.")
    if not report.ok:
        sys.exit(1)


def _describe(manifest: dict[str, object]) -> str:
    tables = manifest["tables"]
    assert isinstance(tables, dict)
    return (
        f"{manifest['engine']} of {str(manifest['made_at'])[:16].replace('T', ' ')} UTC,"
        f" schema version {manifest['schema']}, {tables.get('items', 0)} items,"
        f" {tables.get('inventory_lots', 0)} lots,"
        f" {tables.get('inventory_ledger', 0)} entries"
    )


def _proof(one: backups.Backup) -> str:
    if one.proof is None:
        return "never"
    return f"{one.proof.at:%Y-%m-%d %H:%M}{'' if one.proof.whole else ', wrong'}"


def _size(size: int) -> str:
    return f"{size / 2**20:.1f} MiB" if size >= 2**20 else f"{size / 2**10:.0f} KiB"


def _directory() -> Path:
    return Path(current_app.config["BACKUP_PATH"])


def _migrations() -> Path:
    migrations: Path = current_app.extensions["inventory"].root_path / "migrations"
    return migrations
