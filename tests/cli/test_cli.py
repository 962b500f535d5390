"""The commands for users, the ledger and stock."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from inventory import verification
from inventory.db import connection, db
from tests.support.stock_builder import Stock, part

PASSWORD = "a fine long password"


class Shell:
    """Runs commands; `fails` requires an error without a traceback."""

    def __init__(self, app: Flask) -> None:
        self.runner = app.test_cli_runner()

    def __call__(self, *arguments: str, input: str | None = None) -> Result:
        result = self.runner.invoke(args=list(arguments), input=input)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    def fails(self, *arguments: str, input: str | None = None) -> str:
        result = self(*arguments, input=input)
        assert result.exit_code != 0
        assert "Traceback" not in result.output
        return result.output


@pytest.fixture
def flask(app: Flask) -> Shell:
    return Shell(app)


def create_user(flask: Shell, name: str = "Anna", role: str = "admin") -> None:
    words = ("users", "create", name, "--role", role, "--password-stdin")
    assert flask(*words, input=f"{PASSWORD}\n").exit_code == 0


def test_accounts_are_created_listed_changed_and_disabled(flask: Shell) -> None:
    create_user(flask)
    create_user(flask, "Ben", "operator")
    assert "Ben is inspector now" in flask("users", "set-role", "ben", "inspector").output
    listed = flask("users", "list").output
    assert ["Ben", "inspector", "active"] in [line.split() for line in listed.splitlines()]
    assert flask("users", "disable", "Ben").exit_code == 0
    assert "disabled" in flask("users", "list").output
    assert flask("users", "enable", "Ben").exit_code == 0
    words = ("users", "set-password", "Ben", "--password-stdin")
    assert flask(*words, input="another fine password\n").exit_code == 0
    assert flask("users", "approve", "Ben").exit_code == 0
    assert "0 failed sign-in attempts" in flask("users", "unlock").output


def test_refused_account_commands_print_the_reason(flask: Shell) -> None:
    create_user(flask)
    create = ("users", "create", "Anna", "--role", "viewer", "--password-stdin")
    assert "taken" in flask.fails(*create, input=f"{PASSWORD}\n")
    assert "8" in flask.fails("users", "create", "Ben", "--role", "viewer", "--password-stdin",
                              input="short\n")  # fmt: skip
    assert "There is no user Nobody" in flask.fails("users", "disable", "Nobody")
    assert "admin" in flask.fails("users", "disable", "Anna")
    assert "--password-stdin" in flask.fails("users", "create", "Ben", "--role", "viewer")
    assert "owner" in flask.fails("users", "set-role", "Anna", "owner")


def test_the_setup_code_is_printed_until_there_is_an_account(flask: Shell) -> None:
    assert len(flask("users", "setup-code").output.strip()) == 14
    create_user(flask)
    flask.fails("users", "setup-code")


def test_verify_prints_and_stores_its_result(app: Flask, flask: Shell) -> None:
    with app.app_context():
        Stock().lot("receive 10, reserve 4, issue 2")
    result = flask("ledger", "verify")
    assert result.exit_code == 0
    assert "3 entries verified, 0 differences" in result.output
    with app.app_context():
        run = verification.last_run(connection())
    assert run is not None
    assert (run["ok"], run["entries"]) == (True, 3)


def test_verify_names_the_wrong_table_and_exits_with_1(app: Flask, flask: Shell) -> None:
    with app.app_context():
        Stock().lot("receive 10")
        with db.engine.connect().execution_options(write=True) as conn, conn.begin():
            conn.exec_driver_sql("DELETE FROM lot_heads")
    result = flask("ledger", "verify")
    assert result.exit_code == 1
    assert "lot_heads" in result.output
    assert "1 differences" in result.output
    assert flask("ledger", "rebuild-cache").exit_code == 0
    assert flask("ledger", "verify").exit_code == 0


def test_verify_checks_a_stored_digest(app: Flask, flask: Shell, tmp_path: Path) -> None:
    with app.app_context():
        stock = Stock()
        lot = stock.lot("receive 10")
    path = tmp_path / "digest.json"
    path.write_text(flask("ledger", "digest").output)
    with app.app_context():
        stock.post("issue", item="BOLT", lots=[part(lot, 1)])
    assert flask("ledger", "verify", "--against", str(path)).exit_code == 0
    changed = json.loads(path.read_text())
    changed["lots"] = []
    path.write_text(json.dumps(changed))
    assert "not a digest" in flask.fails("ledger", "verify", "--against", str(path))
    path.write_text("[")
    assert "not a digest" in flask.fails("ledger", "verify", "--against", str(path))


def test_stock_show_prints_quantities_and_lots(app: Flask, flask: Shell) -> None:
    with app.app_context():
        Stock().lot("receive 10, reserve 4", lot_code="L-1")
    output = flask("stock", "show", "BOLT").output
    assert [line.split() for line in output.splitlines()][1:4] == [
        ["on", "hand", "10", "pcs"],
        ["reserved", "4", "pcs"],
        ["available", "6", "pcs"],
    ]
    assert "L-1" in output
    assert "L-1" not in flask("stock", "show", "BOLT", "--at", "2020-01-01").output
    assert "no item NIX" in flask.fails("stock", "show", "NIX")


def test_commands_of_developers_are_not_listed():
    process = subprocess.run(
        [sys.executable, "-m", "flask", "--help"], capture_output=True, text=True, check=True
    )
    assert "  users " in process.stdout
    for name in ("run", "shell", "routes"):
        assert f"  {name} " not in process.stdout
