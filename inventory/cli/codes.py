"""`flask codes link|list|unlink`: barcodes linked to items and lots."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import click

from inventory import barcodes, queries
from inventory.accounts import users
from inventory.cli.base import FriendlyErrorGroup, example, table
from inventory.common.quantity import TypedQty, format_qty
from inventory.db import connection

codes_group = FriendlyErrorGroup("codes", help="Manage linked barcodes of items and lots.")


@codes_group.command(
    epilog=example("flask codes link 19521123456782 --item BOLT-M8 --qty 12 --user ANNA")
)
@click.argument("code")
@click.option("--item", help="The item that the barcode identifies.")
@click.option("--lot", "lot_id", type=int, help="Or the number of the lot that it identifies.")
@click.option("--qty", default="1", show_default=True, help="The quantity of one scan.")
@click.option(
    "--user", "user_name", required=True, help="The user who links it, for the audit log."
)
def link(code: str, item: str | None, lot_id: int | None, qty: str, user_name: str) -> None:
    """Link a barcode to an item or a lot."""
    record, _ = barcodes.link(
        code=code, item=item, lot_id=lot_id, qty=TypedQty(qty), **_who(user_name)
    )
    click.echo(f"{record['code']} is linked to {_meaning(record)}.")


@codes_group.command("list", epilog=example("flask codes list --item BOLT-M8"))
@click.option("--item", help="Only barcodes of this item.")
def list_(item: str | None) -> None:
    """List the linked barcodes, newest first."""
    rows = [
        (
            str(one.id),
            one.code,
            one.item_code,
            one.lot_code or "",
            format_qty(one.qty),
            one.user_name,
        )
        for one in _all(item=item)
    ]
    table(("NUMBER", "CODE", "ITEM", "LOT", "QTY", "BY"), rows)


@codes_group.command(epilog=example("flask codes unlink 19521123456782 --user ANNA"))
@click.argument("code")
@click.option(
    "--user", "user_name", required=True, help="The user who unlinks it, for the audit log."
)
def unlink(code: str, user_name: str) -> None:
    """Unlink a barcode. Scanners no longer find anything by it."""
    who = _who(user_name)
    found = barcodes.find_link(connection(), code)
    if found is None:
        raise click.ClickException(f"{code} is not linked to anything.")
    record, _ = barcodes.unlink(code_id=found.id, **who)
    click.echo(f"{record['code']} is no longer linked to {_meaning(record)}.")


def _who(name: str) -> dict[str, Any]:
    user = users.find_account(name=name)
    if user is None:
        raise click.ClickException(f"There is no user {name}.")
    return {"user_id": user.id, "key": f"cli-{uuid.uuid4().hex}"}


def _meaning(record: dict[str, Any]) -> str:
    if record["lot_code"]:
        return f"lot {record['lot_code']} of {record['item']}"
    return f"{record['qty']} of {record['item']}"


def _all(**filters: Any) -> Iterator[barcodes.CodeLink]:
    cursor = None
    while True:
        page = queries.list_codes(connection(), **filters, limit=queries.MAX_ROWS, cursor=cursor)
        yield from page.rows
        cursor = page.next_cursor
        if cursor is None:
            return
