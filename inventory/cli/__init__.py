"""Commands of the command line: `flask users`, `flask ledger` and others.

Each error is one sentence and an exit code; the help of each command has an example.

May import `reports`, `imports` and `http` and the layers below.
"""

from __future__ import annotations

from flask import Flask
from flask.cli import routes_command, run_command, shell_command

from inventory.cli.audit import audit_group
from inventory.cli.backup import backup
from inventory.cli.codes import codes_group
from inventory.cli.database import database
from inventory.cli.demo import demo_group
from inventory.cli.doctor import doctor
from inventory.cli.export import export_group
from inventory.cli.import_files import import_group
from inventory.cli.labels import labels_group
from inventory.cli.ledger import ledger
from inventory.cli.report import report_group
from inventory.cli.reservations import reservations
from inventory.cli.stock import stock_group
from inventory.cli.tokens import tokens
from inventory.cli.users import users
from inventory.cli.webhooks import webhooks_group


def init_app(app: Flask) -> None:
    """Register all command groups."""
    for command in (run_command, shell_command, routes_command):  # of developers
        command.hidden = True
    for group in (
        users,
        ledger,
        stock_group,
        demo_group,
        tokens,
        codes_group,
        labels_group,
        backup,
        doctor,
        database,
        reservations,
        report_group,
        export_group,
        import_group,
        webhooks_group,
        audit_group,
    ):
        app.cli.add_command(group)
