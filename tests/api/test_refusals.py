"""Every refusal code of the core over HTTP, with its status and figures."""

import pytest

from inventory.common import errors
from inventory.http.error_handlers import CODES
from tests.support.stock_builder import in_days


def figures(problem, *names):
    return {name: problem[name] for name in names}


def test_issuing_more_than_free_is_insufficient_stock(api):
    lot = api.lot("10", lotCode="L-001")
    reservation = api.reservation("4")
    problem = api.refused("INSUFFICIENT_STOCK", "/issues", {"item": "BOLT-M8", "qty": "7"})
    assert problem["status"] == 409
    assert figures(problem, "requested", "free", "onHand", "reserved", "available", "onHold") == {
        "requested": "7", "free": "6", "onHand": "10", "reserved": "4", "available": "6",
        "onHold": "0",
    }  # fmt: skip
    assert problem["item"] == "BOLT-M8"
    (held,) = problem["lots"]
    assert figures(held, "lotId", "lotCode", "free") == {
        "lotId": lot, "lotCode": "L-001", "free": "6"
    }  # fmt: skip
    assert problem["reservations"] == [
        {"reservationId": reservation, "reference": "JOB-4711", "openQty": "4"}
    ]
    assert "Only 6 pcs of BOLT-M8 free, 7 pcs asked for" in problem["detail"]


def test_issuing_more_than_reserved_is_over_issue(api):
    api.lot("10")
    reservation = api.reservation("4")
    problem = api.refused("OVER_ISSUE", "/issues", {"reservation": reservation, "qty": "5"})
    assert problem["status"] == 409
    assert figures(problem, "requested", "open", "reservationId", "reference") == {
        "requested": "5", "open": "4", "reservationId": reservation, "reference": "JOB-4711",
    }  # fmt: skip


def test_unreserving_more_than_open_is_over_unreserve(api):
    api.lot("10")
    reservation = api.reservation("4")
    path = f"/reservations/{reservation}/unreserve"
    problem = api.refused("OVER_UNRESERVE", path, {"qty": "5"})
    assert problem["status"] == 409
    assert figures(problem, "requested", "open") == {"requested": "5", "open": "4"}


def test_reserving_stock_in_quarantine_is_qc_blocked(api):
    lot = api.lot("10", qcRequired=True)
    body = {"item": "BOLT-M8", "qty": "4", "reference": "JOB"}
    problem = api.refused("QC_BLOCKED", "/reservations", body)
    assert problem["status"] == 409
    assert figures(problem, "requested", "free", "onHold") == {
        "requested": "4", "free": "0", "onHold": "10"
    }  # fmt: skip
    body = {**body, "lots": [{"lotId": lot, "qty": "4"}]}
    problem = api.refused("QC_BLOCKED", "/reservations", body)
    assert figures(problem, "lotId", "qcStatus") == {"lotId": lot, "qcStatus": "QUARANTINE"}


def test_reserving_expired_stock_is_lot_expired(api):
    api.lot("10", expiresOn=str(in_days(-1)))
    body = {"item": "BOLT-M8", "qty": "4", "reference": "JOB"}
    problem = api.refused("LOT_EXPIRED", "/reservations", body)
    assert problem["status"] == 409
    assert problem["lots"][0]["hold"] == "EXPIRED"
    assert problem["onHold"] == "10"


def test_an_existing_lot_code_is_duplicate_lot(api):
    lot = api.lot("10", lotCode="L-001")
    again = {"item": "BOLT-M8", "lotCode": "L-001", "qty": "1"}
    problem = api.refused("DUPLICATE_LOT", "/receipts", again)
    assert problem["status"] == 409
    assert figures(problem, "lotId", "lotCode", "item", "qcStatus") == {
        "lotId": lot, "lotCode": "L-001", "item": "BOLT-M8", "qcStatus": "APPROVED",
    }  # fmt: skip


def test_an_existing_item_code_is_duplicate_item(api):
    api.item("BOLT-M8")
    problem = api.refused("DUPLICATE_ITEM", "/items", {"code": "BOLT-M8", "name": "Another"})
    assert problem["status"] == 409
    assert problem["item"] == "BOLT-M8"


def test_an_unchanged_qc_status_is_qc_transition(api):
    lot = api.lot("10")
    problem = api.refused("QC_TRANSITION", f"/lots/{lot}/qc", {"status": "APPROVED"})
    assert problem["status"] == 409
    assert figures(problem, "lotId", "qcStatus", "allowed") == {
        "lotId": lot, "qcStatus": "APPROVED", "allowed": ["QUARANTINE", "REJECTED"],
    }  # fmt: skip


def test_a_used_or_reversed_operation_is_not_reversible(api):
    received = api.create("/items", {"code": "X", "name": "X"}) and api.create(
        "/receipts", {"item": "X", "lotCode": "L", "qty": "5"}
    )
    issued = api.create("/issues", {"item": "X", "qty": "3"})
    path = f"/operations/{received['id']}/reversal"
    problem = api.refused("NOT_REVERSIBLE", path)
    assert problem["status"] == 409
    assert figures(problem, "requested", "available") == {"requested": "5", "available": "2"}
    assert problem["operations"] == [
        {"operationId": issued["id"], "kind": "ISSUE", "reference": None}
    ]
    reversal = api.create(f"/operations/{issued['id']}/reversal", {"reason": "wrong job"})
    problem = api.refused("NOT_REVERSIBLE", f"/operations/{issued['id']}/reversal")
    assert problem["operations"] == [{"operationId": reversal["id"], "kind": "REVERSAL"}]


def test_a_count_of_a_changed_lot_is_stale_lot(api):
    lot = api.lot("10")
    api.create("/issues", {"item": "BOLT-M8", "qty": "3"})
    counted = {"counted": "9", "lotSeq": 1}
    problem = api.refused("STALE_LOT", f"/lots/{lot}/count", counted)
    assert problem["status"] == 409
    assert figures(problem, "counted", "onHandThen", "onHand", "seenSeq", "lotSeq") == {
        "counted": "9", "onHandThen": "10", "onHand": "7", "seenSeq": 1, "lotSeq": 2,
    }  # fmt: skip
    resolved = {**counted, "resolution": "keep_difference"}
    assert api.create(f"/lots/{lot}/count", resolved)["lot"]["onHand"] == "6"


def test_a_count_below_reserved_names_the_quantity_to_unreserve(api):
    lot = api.lot("10")
    reservation = api.reservation("8")
    problem = api.refused("INSUFFICIENT_STOCK", f"/lots/{lot}/count", {"counted": "5"})
    assert figures(problem, "counted", "reserved", "toCut") == {
        "counted": "5", "reserved": "8", "toCut": "3",
    }  # fmt: skip
    cut = {"counted": "5", "unreserve": [{"reservationId": reservation, "qty": "3"}]}
    done = api.create(f"/lots/{lot}/count", cut)
    assert figures(done["lot"], "onHand", "reserved") == {"onHand": "5", "reserved": "5"}
    assert done["reservations"][0]["openQty"] == "5"


def test_a_key_with_other_content_is_key_reused(api):
    api.item("X")
    api.create("/receipts", {"item": "X", "lotCode": "A", "qty": "1"}, key="k")
    problem = api.refused(
        "IDEMPOTENCY_KEY_REUSED", "/receipts", {"item": "X", "lotCode": "B", "qty": "1"}, key="k"
    )
    assert problem["status"] == 422
    assert problem["key"] == "k"


@pytest.mark.parametrize("headers", [{"Idempotency-Key": ""}, {"Idempotency-Key": "  "}])
def test_a_blank_key_is_key_missing(api, headers):
    problem = api.refused("IDEMPOTENCY_KEY_MISSING", "/receipts", {}, headers=headers)
    assert problem["status"] == 400


def test_an_invalid_quantity_is_invalid_qty(api):
    api.item("X")
    for qty in ("0", "-1", "1.5", "NaN", "1e3", 10**13, 0, 0.5, "", None, True, [], "1,5"):
        problem = api.refused("INVALID_QTY", "/receipts", {"item": "X", "lotCode": "L", "qty": qty})
        assert problem["status"] == 422
        assert problem["field"] == "qty"


def test_a_field_of_the_wrong_type_is_invalid_input(api):
    problem = api.refused("INVALID_INPUT", "/receipts", {"item": "X", "lotCode": 7, "qty": "1"})
    assert problem["status"] == 422
    assert problem["field"] == "lotCode"


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("GET", "/items/NIX", None, {"item": "NIX"}),
        ("GET", "/items/NIX/stock", None, {"item": "NIX"}),
        ("PATCH", "/items/NIX", {"name": "x"}, {"item": "NIX"}),
        ("GET", "/lots/7", None, {"lotId": 7}),
        ("PATCH", "/lots/7", {"location": "x"}, {"lotId": 7}),
        ("POST", "/lots/7/qc", {"status": "APPROVED"}, {"lotId": 7}),
        ("POST", "/lots/7/count", {"counted": "0"}, {"lotId": 7}),
        ("POST", "/lots/7/split", {"qty": "1", "lotCode": "x"}, {"lotId": 7}),
        ("POST", "/receipts", {"item": "NIX", "lotCode": "L", "qty": 1}, {"field": "item"}),
        ("POST", "/issues", {"item": "NIX", "qty": 1}, {"field": "item", "item": "NIX"}),
        ("POST", "/issues", {"reservation": 7}, {"field": "reservation", "reservationId": 7}),
        ("POST", "/scraps", {"lotId": 7, "qty": 1, "reason": "x"}, {"field": "lotId", "lotId": 7}),
        ("GET", "/reservations/7", None, {"reservationId": 7}),
        ("POST", "/reservations/7/unreserve", None, {"reservationId": 7}),
        ("GET", "/operations/7", None, {"operationId": 7}),
        ("POST", "/operations/7/reversal", None, {"operationId": 7}),
        ("GET", "/ledger/verification", None, {}),
        ("GET", "/nothing", None, {}),
    ],
)
def test_an_unknown_resource_is_not_found(api, method, path, body, expected):
    problem = api.refused("NOT_FOUND", path, body, method=method)
    assert problem["status"] == 404
    assert figures(problem, *expected) == expected


def test_a_lower_role_is_forbidden(caller):
    problem = caller("viewer").refused("FORBIDDEN", "/receipts", {})
    assert problem["status"] == 403
    assert figures(problem, "needed", "role") == {"needed": "operator", "role": "viewer"}


def test_every_refusal_has_a_status_and_a_title():
    assert set(errors.refusal_codes()) | {errors.Busy.code} <= set(CODES)


@pytest.mark.parametrize(
    "named",
    [
        {"lotId": 1, "item": "BOLT-M8"}, {"lotId": 1, "lotCode": "L-1"}, {"item": "BOLT-M8"},
        {"lotCode": "L-1"}, {}, {"lotId": 1, "item": "BOLT-M8", "lotCode": "L-1"},
    ],
)  # fmt: skip
def test_a_customer_return_names_one_lot_in_one_way(api, named):
    body = {"qty": "1", "reason": "wrong size", **named}
    problem = api.refused("INVALID_INPUT", "/customer-returns", body)
    assert problem["field"] == "lotId"
