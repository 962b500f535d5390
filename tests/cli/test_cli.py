"""The commands of an administrator: each works, or refuses in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from inventory import verification
from inventory.db import connection, db
from tests.support.stock_builder import Stock, part

PASSWORD = "a fine long password"


class Shell:
    def __init__(self, app: Flask) -> None:
        self.runner = app.test_cli_runner()

    def __call__(self, *words: str, input: str | None = None) -> Result:
        result = self.runner.invoke(args=list(words), input=input)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    def fails(self, *words: str, input: str | None = None) -> str:
        result = self(*words, input=input)
        assert result.exit_code != 0
        assert "Traceback" not in result.output
        return result.output


@pytest.fixture
def flask(app: Flask) -> Shell:
    return Shell(app)


def user(flask: Shell, name: str = "Anna", role: str = "admin") -> None:
    words = ("users", "create", name, "--role", role, "--password-stdin")
    assert flask(*words, input=f"{PASSWORD}\n").exit_code == 0


def test_an_account_is_made_listed_appointed_and_shut_out(flask: Shell) -> None:
    user(flask)
    user(flask, "Ben", "operator")
    assert "Ben is inspector now" in flask("users", "set-role", "ben", "inspector").output
    listed = flask("users", "list").output
    assert ["Ben", "inspector", "active"] in [line.split() for line in listed.splitlines()]
    assert flask("users", "disable", "Ben").exit_code == 0
    assert "disabled" in flask("users", "list").output
    assert flask("users", "enable", "Ben").exit_code == 0
    words = ("users", "set-password", "Ben", "--password-stdin")
    assert flask(*words, input="another fine password\n").exit_code == 0
    assert flask("users", "approve", "Ben").exit_code == 0
    assert "0 refused" in flask("users", "unlock").output


def test_accounts_are_refused_in_a_sentence(flask: Shell) -> None:
    user(flask)
    create = ("users", "create", "Anna", "--role", "viewer", "--password-stdin")
    assert "taken" in flask.fails(*create, input=f"{PASSWORD}\n")
    assert "8" in flask.fails("users", "create", "Ben", "--role", "viewer", "--password-stdin",
                              input="short\n")  # fmt: skip
    assert "no account called Nobody" in flask.fails("users", "disable", "Nobody")
    assert "admin" in flask.fails("users", "disable", "Anna")
    assert "--password-stdin" in flask.fails("users", "create", "Ben", "--role", "viewer")
    assert "owner" in flask.fails("users", "set-role", "Anna", "owner")


def test_the_setup_code_is_told_while_there_is_no_account(flask: Shell) -> None:
    assert len(flask("users", "setup-code").output.strip()) == 14
    user(flask)
    flask.fails("users", "setup-code")


def test_verify_tells_what_it_read_and_that_all_is_well(app: Flask, flask: Shell) -> None:
    with app.app_context():
        Stock().lot("receive 10, reserve 4, issue 2")
    result = flask("ledger", "verify")
    assert result.exit_code == 0
    assert "3 entries verified, 0 differences" in result.output
    with app.app_context():
        run = verification.last_run(connection())
    assert run is not None
    assert (run["ok"], run["entries"]) == (True, 3)


def test_verify_names_the_wrong_row_and_exits_with_1(app: Flask, flask: Shell) -> None:
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


def test_a_digest_kept_elsewhere_is_checked(app: Flask, flask: Shell, tmp_path: Path) -> None:
    with app.app_context():
        stock = Stock()
        lot = stock.lot("receive 10")
    kept = tmp_path / "digest.json"
    kept.write_text(flask("ledger", "digest").output)
    with app.app_context():
        stock.post("issue", item="BOLT", lots=[part(lot, 1)])
    assert flask("ledger", "verify", "--against", str(kept)).exit_code == 0
    changed = json.loads(kept.read_text())
    changed["lots"] = []
    kept.write_text(json.dumps(changed))
    assert "not a digest" in flask.fails("ledger", "verify", "--against", str(kept))
    kept.write_text("[")
    assert "not a digest" in flask.fails("ledger", "verify", "--against", str(kept))


def test_stock_shows_figures_and_lots(app: Flask, flask: Shell) -> None:
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
