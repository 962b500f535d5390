"""`flask database move`: move the site to another database."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask import current_app

from inventory.backups import archive, transfer
from inventory.cli.base import FriendlyErrorGroup, example
from inventory.config import Config, ConfigError
from inventory.db import db, schema_version

database = FriendlyErrorGroup("database", help="Move all data to another database.")


@database.command(
    epilog=example("flask database move --to postgresql://stock@db.example.com/stock")
)
@click.option("--to", required=True, envvar="MOVE_TO", help="The target, written as DATABASE_URL.")
def move(to: str) -> None:
    """Copy all data to an empty database, SQLite or PostgreSQL, and compare both.

    The server must be stopped. The old database stays as it is. With a password in the address
    give it as MOVE_TO in the environment: other users of the machine can see a command line.
    """
    config: Config = current_app.extensions["inventory"]
    try:
        target = config.on(to)
    except ConfigError as error:
        raise click.ClickException(str(error)) from None
    if target.url == config.url:
        raise click.ClickException("The target is the database that is in use.")
    began = time.monotonic()
    transfer.require_empty_target(target.url)
    with _at_home(target):
        schema_version.upgrade()
    moved = transfer.move(config.url, target.url, config.root_path / "migrations")
    rows = sum(moved.rows.values())
    click.echo(f"Moved {rows} rows of {len(moved.rows)} tables to {target.database_name}.")
    click.echo(f"Compared and equal: all rows, all next ids, the figures of {moved.items} items.")
    for finding in moved.report.findings:
        click.echo(str(finding))
    click.echo(
        f"{moved.report.entries} entries verified, {moved.report.count} differences,"
        f" {time.monotonic() - began:.0f} seconds in all. Set DATABASE_URL to the new database and"
        " start the server."
    )


@contextmanager
def _at_home(target: Config) -> Iterator[None]:
    """Create an empty target if it is SQLite, and enter its app context."""
    from inventory import create_app

    if target.is_sqlite and not (path := Path(target.url.database or "")).exists():
        archive.make_directory(path.parent)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with create_app(target).app_context():
        yield
        db.session.remove()
        db.engine.dispose()
