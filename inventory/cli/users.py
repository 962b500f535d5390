"""`flask users …`: user accounts."""

from __future__ import annotations

import getpass
import sys

import click
from flask import current_app

from inventory.accounts import registration, throttling, two_factor
from inventory.accounts import users as accounts_users
from inventory.accounts.users import ROLES, Account
from inventory.cli.base import FriendlyErrorGroup, example, table

users = FriendlyErrorGroup("users", help="Manage users: create, change role, disable.")

_ROLE = click.Choice(ROLES)
_from_stdin = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input."
)


@users.command(epilog=example("flask users create ANNA --role inspector"))
@click.argument("name")
@click.option("--role", type=_ROLE, required=True, help="The role of the user.")
@_from_stdin
def create(name: str, role: str, password_stdin: bool) -> None:
    """Create a user who can sign in immediately."""
    accounts_users.validate_name(name)
    made = accounts_users.create_user(name=name, role=role, password=_password(password_stdin))
    click.echo(f"{made.name} can sign in as {made.role}.")


@users.command("list", epilog=example("flask users list"))
def list_() -> None:
    """List the users with their roles and states."""
    rows = [
        (account.name, account.role, _state(account)) for account in accounts_users.list_accounts()
    ]
    table(("NAME", "ROLE", "STATE"), rows)


@users.command("set-role", epilog=example("flask users set-role ANNA admin"))
@click.argument("name")
@click.argument("role", type=_ROLE)
def set_role(name: str, role: str) -> None:
    """Change the role of a user; takes effect immediately."""
    account = accounts_users.set_role(user_id=_account(name).id, role=role)
    click.echo(f"{account.name} is {account.role} now.")


@users.command("set-password", epilog=example("flask users set-password ANNA"))
@click.argument("name")
@_from_stdin
def set_password(name: str, password_stdin: bool) -> None:
    """Set a user's password and end the user's sessions."""
    account = _account(name)
    accounts_users.set_password(user_id=account.id, password=_password(password_stdin))
    click.echo(f"{account.name} has a new password; open sessions are ended.")


@users.command(epilog=example("flask users approve ANNA --role operator"))
@click.argument("name")
@click.option("--role", type=_ROLE, help="The role, if not the requested one.")
def approve(name: str, role: str | None) -> None:
    """Approve a user who registered."""
    account = _account(name)
    account = accounts_users.approve(user_id=account.id, role=role or account.role)
    click.echo(f"{account.name} can sign in as {account.role}.")


@users.command(epilog=example("flask users disable ANNA"))
@click.argument("name")
def disable(name: str) -> None:
    """Disable a user and end the user's sessions. The user's operations stay."""
    account = accounts_users.disable(user_id=_account(name).id)
    click.echo(f"{account.name} is disabled and signed out.")


@users.command(epilog=example("flask users enable ANNA"))
@click.argument("name")
def enable(name: str) -> None:
    """Enable a disabled user."""
    account = accounts_users.enable(user_id=_account(name).id)
    click.echo(f"{account.name} can sign in again.")


@users.command("reset-totp", epilog=example("flask users reset-totp ANNA"))
@click.argument("name")
def reset_totp(name: str) -> None:
    """Turn off a user's two-factor authentication and end the user's sessions."""
    account = two_factor.remove(user_id=_account(name).id, actor_id=None)
    click.echo(f"{account.name} signs in with the password only.")


@users.command(epilog=example("flask users unlock ANNA"))
@click.argument("name", required=False)
def unlock(name: str | None) -> None:
    """Clear failed sign-in attempts of one user or of all."""
    count = throttling.reset_throttle(name=name)
    click.echo(f"{count} failed sign-in attempts cleared.")


@users.command("setup-code", epilog=example("flask users setup-code"))
def setup_code() -> None:
    """Print the setup code for the first registration over the network."""
    if not registration.is_first():
        raise click.ClickException("There are users already: no setup code is needed.")
    click.echo(registration.setup_code(secret_key=current_app.config["SECRET_KEY"]))


def _account(name: str) -> Account:
    account = accounts_users.find_account(name=name)
    if account is None:
        raise click.ClickException(f"There is no user {name}.")
    return account


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    if not sys.stdin.isatty():
        raise click.ClickException(
            "There is no terminal to ask for a password: use --password-stdin."
        )
    password = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != password:
        raise click.ClickException("The two passwords differ.")
    return password


def _state(account: Account) -> str:
    if account.disabled_at is not None:
        return "disabled"
    if account.approved_at is None:
        return "waits for approval"
    return "active, second factor" if account.second_factor else "active"
