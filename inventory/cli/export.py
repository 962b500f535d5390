"""`flask export …`: lists as CSV, XLSX or JSON Lines."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from inventory.cli.base import FriendlyErrorGroup, example
from inventory.db import snapshot
from inventory.exports import lists
from inventory.exports.formats import KINDS, file_parts
from inventory.queries.page_reads import reads_on

export_group = FriendlyErrorGroup("export", help="Export lists as CSV, XLSX or JSON Lines.")

_WORDS = {
    "items": "All items with their stock.",
    "lots": "All lots with their figures, including empty ones.",
    "reservations": "All reservations, including closed ones.",
    "references": "Jobs and orders with open reservations.",
    "operations": "All operations, newest first.",
    "codes": "All linked barcodes.",
    "ledger": "All ledger entries, newest first.",
    "audit": "The audit log, newest first.",
}


def _command(name: str) -> None:
    @export_group.command(
        name,
        help=_WORDS[name],
        epilog=example(f"flask export {name} --format xlsx --output {name}.xlsx"),
    )
    @click.option("--format", "kind", type=click.Choice(KINDS), default="csv", show_default=True)
    @click.option(
        "--output",
        type=click.Path(dir_okay=False, path_type=Path),
        help="The file to create; by default standard output.",
    )
    def export(kind: str, output: Path | None) -> None:
        if output is None:
            if kind == "xlsx" and sys.stdout.isatty():
                raise click.UsageError("XLSX needs a file: use --output.")
            _write(sys.stdout.buffer, name, kind)
            return
        with _new_file(output) as file:
            _write(file, name, kind)
        click.echo(f"Wrote {output}.", err=True)


for _name in lists.LISTS:
    _command(_name)


def _write(file: BinaryIO, name: str, kind: str) -> None:
    """Write the whole list from one database snapshot."""
    headers = lists.LISTS[name].headers
    with snapshot() as reader:
        for part in file_parts(kind, name, headers, lists.list_rows(reads_on(reader), name)):
            file.write(part)


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """Write to a temporary file and rename it at the end.

    An incomplete file never has the final name.
    """
    if path.exists():
        raise click.ClickException(f"{path} already exists. Choose another file.")
    making = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with making.open("xb") as file:
            yield file
        making.rename(path)
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}.") from None
    finally:
        making.unlink(missing_ok=True)
