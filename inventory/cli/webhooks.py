"""`flask webhooks …`: webhook endpoints for low stock, and their deliveries."""

from __future__ import annotations

import click
from flask import current_app

from inventory.cli.base import FriendlyErrorGroup, example, table
from inventory.db import connection
from inventory.http.secret_keys import signing_keys
from inventory.webhooks import delivery, endpoints, low_stock

webhooks_group = FriendlyErrorGroup(
    "webhooks", help="Webhook endpoints, notified when an item is low."
)

_NUMBER = click.argument("number", type=click.IntRange(min=1, max=2**63 - 1))


@webhooks_group.command(epilog=example("flask webhooks add https://erp.example.com/stock"))
@click.argument("url")
def add(url: str) -> None:
    """Add a webhook endpoint. Prints its signing secret once."""
    number, secret = endpoints.add_endpoint(url=url, key=signing_keys(current_app)[0], user_id=None)
    click.echo(f"Webhook {number} added. Its signing secret, which is not shown again:")
    click.echo(secret)


@webhooks_group.command("new-secret", epilog=example("flask webhooks new-secret 3"))
@_NUMBER
def new_secret(number: int) -> None:
    """Create a new signing secret and print it once. The old secret stops working."""
    key = signing_keys(current_app)[0]
    _, secret = endpoints.renew_secret(endpoint_id=number, key=key, user_id=None)
    click.echo(secret)


@webhooks_group.command(epilog=example("flask webhooks end 3"))
@_NUMBER
def end(number: int) -> None:
    """Remove an endpoint and drop its pending deliveries."""
    endpoints.end_endpoint(endpoint_id=number, user_id=None)
    click.echo(f"Webhook {number} removed. It gets no more events.")


@webhooks_group.command("list", epilog=example("flask webhooks list"))
def list_() -> None:
    """List the endpoints and their last deliveries."""
    rows = [
        (
            str(endpoint.id),
            endpoint.url,
            "ended" if endpoint.ended_at else "told",
            str(endpoint.waiting),
        )
        for endpoint in endpoints.list_endpoints(connection())
    ]
    table(("WEBHOOK", "ADDRESS", "STATE", "WAITING"), rows)
    click.echo("")
    last = [
        (str(one.id), one.type, one.item_code, one.state, str(one.attempts), one.outcome or "")
        for one in endpoints.list_deliveries(connection())
    ]
    table(("DELIVERY", "EVENT", "ITEM", "STATE", "TRIES", "LAST ANSWER"), last)


@webhooks_group.command(epilog=example("flask webhooks deliver --watch"))
@click.option("--watch", is_flag=True, help="Go on until Ctrl-C, instead of once.")
def deliver(watch: bool) -> None:
    """Send pending deliveries: for cron, or beside a server with WEBHOOKS=no."""
    keys = signing_keys(current_app)
    if watch:
        delivery.run_delivery_loop(keys=keys)
    low_stock.refresh_low_stock_events()
    click.echo(f"{delivery.deliver_due(keys=keys)} sent.")


@webhooks_group.command(epilog=example("flask webhooks replay 17"))
@_NUMBER
def replay(number: int) -> None:
    """Send a delivery again; its number is in the list."""
    endpoints.replay(delivery_id=number, user_id=None)
    click.echo(f"Delivery {number} is due again.")
