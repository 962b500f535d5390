import pytest
import sqlalchemy as sa

from inventory import catalog
from inventory.common.errors import IdempotencyKeyReused, Refusal
from inventory.db import connection
from inventory.models import WriteRequest
from tests.support.stock_builder import Stock, add_user, key, part

ALL_OPERATIONS = [
    ("receive", {"item": "BOLT", "lot_code": "NEW", "qty": "1"}),
    ("return_from_customer",
     {"item": "BOLT", "lot_code": "RET", "qty": 1, "reason": "r", "unmatched": True}),
    ("reserve", {"item": "BOLT", "qty": 1, "reference": "J"}),
    ("unreserve", {"reservation_id": "reservation", "qty": 1}),
    ("issue", {"reservation_id": "reservation", "qty": 1}),
    ("issue", {"item": "BOLT", "qty": 1}),
    ("scrap", {"lot_id": "lot", "qty": 1, "reason": "r"}),
    ("return_to_supplier", {"lot_id": "lot", "qty": 1, "reason": "r"}),
    ("count", {"lot_id": "lot", "counted": 77}),
    ("split", {"lot_id": "lot", "qty": 1, "lot_code": "CHILD"}),
    ("decide_qc", {"lot_id": "lot", "status": "REJECTED", "reason": "r"}),
    ("decide_qc", {"lot_id": "lot", "status": "QUARANTINE", "reason": "r",
                "on_reservations": "unreserve"}),
    ("reverse", {"operation_id": "operation", "reason": "r"}),
]  # fmt: skip


def with_real_ids(stock: Stock, fields: dict) -> dict:
    lot = stock.lot("receive 20", lot_code="L-1")
    reservation = stock.reserve(5)
    operation = stock.post("issue", item="BOLT", qty=2).operation.id
    ids = {"lot": lot, "reservation": reservation, "operation": operation}
    return {name: ids.get(value, value) for name, value in fields.items()}


@pytest.mark.parametrize(("verb", "fields"), ALL_OPERATIONS)
def test_same_key_and_content_returns_the_first_result(
    stock: Stock, verb: str, fields: dict
) -> None:
    fields = with_real_ids(stock, fields) | {"key": key()}
    first = stock.post(verb, **fields)
    entries = stock.entries()
    again = stock.post(verb, **fields)
    assert again.operations == first.operations
    assert list(again.details) == list(first.details)
    assert (first.replayed, again.replayed) == (False, True)
    assert stock.entries() == entries


@pytest.mark.parametrize(("verb", "fields"), ALL_OPERATIONS)
def test_dry_run_returns_the_result_of_a_real_run_and_writes_nothing(
    stock: Stock, verb: str, fields: dict
) -> None:
    fields = with_real_ids(stock, fields) | {"key": key()}
    entries, requests = stock.entries(), count_requests()
    dry_result = stock.post(verb, **fields, dry_run=True)
    assert (stock.entries(), count_requests()) == (entries, requests)
    real_result = stock.post(verb, **fields)
    assert not real_result.replayed
    assert [
        (e.txn_type, e.lot_code, e.qty, e.on_hand_after) for e in dry_result.operation.entries
    ] == [(e.txn_type, e.lot_code, e.qty, e.on_hand_after) for e in real_result.operation.entries]


def count_requests() -> int:
    return connection().execute(sa.select(sa.func.count(WriteRequest.id))).scalar_one()


def test_first_result_is_replayed_after_later_changes(stock: Stock) -> None:
    lot = stock.lot("receive 10")
    fields = {"item": "BOLT", "qty": 4, "reference": "J", "key": key()}
    first = stock.post("reserve", **fields)
    stock.post("issue", reservation_id=first.details[0]["reservations"][0]["id"])
    stock.post("decide_qc", lot_id=lot, status="REJECTED", reason="rust")
    assert list(stock.post("reserve", **fields).details) == list(first.details)


def test_quantity_in_another_notation_is_the_same_content(stock: Stock) -> None:
    stock.item(decimals=2)
    fields = {"item": "BOLT", "lot_code": "L", "key": key()}
    stock.post("receive", **fields, qty="12.50")
    assert stock.post("receive", **fields, qty="12.5").replayed


@pytest.mark.parametrize(
    "change",
    [{"qty": 2}, {"reference": "K"}, {"note": "n"}, {"strategy": "fifo"}, {"item": "NUT"}],
)
def test_the_same_key_with_other_content_is_refused(stock: Stock, change: dict) -> None:
    stock.lot()
    stock.lot(item="NUT")
    fields = {"item": "BOLT", "qty": 1, "reference": "J", "key": key()}
    stock.post("reserve", **fields)
    stock.refused("IDEMPOTENCY_KEY_REUSED", "reserve", **fields | change)


def test_the_same_key_for_another_verb_is_refused(stock: Stock) -> None:
    lot, one_key = stock.lot(), key()
    stock.post("scrap", lot_id=lot, qty=1, reason="r", key=one_key)
    fields = {"lot_id": lot, "qty": 1, "reason": "r", "key": one_key}
    stock.refused("IDEMPOTENCY_KEY_REUSED", "return_to_supplier", **fields)


def test_two_users_can_use_the_same_key(stock: Stock) -> None:
    stock.lot()
    fields = {"item": "BOLT", "qty": 1, "reference": "J", "key": key()}
    stock.post("reserve", **fields)
    assert not stock.post("reserve", **fields, user_id=add_user(name="other")).replayed


def test_refusal_is_replayed_for_its_key_forever(stock: Stock) -> None:
    lot = stock.lot("receive 10")
    fields = {"item": "BOLT", "qty": 11, "reference": "J", "key": key()}
    first = stock.refused("INSUFFICIENT_STOCK", "reserve", **fields)
    stock.post("count", lot_id=lot, counted=50)
    again = stock.refused("INSUFFICIENT_STOCK", "reserve", **fields)
    assert (again.detail, again.figures) == (first.detail, first.figures)
    assert (first.replayed, again.replayed) == (False, True)
    assert not stock.post("reserve", **fields | {"key": key()}).replayed


def test_malformed_request_is_not_stored(stock: Stock) -> None:
    stock.lot("receive 10")
    fields = {"item": "BOLT", "reference": "J", "key": key()}
    stock.refused("INVALID_QTY", "reserve", **fields, qty="x")
    stock.refused("INVALID_QTY", "reserve", **fields, qty="1.5")
    stock.refused("NOT_FOUND", "reserve", **fields | {"item": "NIX"}, qty=1)
    assert not stock.post("reserve", **fields, qty=1).replayed


def test_replay_is_checked_before_the_rules(stock: Stock) -> None:
    stock.lot("receive 10")
    fields = {"item": "BOLT", "qty": 10, "reference": "J", "key": key()}
    stock.post("reserve", **fields)
    assert stock.post("reserve", **fields).replayed


@pytest.mark.parametrize("bad", ["", None])
def test_a_write_without_a_key_is_refused(stock: Stock, bad: str | None) -> None:
    lot = stock.lot()
    stock.refused("IDEMPOTENCY_KEY_MISSING", "scrap", lot_id=lot, qty=1, reason="r", key=bad)


@pytest.mark.parametrize("bad", ["a b", "ü", "x" * 256, "a\n", 7])
def test_a_malformed_key_is_refused(stock: Stock, bad: object) -> None:
    lot = stock.lot()
    refusal = stock.refused("INVALID_INPUT", "scrap", lot_id=lot, qty=1, reason="r", key=bad)
    assert refusal.figures["field"] == "idempotency_key"


def test_catalog_changes_are_replayed_too(stock: Stock) -> None:
    fields = {"user_id": stock.user_id, "key": key(), "code": "NUT", "name": "Nut"}
    first, replayed = catalog.create_item(**fields)
    assert not replayed
    assert catalog.create_item(**fields) == (first, True)
    with pytest.raises(IdempotencyKeyReused):
        catalog.create_item(**fields | {"name": "Other"})


def test_duplicate_item_refusal_is_replayed(stock: Stock) -> None:
    stock.item("NUT")
    fields = {"user_id": stock.user_id, "key": key(), "code": "NUT", "name": "Nut"}
    for replayed in (False, True):
        with pytest.raises(Refusal, match="NUT already exists") as caught:
            catalog.create_item(**fields)
        assert caught.value.code == "DUPLICATE_ITEM"
        assert caught.value.replayed is replayed


def test_reservation_with_one_unknown_lot_is_refused(stock: Stock) -> None:
    lot = stock.lot()
    stock.refused(
        "NOT_FOUND", "reserve", item="BOLT", qty=2, reference="J",
        lots=[part(lot, 1), part(999, 1)],
    )  # fmt: skip
