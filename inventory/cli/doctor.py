"""`flask doctor`: check the installation."""

from __future__ import annotations

import sys

import click
from flask import current_app
from flask.cli import with_appcontext

from inventory import doctor as inventory_doctor
from inventory.cli.base import example
from inventory.doctor import Verdict


@click.command(epilog=example("flask doctor"))
@with_appcontext
def doctor() -> None:
    """Check the installation, one line per check. Exits with 1 if a check fails."""
    found = inventory_doctor.run_checks(current_app.extensions["inventory"])
    widest = max(len(one.name) for one in found)
    for one in found:
        advice = f" – {one.advice}" if one.advice else ""
        click.echo(f"{one.verdict:<8} {one.name:<{widest}}  {one.message}{advice}")
    if any(one.verdict == Verdict.ERROR for one in found):
        sys.exit(1)
