"""What all commands share: refusals as a sentence, examples, tables."""

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
    """Commands whose refusals are a sentence, never a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
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
    """Whether a database that is too old or too new is behind an error, in one sentence."""
    migrations = current_app.extensions["inventory"].root_path / "migrations"
    try:
        with snapshot() as reader:
            standing = schema_version.standing(reader, migrations)
    except (sa.exc.SQLAlchemyError, OSError):
        return ""
    return "" if standing.is_current else f"T{str(standing)[1:]}"


def example(text: str) -> str:
    return f"\b\nExample:\n  {text}"


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns of plain text, numbers to the right."""
    widths = [max(len(row[i]) for row in (headers, *rows)) for i in range(len(headers))]
    for row in (headers, *rows):
        cells = [
            cell.rjust(width) if cell[:1].isdigit() and "-" not in cell else cell.ljust(width)
            for cell, width in zip(row, widths, strict=True)
        ]
        click.echo("  ".join(cells).rstrip())
