"""Rules of every write: idempotency keys, replays, dry runs and unknown fields."""

import json
from dataclasses import replace

import pytest

from inventory import ledger
from inventory.api import serializers
from inventory.api.v1 import v1
from tests.api.writes import WRITES, endpoint_of
from tests.support.stock_builder import in_days

each_write = pytest.mark.parametrize("name", WRITES)


def stock_of(api):
    """Return everything that a write can change."""
    lists = ("/items", "/lots", "/reservations", "/codes", "/ledger")
    return [api.get(path, limit=200).json["data"] for path in lists]


def test_every_write_is_in_the_table():
    assert sorted(WRITES) == sorted(endpoint.name for endpoint in v1.all if endpoint.is_write)


@each_write
def test_a_write_is_posted_once_per_key(api, name):
    method, path, body = WRITES[name](api)
    first = api.send(method, path, body, key="k")
    assert first.status_code == endpoint_of(name).status
    assert "Idempotency-Replayed" not in first.headers
    after = stock_of(api)
    again = api.send(method, path, body, key="k")
    assert again.status_code == first.status_code
    assert again.headers["Idempotency-Replayed"] == "true"
    assert as_first(again.json) == first.json
    assert stock_of(api) == after


def as_first(answer):
    """Return a replayed response with `replayed` reset to false."""
    text = json.dumps(answer)
    assert '"replayed": false' not in text
    return json.loads(text.replace('"replayed": true', '"replayed": false'))


@each_write
def test_a_dry_run_has_the_response_of_the_write_and_writes_nothing(api, name):
    method, path, body = WRITES[name](api)
    before = stock_of(api)
    dry = api.send(method, path, body, key="k", query_string={"dryRun": "true"})
    assert dry.status_code == endpoint_of(name).status
    assert stock_of(api) == before
    done = api.send(method, path, body, key="k", query_string={"dryRun": "false"})
    assert "Idempotency-Replayed" not in done.headers
    assert shape(done.json) == shape(dry.json)
    assert stock_of(api) != before


def shape(answer):
    """Return a response without ids, hashes and times, which differ between runs."""
    if isinstance(answer, dict):
        changing = {"hash", "timestamp", "recordedAt", "createdAt", "receivedAt", "decidedAt"}
        changing |= {"id", "operationId", "lotId", "reservationId"}
        return {name: shape(value) for name, value in answer.items() if name not in changing}
    return [shape(element) for element in answer] if isinstance(answer, list) else answer


@each_write
def test_a_write_without_a_key_is_refused(api, name):
    method, path, body = WRITES[name](api)
    before = stock_of(api)
    response = api.send(method, path, body, headers={"Idempotency-Key": ""})
    assert response.status_code == 400
    assert response.json["code"] == "IDEMPOTENCY_KEY_MISSING"
    assert stock_of(api) == before


@pytest.mark.parametrize("name", [name for name in WRITES if endpoint_of(name).body])
def test_an_unknown_field_is_refused_with_its_name(api, name):
    method, path, body = WRITES[name](api)
    response = api.send(method, path, {**body, "colour": "red"})
    assert response.status_code == 422
    assert response.json["field"] == "colour"


@each_write
def test_an_unknown_parameter_is_refused_with_its_name(api, name):
    method, path, body = WRITES[name](api)
    response = api.send(method, path, body, query_string={"dry_run": "true"})
    assert (response.status_code, response.json["field"]) == (422, "dry_run")


@each_write
def test_a_key_of_another_request_is_refused(api, name):
    api.create("/items", {"code": "FIRST", "name": "First"}, key="k")
    method, path, body = WRITES[name](api)
    before = stock_of(api)
    assert api.send(method, path, body, key="k").json["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert stock_of(api) == before


def test_a_quoted_key_equals_the_unquoted_key(api):
    body = {"code": "X", "name": "X"}
    assert api.post("/items", body, key="abc").status_code == 201
    for key in ('"abc"', " abc ", ' "abc" '):
        assert api.post("/items", body, key=key).headers["Idempotency-Replayed"] == "true"
    assert api.post("/items", body, key='a"b\\c').json["code"] == "DUPLICATE_ITEM"
    again = api.post("/items", body, key='"a\\"b\\\\c"')
    assert again.headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize("key", ["a b", "ä", "x" * 256, "a\tb"])
def test_an_invalid_key_is_refused(api, key):
    problem = api.refused("INVALID_INPUT", "/items", {"code": "X", "name": "X"}, key=key)
    assert problem["field"] == "Idempotency-Key"


@pytest.mark.parametrize("key", ["x" * 255, "!", '"', '""', '"a', 'a"', "~", '"' + "x" * 255 + '"'])
def test_a_key_can_have_any_visible_ascii_character(api, key):
    assert api.post("/items", {"code": "X", "name": "X"}, key=key).status_code == 201
    again = api.post("/items", {"code": "X", "name": "X"}, key=key)
    assert again.headers["Idempotency-Replayed"] == "true"


def test_keys_of_different_users_are_different(caller):
    for code in ("A", "B"):
        assert (
            caller("admin").post("/items", {"code": code, "name": "X"}, key="k").status_code == 201
        )


REJECT = {"status": "REJECTED", "reason": "rust", "onReservations": "reallocate"}


def expected_line(reservation, reference, qty, lot_id, lot_code):
    """Return the expected line of a reservation in the response to a QC decision."""
    lots = [{"lotId": lot_id, "lotCode": lot_code, "qty": qty}]
    fields = {"reservationId": reservation, "reference": reference, "qty": qty, "unit": "pcs"}
    return {**fields, "lots": lots}


@pytest.mark.parametrize("before", [None, "QUARANTINE"])
def test_a_decision_lists_moved_and_kept_reservations(api, before):
    lot = api.lot("9", lotCode="A")
    first, second = (api.reservation(qty, reference=f"J{qty}") for qty in ("4", "5"))
    other = api.lot("6", lotCode="B")
    if before:
        api.create(f"/lots/{lot}/qc", {"status": before, "reason": "look"})
    answer = api.post(f"/lots/{lot}/qc", REJECT, key="k")
    assert answer.status_code == 200
    assert answer.json["qcStatus"] == "REJECTED"
    assert answer.json["moved"] == [
        expected_line(first, "J4", "4", other, "B"),
        expected_line(second, "J5", "2", other, "B"),
    ]
    assert answer.json["unreserved"] == []
    assert answer.json["kept"] == [expected_line(second, "J5", "3", lot, "A")]
    api.lot("50")
    again = api.post(f"/lots/{lot}/qc", REJECT, key="k")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.data == answer.data


def test_a_decision_in_a_batch_lists_unreserved_reservations(api):
    lot = api.lot("9", lotCode="A")
    reservation = api.reservation("4", reference="J1")
    operations = [{"op": "qc", "lotId": lot, **REJECT, "onReservations": "unreserve"}]
    [answer] = api.create("/batch", {"operations": operations})["results"]
    assert answer["unreserved"] == [expected_line(reservation, "J1", "4", lot, "A")]
    assert (answer["moved"], answer["kept"]) == ([], [])


def test_a_stored_decision_without_the_lists_can_be_replayed(api, app):
    lot = api.lot("9")
    with app.app_context():
        fields = {"lot_id": lot, "status": "REJECTED", "reason": "rust"}
        posting = ledger.decide_qc(user_id=api.user_id, key="k", **fields)
        details = {name: posting.details[0][name] for name in ("lot", "reservations")}
        [answer] = serializers.written(replace(posting, details=(details,), replayed=True))
    assert (answer["moved"], answer["unreserved"], answer["kept"]) == ([], [], [])


def test_a_refusal_in_a_batch_counts_the_operations_before_it(api):
    api.lot("10")
    operations = [{"op": "issue", "item": "BOLT-M8", "qty": qty} for qty in ("6", "5")]
    problem = api.refused("INSUFFICIENT_STOCK", "/batch", {"operations": operations})
    assert (problem["index"], problem["free"], problem["onHand"]) == (1, "4", "4")
    assert "The figures include the operation before this one in the request" in problem["detail"]
    only = [{"op": "issue", "item": "BOLT-M8", "qty": "11"}]
    problem = api.refused("INSUFFICIENT_STOCK", "/batch", {"operations": only})
    assert (problem["index"], problem["free"]) == (0, "10")
    assert "batch" not in problem["detail"]


def test_a_stored_refusal_is_replayed_unchanged(api):
    api.lot("10")
    body = {"item": "BOLT-M8", "qty": "11"}
    first = api.post("/issues", body, key="k")
    assert (first.status_code, first.headers.get("Idempotency-Replayed")) == (409, None)
    api.lot("50")
    again = api.post("/issues", body, key="k")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.data == first.data
    assert api.post("/issues", body).status_code == 201


def test_an_invalid_request_does_not_use_up_its_key(api):
    assert api.post("/items", {"code": "X"}, key="k").status_code == 422
    assert api.post("/items", {"code": "X", "name": "X"}, key="k").status_code == 201


def test_a_refused_dry_run_is_not_stored(api):
    api.lot("10")
    body = {"item": "BOLT-M8", "qty": "11"}
    dry = api.post("/issues", body, key="k", query_string={"dryRun": "true"})
    assert dry.json["code"] == "INSUFFICIENT_STOCK"
    api.lot("50")
    assert api.post("/issues", body, key="k").status_code == 201


def test_the_same_content_in_another_notation_is_a_replay(api):
    api.item("X", decimals=2)
    body = {"item": "X", "lotCode": "L", "qty": "12.5", "expiresOn": str(in_days(9))}
    first = api.create("/receipts", body, key="k")
    for qty in ("12.50", 12.5, 12.50):
        variant = {"qty": qty, "note": None, "addToLot": False}
        again = api.post("/receipts", {**body, **variant}, key="k")
        assert as_first(again.json) == first
