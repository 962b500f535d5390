"""`flask labels print|layouts`: labels for lots, items and locations."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from inventory import labels
from inventory.cli.base import FriendlyErrorGroup, example, table
from inventory.db import connection
from inventory.stock import queries as stock

labels_group = FriendlyErrorGroup("labels", help="Print labels for lots, items and locations.")


@labels_group.command(
    "print", epilog=example("flask labels print --receipt 17 --layout a4-3x8 --out labels.pdf")
)
@click.option("--lot", "lots", type=int, multiple=True, help="The number of a lot.")
@click.option("--receipt", "receipts", type=int, multiple=True, help="All lots of an operation.")
@click.option("--item", "items", multiple=True, help="The code of an item.")
@click.option("--location", "locations", multiple=True, help="The code of a location.")
@click.option("--layout", default="62x29", show_default=True, help="See `flask labels layouts`.")
@click.option(
    "--start", type=int, default=1, show_default=True, help="The first position on the sheet."
)
@click.option("--copies", type=int, default=1, show_default=True, help="Copies of each label.")
@click.option("--qty/--no-qty", default=False, help="Print the quantity on hand of each lot.")
@click.option(
    "--format", "kind", type=click.Choice(["pdf", "zpl"]), default="pdf", show_default=True
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to create; by default standard output.",
)
def print_(
    lots: tuple[int, ...],
    receipts: tuple[int, ...],
    items: tuple[str, ...],
    locations: tuple[str, ...],
    layout: str,
    start: int,
    copies: int,
    qty: bool,
    kind: str,
    out: Path | None,
) -> None:
    """Create labels: a PDF, or ZPL for a label printer."""
    conn = connection()
    lot_ids = [*lots]
    for receipt in receipts:
        entries = stock.get_operation(conn, receipt).entries
        lot_ids += dict.fromkeys(entry.lot_id for entry in entries)
    wanted = labels.copies_of(
        [
            *labels.lot_labels(conn, lot_ids, with_qty=qty),
            *labels.item_labels(conn, items),
            *labels.location_labels(locations),
        ],
        copies,
    )
    paper = labels.layout_of(layout)
    if kind == "zpl":
        content = labels.to_zpl(wanted, paper)
    else:
        content = labels.to_pdf(wanted, paper, start=start)
    if out is None:
        sys.stdout.buffer.write(content)
        return
    try:
        out.write_bytes(content)
    except OSError as error:
        raise click.ClickException(f"{out} cannot be written: {error.strerror}.") from None
    click.echo(f"{len(wanted)} labels are in {out}.")


@labels_group.command(epilog=example("flask labels layouts"))
def layouts() -> None:
    """List the label layouts."""
    table(
        ("LAYOUT", "WHAT IT IS"),
        [(layout.name, layout.title) for layout in labels.LAYOUTS.values()],
    )
    click.echo("Or a size in mm like 38x25, or a sheet like a4:3x8:7.25,12.9:2.5,0:")
    click.echo("page, columns x rows, left and top margin, gaps across and down.")
