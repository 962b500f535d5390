"""One key has one outcome: what the state refused once is refused again, whatever the state is."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from inventory import catalog
from inventory.common import clock, errors
from inventory.ledger import rules, unit_of_work
from tests.support.stock_builder import Stock, in_days, key

MAX = 10**12


def count_back(stock: Stock) -> tuple[str, dict[str, Any], Callable[[], Any]]:
    lot = stock.lot("receive 10")
    seen = stock.get_lot(lot).lot_seq
    stock.post("issue", item="BOLT", qty=9)
    command = {"lot_id": lot, "counted": 5, "lot_seq": seen, "resolution": "keep_difference"}
    return (
        "count",
        command,
        lambda: stock.post(
            "receive", item="BOLT", lot_code=stock.get_lot(lot).lot_code, qty=20, add_to_lot=True
        ),
    )


def count_of_later_entries(stock: Stock) -> tuple[str, dict[str, Any], Callable[[], Any]]:
    lot = stock.lot("receive 10")
    command = {"lot_id": lot, "counted": 10, "lot_seq": 2}
    return "count", command, lambda: stock.reserve(1, lot=lot)


def archived_item(stock: Stock) -> tuple[str, dict[str, Any], Callable[[], Any]]:
    stock.item()
    update(stock, archived=True)
    return (
        "receive",
        {"item": "BOLT", "lot_code": "A", "qty": 5},
        lambda: update(stock, archived=False),
    )


def decimals_of_an_unused_item(stock: Stock) -> tuple[str, dict[str, Any], Callable[[], Any]]:
    stock.item()
    return (
        "receive",
        {"item": "BOLT", "lot_code": "A", "qty": "1.5"},
        lambda: update(stock, decimals=1),
    )


def other_expiry(stock: Stock) -> tuple[str, dict[str, Any], Callable[[], Any]]:
    lot = stock.lot("receive 5", lot_code="A", expires_on=in_days(10))
    command = {"item": "BOLT", "lot_code": "A", "qty": 5, "expires_on": in_days(20)}
    return (
        "receive",
        command | {"add_to_lot": True},
        lambda: catalog.update_lot(
            lot_id=lot, expires_on=in_days(20), user_id=stock.user_id, key=key()
        ),
    )


def other_location(stock: Stock) -> tuple[str, dict[str, Any], Callable[[], Any]]:
    lot = stock.lot("receive 5", lot_code="A", location="R1")
    command = {"item": "BOLT", "lot_code": "A", "qty": 5, "location": "R2", "add_to_lot": True}
    return (
        "receive",
        command,
        lambda: catalog.update_lot(lot_id=lot, location="R2", user_id=stock.user_id, key=key()),
    )


def full_lot(stock: Stock) -> tuple[str, dict[str, Any], Callable[[], Any]]:
    lot = stock.lot(f"receive {MAX}", lot_code="A")
    first = stock.history(lot)[0].operation_id
    command = {"item": "BOLT", "lot_code": "A", "qty": 1, "add_to_lot": True}
    return "receive", command, lambda: stock.post("reverse", operation_id=first, reason="too much")


def full_item(stock: Stock) -> tuple[str, dict[str, Any], Callable[[], Any]]:
    for _ in range(9):
        stock.lot(f"receive {MAX}")
    command = {"item": "BOLT", "lot_code": "A", "qty": 1}
    return "receive", command, lambda: stock.post("issue", item="BOLT", qty=5)


def update(stock: Stock, **changes: Any) -> None:
    catalog.update_item(user_id=stock.user_id, key=key(), item="BOLT", **changes)


@pytest.mark.parametrize(
    "case",
    [
        count_back, count_of_later_entries, archived_item, decimals_of_an_unused_item,
        other_expiry, other_location, full_item,
    ],
)  # fmt: skip
def test_what_the_state_refuses_is_refused_for_ever_under_its_key(stock: Stock, case: Any) -> None:
    verb, command, change = case(stock)
    one_key = key()
    first = stock.refused(expected_code(command), verb, key=one_key, **command)
    change()
    again = stock.refused(first.code, verb, key=one_key, **command)
    assert (again.detail, again.figures, again.replayed) == (first.detail, first.figures, True)
    assert stock.post(verb, **command).operation.id


def expected_code(command: dict[str, Any]) -> str:
    return "INVALID_QTY" if command.get("qty") in ("1.5", 1) else "INVALID_INPUT"


def test_a_full_lot_is_refused_for_ever_under_its_key(stock: Stock) -> None:
    verb, command, change = full_lot(stock)
    one_key = key()
    stock.refused("INVALID_INPUT", verb, key=one_key, **command)
    change()
    assert stock.refused("INVALID_INPUT", verb, key=one_key, **command).replayed


def test_a_reservation_that_would_have_expired_is_refused_for_ever_under_its_key(
    stock: Stock,
) -> None:
    stock.lot("receive 5")
    now, one_key = clock.now(), key()
    command = {"item": "BOLT", "qty": 1, "reference": "J", "expires_at": now - timedelta(hours=1)}
    stock.refused("INVALID_INPUT", "reserve", key=one_key, **command)
    with clock.frozen_at(now - timedelta(hours=2)):
        assert stock.refused("INVALID_INPUT", "reserve", key=one_key, **command).replayed


def test_what_is_wrong_in_the_request_itself_can_be_corrected_under_its_key(stock: Stock) -> None:
    stock.item()
    one_key = key()
    stock.refused("INVALID_QTY", "receive", key=one_key, item="BOLT", lot_code="A", qty=-1)
    stock.post("receive", key=one_key, item="BOLT", lot_code="A", qty=1)


def test_a_dry_run_remembers_no_refusal(stock: Stock) -> None:
    verb, command, change = full_item(stock)
    one_key = key()
    stock.refused("INVALID_QTY", verb, key=one_key, dry_run=True, **command)
    change()
    stock.post(verb, key=one_key, **command)


# --- every rule -----------------------------------------------------------------------------------

#: Refusals of the rules that depend on the request alone: function and start of the sentence.
OF_THE_REQUEST = {
    ("receive", "A receipt or a customer return"),
    ("return_from_customer", "Enter a reason"),
    ("issue", "Name either the reservation or the item"),
    ("issue", "Only an issue against a reservation"),
    ("remove_stock", "A scrap or a supplier return"),
    ("decide_qc", "Enter a reason"), ("named_parts", "The lots add up to"),
    ("lot_of", "Lot %(lot)s is a lot of"),  # a lot never changes its item
    ("_require_own", "%(user_name)s posted"),  # nor an operation its user
    ("_require_own", "Operation %(id)s was posted more than"),  # it only grows older
}  # fmt: skip


def refusals_that_are_not_stored() -> Iterator[tuple[str, str]]:
    """Yield function and sentence of each `raise` in the rules whose class is not remembered."""
    folder = Path(rules.__file__ or "").parent
    for path in [*sorted(folder.glob("*.py")), Path(unit_of_work.__file__ or "")]:
        for function in ast.walk(ast.parse(path.read_text())):
            if not isinstance(function, ast.FunctionDef):
                continue
            for node in ast.walk(function):
                if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                    name = ast.unparse(node.exc.func)
                    kind = getattr(errors, name, None)
                    if (
                        isinstance(kind, type)
                        and kind is not errors.NotFound
                        and not getattr(kind, "remembered", True)
                    ):
                        yield function.name, template_of(node.exc.args[0])


def template_of(node: ast.expr) -> str:
    """Return the English template of `message("…")`."""
    assert isinstance(node, ast.Call)
    return str(ast.literal_eval(node.args[0]))


def test_every_refusal_of_the_rules_is_stored_or_depends_on_the_request_alone() -> None:
    found = set(refusals_that_are_not_stored())
    assert found
    for function, sentence in found:
        assert any(
            function == name and sentence.startswith(start) for name, start in OF_THE_REQUEST
        ), f"{function}: {sentence}"
