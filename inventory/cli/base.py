"""Shared parts of all commands: error messages, examples, tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
import sqlalchemy as sa
from flask import current_app
from flask.cli import AppGroup, ScriptInfo

from inventory.common.errors import Busy, EnvironmentProblem, Refusal
from inventory.db import schema_version, snapshot


class FriendlyErrorGroup(AppGroup):
    """Command group that shows refusals as one sentence, without traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; raise known errors as ClickException."""
        try:
            return super().invoke(ctx)
        except (Refusal, Busy, EnvironmentProblem) as error:
            raise click.ClickException(error.detail) from None
        except sa.exc.DBAPIError as error:
            reason = str(error.orig).strip().splitlines()[0]
            with ctx.ensure_object(ScriptInfo).load_app().app_context():
                wrong = _schema_is_wrong()
            raise click.ClickException(wrong or f"The database says: {reason}.") from None


def _schema_is_wrong() -> str:
    """Return a sentence about a schema of another version, or ""."""
    migrations = current_app.extensions["inventory"].root_path / "migrations"
    try:
        with snapshot() as reader:
            standing = schema_version.schema_status(reader, migrations)
    except (sa.exc.SQLAlchemyError, OSError):
        return ""
    return "" if standing.is_current else f"T{str(standing)[1:]}"


def example(text: str) -> str:
    """Return an example as the epilog of a command."""
    return f"\b\nExample:\n  {text}"


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows as columns of plain text, numbers right-aligned."""
    widths = [max(len(row[i]) for row in (headers, *rows)) for i in range(len(headers))]
    for row in (headers, *rows):
        cells = [
            cell.rjust(width) if cell[:1].isdigit() and "-" not in cell else cell.ljust(width)
            for cell, width in zip(row, widths, strict=True)
        ]
        click.echo("  ".join(cells).rstrip())
