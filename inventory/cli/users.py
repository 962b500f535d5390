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

users = FriendlyErrorGroup("users", help="Accounts: make them, appoint, disable.")

_ROLE = click.Choice(ROLES)
_from_stdin = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input."
)


@users.command(epilog=example("flask users create ANNA --role inspector"))
@click.argument("name")
@click.option("--role", type=_ROLE, required=True, help="What the account may do.")
@_from_stdin
def create(name: str, role: str, password_stdin: bool) -> None:
    """Make an account that can log in at once."""
    accounts_users.validate_name(name)
    made = accounts_users.create_user(name=name, role=role, password=_password(password_stdin))
    click.echo(f"{made.name} can log in now, as {made.role}.")


@users.command("list", epilog=example("flask users list"))
def list_() -> None:
    """All accounts with their roles and states."""
    rows = [
        (account.name, account.role, _state(account)) for account in accounts_users.list_accounts()
    ]
    table(("NAME", "ROLE", "STATE"), rows)


@users.command("set-role", epilog=example("flask users set-role ANNA admin"))
@click.argument("name")
@click.argument("role", type=_ROLE)
def set_role(name: str, role: str) -> None:
    """Change the role of a user; takes effect at once."""
    account = accounts_users.set_role(user_id=_account(name).id, role=role)
    click.echo(f"{account.name} is {account.role} now.")


@users.command("set-password", epilog=example("flask users set-password ANNA"))
@click.argument("name")
@_from_stdin
def set_password(name: str, password_stdin: bool) -> None:
    """Give an account a new password, and end its sessions."""
    account = _account(name)
    accounts_users.set_password(user_id=account.id, password=_password(password_stdin))
    click.echo(f"{account.name} has a new password; open sessions are ended.")


@users.command(epilog=example("flask users approve ANNA --role operator"))
@click.argument("name")
@click.option("--role", type=_ROLE, help="Another role than the one that was asked for.")
def approve(name: str, role: str | None) -> None:
    """Let in an account that registered."""
    account = _account(name)
    account = accounts_users.approve(user_id=account.id, role=role or account.role)
    click.echo(f"{account.name} can log in now, as {account.role}.")


@users.command(epilog=example("flask users disable ANNA"))
@click.argument("name")
def disable(name: str) -> None:
    """Shut an account out at once. What it did stays."""
    account = accounts_users.disable(user_id=_account(name).id)
    click.echo(f"{account.name} is shut out.")


@users.command(epilog=example("flask users enable ANNA"))
@click.argument("name")
def enable(name: str) -> None:
    """Let a disabled account in again."""
    account = accounts_users.enable(user_id=_account(name).id)
    click.echo(f"{account.name} can log in again.")


@users.command("reset-totp", epilog=example("flask users reset-totp ANNA"))
@click.argument("name")
def reset_totp(name: str) -> None:
    """Take a lost second factor away, and end the account's sessions."""
    account = two_factor.remove(user_id=_account(name).id, actor_id=None)
    click.echo(f"{account.name} logs in by the password alone now.")


@users.command(epilog=example("flask users unlock ANNA"))
@click.argument("name", required=False)
def unlock(name: str | None) -> None:
    """Forget refused logins: of one account, or of all."""
    count = throttling.reset_throttle(name=name)
    click.echo(f"{count} refused logins forgotten.")


@users.command("setup-code", epilog=example("flask users setup-code"))
def setup_code() -> None:
    """Print the code that the first registration asks for beyond loopback."""
    if not registration.is_first():
        raise click.ClickException("There are accounts already: no code is needed.")
    click.echo(registration.setup_code(secret_key=current_app.config["SECRET_KEY"]))


def _account(name: str) -> Account:
    account = accounts_users.find_account(name=name)
    if account is None:
        raise click.ClickException(f"There is no account called {name}.")
    return account


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    if not sys.stdin.isatty():
        raise click.ClickException("No terminal to ask for a password at: use --password-stdin.")
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
