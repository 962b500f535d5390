"""`flask import …`: check spreadsheets, and import them as a whole."""

from __future__ import annotations

import sys
import uuid
from pathlib import Path
from typing import Any

import click

from inventory import imports
from inventory.accounts import users
from inventory.cli.base import FriendlyErrorGroup, example, table
from inventory.common.errors import InvalidInput
from inventory.common.progress import Progress
from inventory.db import connection, db
from inventory.exports.formats import csv_lines
from inventory.imports import CellFormat, FileType, ImportJob, Report

import_group = FriendlyErrorGroup(
    "import",
    help="Import items, stock, reorder points, barcodes and counts from CSV and XLSX files.",
)

#: Errors shown on the terminal; --errors writes all of them.
_SHOWN = 50


def _command(kind: FileType) -> None:
    @import_group.command(
        kind.name,
        help=f"{kind.what} Without --commit the file is only checked.",
        epilog=example(f"flask import {kind.name} {kind.name}.xlsx --commit --user ANNA"),
    )
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @click.option("--commit", is_flag=True, help="Import the file if it has no errors.")
    @click.option(
        "--user", "user_name", help="The user who imports it, for the ledger and the audit log."
    )
    @click.option(
        "--map",
        "chosen",
        multiple=True,
        metavar="FIELD=COLUMN",
        help="The column of a field, if the guess is wrong. FIELD= ignores the field.",
    )
    @click.option("--sheet", default="", help="The sheet of a spreadsheet.")
    @click.option(
        "--dates",
        type=click.Choice(("dmy", "mdy")),
        default=None,
        help="Whether the day or the month comes first in dates like 03/04/2027.",
    )
    @click.option(
        "--decimal-comma", is_flag=True, help="Numbers have a decimal comma, like 1250,5."
    )
    @click.option("--reference", help="The reference of the operation; it identifies a count.")
    @click.option("--errors", type=click.Path(dir_okay=False, path_type=Path),
                  help="Write all errors to this CSV file.")  # fmt: skip
    def run(**options: Any) -> None:
        _run(kind, **options)


for _kind in imports.KINDS.values():
    _command(_kind)


def _run(
    kind: FileType,
    *,
    file: Path,
    commit: bool,
    user_name: str | None,
    chosen: tuple[str, ...],
    sheet: str,
    dates: str | None,
    decimal_comma: bool,
    reference: str | None,
    errors: Path | None,
) -> None:
    if commit and not user_name:
        raise click.UsageError("Name the user who imports it: --user NAME.")
    user_id = _user_id(user_name) if user_name else 0
    if file.stat().st_size > imports.MAX_BYTES:
        most = imports.MAX_BYTES // 2**20
        raise click.ClickException(f"{file} is larger than {most} MB. Split it.")
    found = imports.read_table(file.read_bytes(), sheet=sheet)
    mapping = _mapping(kind, found.headers, chosen)
    style = CellFormat(dates=dates or "", decimal_comma=decimal_comma)
    reading = imports.read_rows(kind, found, mapping, style)
    del found  # as much memory as the rows themselves
    said_for = imports.validate_reference(kind, reference)
    work = ImportJob(kind=kind, reading=reading, mapping=mapping, reference=said_for)
    with ProgressBar() as progress:
        if commit and not reading.wrong:
            db.session.rollback()
            report = imports.commit(
                work, file_name=file.name, user_id=user_id, key=uuid.uuid4().hex, progress=progress
            )
        else:
            report = imports.check(connection(), work, progress)
    _print_report(report, mapping, errors, committed=commit)


def _mapping(kind: FileType, headers: list[str], chosen: tuple[str, ...]) -> dict[str, str]:
    guessed: dict[str, str] = imports.guess(kind, headers)
    for one in chosen:
        name, _, head = one.partition("=")
        if name not in [field.name for field in kind.fields]:
            known = ", ".join(field.name for field in kind.fields)
            raise click.UsageError(f"There is no field {name}. There are: {known}.")
        guessed = {known: column for known, column in guessed.items() if column != head}
        guessed[name] = head
    try:
        return imports.validate_mapping(kind, headers, guessed)
    except InvalidInput as refusal:
        there = ", ".join(headers)
        raise click.ClickException(
            f"{refusal.detail} The file has: {there}. Name the column with"
            f" --map {refusal.field}=COLUMN."
        ) from None


def _user_id(name: str) -> int:
    user = users.find_account(name=name)
    if user is None:
        raise click.ClickException(f"There is no user {name}.")
    return user.id


def _print_report(
    report: Report, mapping: dict[str, str], errors: Path | None, *, committed: bool
) -> None:
    click.echo("Columns: " + ", ".join(f"{name} from {head!r}" for name, head in mapping.items()))
    for note in report.notes[:_SHOWN]:
        click.echo(f"Line {note.line}: {note.text}", err=True)
    if report.wrong:
        _refuse(report, errors)
    counts = f"{report.new} new, {report.changed} changed, {report.same} unchanged"
    if report.import_id is not None:
        of = f" (operation {report.operation_id})" if report.operation_id else ""
        click.echo(f"Imported {report.rows} rows as import {report.import_id}{of}: {counts}.")
        click.echo(f"To undo it: flask import undo {report.import_id} --user NAME")
    elif report.done_before:
        click.echo(
            f"Nothing to do: import {report.done_before} has the same rows."
            " For a second count with equal results, use another --reference."
        )
    elif committed:
        click.echo(f"Nothing to do: all {report.rows} rows are imported already.")
    else:
        click.echo(
            f"{report.rows} rows can be imported: {counts}. Nothing was imported: use --commit."
        )


def _refuse(report: Report, errors: Path | None) -> None:
    shown = [(str(one.line), one.column, one.value, one.reason) for one in report.wrong[:_SHOWN]]
    table(("LINE", "COLUMN", "VALUE", "ERROR"), shown)
    if errors is not None:
        lines = csv_lines(imports.ERROR_HEADERS, imports.wrong_rows(report))
        errors.write_text("".join(lines), encoding="utf-8")
        click.echo(f"All errors are in {errors}.", err=True)
    elif len(report.wrong) > _SHOWN:
        click.echo(f"… and {len(report.wrong) - _SHOWN} more: --errors FILE writes all.", err=True)
    errors_found = "1 error" if len(report.wrong) == 1 else f"{len(report.wrong)} errors"
    raise click.ClickException(f"{errors_found}. Nothing was imported.")


class ProgressBar:
    """Progress bar on a terminal; no output elsewhere."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._last = ""

    def __enter__(self) -> Progress:
        return Progress(self._show)

    def __exit__(self, *_: object) -> None:
        if self._shown and self._last:
            click.echo(err=True)

    def _show(self, word: str, done: int, total: int) -> None:
        width = 30 * done // total if total else 30
        line = f"{word:<9} [{'#' * width:<30}] {done} of {total}"
        if self._shown and line != self._last:
            click.echo(f"\r\033[K{line}", nl=False, err=True)
            self._last = line


@import_group.command(epilog=example("flask import template stock --output stock.xlsx"))
@click.argument("kind", type=click.Choice(list(imports.KINDS)))
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path),
              help="The file to create: XLSX with explanations or CSV, by its ending.")  # fmt: skip
def template(kind: str, output: Path | None) -> None:
    """Create a file with the column headers, to fill in."""
    chosen = imports.KINDS[kind]
    if output is None:
        click.echo(imports.template_csv(chosen), nl=False)
        return
    if output.exists():
        raise click.ClickException(f"{output} already exists. Choose another file.")
    if output.suffix.lower() == ".xlsx":
        with output.open("xb") as file:
            imports.template_xlsx(file, chosen)
    else:
        output.write_text(imports.template_csv(chosen), encoding="utf-8")
    click.echo(f"Wrote {output}.")


@import_group.command("list", epilog=example("flask import list"))
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 200))
def list_(limit: int) -> None:
    """List the imports, newest first."""
    rows = [
        (
            str(row.id), f"{row.recorded_at:%Y-%m-%d %H:%M}", row.kind, row.file_name,
            str(row.rows), row.user_name, "taken back" if row.is_undone else "",
        )
        for row in imports.list_imports(connection(), limit=limit).rows
    ]  # fmt: skip
    table(("NUMBER", "WHEN (UTC)", "WHAT", "FILE", "ROWS", "BY", ""), rows)


@import_group.command(epilog=example("flask import undo 17 --user ANNA --reason 'wrong file'"))
@click.argument("number", type=int)
@click.option("--user", "user_name", required=True, help="The user who undoes it.")
@click.option("--reason", help="The reason, for the ledger and the audit log.")
def undo(number: int, user_name: str, reason: str | None) -> None:
    """Undo an import: reverse its stock, restore items and barcodes."""
    user_id = _user_id(user_name)
    found = imports.get_import(connection(), number)
    db.session.rollback()
    posting = imports.undo(found, user_id=user_id, key=uuid.uuid4().hex, reason=reason)
    by = f" by operation {posting.operation.id}" if posting else ""
    click.echo(f"Import {number} was undone{by}.")
