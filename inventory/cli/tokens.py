"""`flask tokens create|list|revoke`: API tokens."""

from __future__ import annotations

from datetime import datetime

import click

from inventory.accounts import api_tokens as core
from inventory.accounts import users
from inventory.accounts.users import ROLES
from inventory.cli.base import FriendlyErrorGroup, example
from inventory.common import clock
from inventory.common.errors import Busy, Refusal

tokens = FriendlyErrorGroup("tokens", help="Manage API tokens.")


@tokens.command(epilog=example("flask tokens create --user ANNA --name shop --role operator"))
@click.option("--user", "user_name", required=True, help="The user of the token.")
@click.option(
    "--name", required=True, help="The name of the token, such as the program that uses it."
)
@click.option(
    "--role",
    type=click.Choice(ROLES),
    help="The role of the token; at most, and by default, the user's.",
)
@click.option(
    "--expires",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The last day of the token, such as 2027-03-31; at most, and by default, in 365 days.",
)
def create(user_name: str, name: str, role: str | None, expires: datetime | None) -> None:
    """Create a token and print it. It is shown only once."""
    try:
        user = users.find_account(name=user_name)
        if user is None:
            raise click.ClickException(f"There is no user {user_name}.")
        _, secret = core.create_token(
            user_id=user.id,
            name=name,
            role=role,
            expires_at=core.end_of_day(expires.date()) if expires else None,
        )
    except (Refusal, Busy) as error:
        raise click.ClickException(error.detail) from None
    click.echo(secret)


@tokens.command("list", epilog=example("flask tokens list --user ANNA"))
@click.option("--user", "user_name", help="Only tokens of this user.")
def list_(user_name: str | None) -> None:
    """List the tokens: number, prefix, user, name, role and state."""
    user_id = None
    if user_name is not None:
        user = users.find_account(name=user_name)
        if user is None:
            raise click.ClickException(f"There is no user {user_name}.")
        user_id = user.id
    for token in core.list_tokens(user_id=user_id):
        fields = (
            str(token.id),
            f"{token.prefix}…",
            token.user_name,
            token.name,
            token.role,
            _state(token),
            f"used {_day(token.last_used_at)}" if token.last_used_at else "never used",
        )
        click.echo("\t".join(fields))


@tokens.command(epilog=example("flask tokens revoke 3"))
@click.argument("number", type=click.IntRange(min=1, max=2**63 - 1))
def revoke(number: int) -> None:
    """Revoke a token immediately; its number is in the list."""
    try:
        token = core.revoke_token(token_id=number)
    except (Refusal, Busy) as error:
        raise click.ClickException(error.detail) from None
    click.echo(f"Token {token.id} of {token.user_name} ({token.name}) no longer works.")


def _state(token: core.Token) -> str:
    if token.revoked_at is not None:
        return f"revoked {_day(token.revoked_at)}"
    return f"{'expires' if token.is_usable else 'expired'} {_day(token.expires_at)}"


def _day(when: datetime) -> str:
    return when.astimezone(clock.zone()).strftime("%Y-%m-%d")
