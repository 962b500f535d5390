"""The examples of the OpenAPI document are sent and compared with the responses.

To update them: WRITE_EXAMPLES=1 python -m pytest tests/api/test_examples.py
"""

import json
import os
import re
from pathlib import Path

import pytest

from inventory import verification
from inventory.api import openapi
from inventory.api.error_codes import WHEN
from inventory.api.v1 import v1
from inventory.db import snapshot
from inventory.http.error_handlers import problem
from tests.support.stock_builder import in_days

FILE = Path(openapi.__file__).with_name("examples.json")

BOLT = {"code": "BOLT-M8", "name": "Bolt M8 × 40", "reorderPoint": "100"}
PAINT = {
    "code": "PAINT/RED", "name": "Paint, red", "unit": "kg", "decimals": 3, "qcRequired": True,
}  # fmt: skip
RECEIPT = {
    "item": "BOLT-M8", "lotCode": "L-001", "qty": "250", "expiresOn": "2096-06-30",
    "supplierLot": "S-77812", "location": "A-03", "reference": "PO-1001",
}  # fmt: skip
JOB = {"item": "BOLT-M8", "qty": "120", "reference": "JOB-4711", "note": "for line 2"}
RECEIVED = "2026-11-20T06:30:00Z"
PAINTED = {
    "item": "PAINT/RED", "lotCode": "P-17", "qty": "37.5", "occurredAt": RECEIVED,
}  # fmt: skip

#: Endpoint, path parameters, and body or query, in the order in which they are sent.
OPERATIONS = [
    ("create_item", {}, BOLT),
    ("receive", {}, RECEIPT),
    ("reserve", {}, JOB),
    ("issue", {}, {"reservation": 1, "qty": "80", "note": "first half"}),
    ("unreserve", {"id": 1}, {"qty": "10", "reason": "fewer needed"}),
    ("count", {"id": 1}, {"counted": "168", "lotSeq": 5, "reason": "yearly count"}),
    ("split", {"id": 1}, {"qty": "30", "lotCode": "L-001-B", "location": "B-11"}),
    ("change_lot", {"id": 2}, {"location": "B-12"}),
    ("scrap", {}, {"lotId": 2, "qty": "3", "reason": "bent"}),
    ("return_to_supplier", {}, {"lotId": 2, "qty": "7", "reason": "wrong thread"}),
    ("decide", {"id": 1},
     {"status": "QUARANTINE", "reason": "rust found", "onReservations": "reallocate"}),
    ("return_from_customer", {},
     {"item": "BOLT-M8", "lotCode": "L-001", "qty": "5", "reference": "JOB-4711",
      "reason": "too many delivered"}),
    ("reverse", {"id": 10}, {"reason": "booked twice"}),
    ("batch", {}, {"operations": [
        {"op": "receipt", "item": "BOLT-M8", "lotCode": "L-002", "qty": "60"},
        {"op": "reservation", "item": "BOLT-M8", "qty": "20", "reference": "JOB-4712"},
        {"op": "issue", "item": "BOLT-M8", "qty": "5", "reason": "sample"},
    ]}),
    ("hold", {"id": 3}, {"reason": "supplier reports cracks", "reference": "RECALL-7"}),
    ("lift_hold", {"id": 15}, {"reason": "no cracks found"}),
    ("get_recall", {"id": 3}, {}),
    ("change_item", {"code": "BOLT-M8"}, {"reorderPoint": "80"}),
    ("link_code", {}, {"code": "9521123456785", "item": "BOLT-M8"}),
    ("resolve_scan", {}, {"raw": "]d2010952112345678510L-001"}),
    ("list_codes", {}, {"item": "BOLT-M8"}),
    ("unlink_code", {"id": 1}, None),
    ("list_items", {}, {}),
    ("get_item", {"code": "BOLT-M8"}, {}),
    ("get_stock", {"code": "BOLT-M8"}, {}),
    ("list_lots", {}, {"limit": "1"}),
    ("get_lot", {"id": 1}, {}),
    ("list_reservations", {}, {"open": "true"}),
    ("get_reservation", {"id": 1}, {}),
    ("get_operation", {"id": 1}, {}),
    ("list_entries", {}, {"limit": "2"}),
    ("get_verification", {}, {}),
]  # fmt: skip

#: Code, method, path and body of a request that is refused with the code after those above.
REFUSALS = [
    ("INSUFFICIENT_STOCK", "POST", "/issues", {"item": "BOLT-M8", "qty": "200"}),
    ("OVER_ISSUE", "POST", "/issues", {"reservation": 2, "qty": "25"}),
    ("OVER_RETURN", "POST", "/customer-returns",
     {"item": "BOLT-M8", "lotCode": "L-001", "qty": "200", "reference": "JOB-4711",
      "reason": "too many delivered"}),
    ("OVER_UNRESERVE", "POST", "/reservations/2/unreserve", {"qty": "25"}),
    ("QC_BLOCKED", "POST", "/issues", {"item": "PAINT/RED", "qty": "2.5"}),
    ("LOT_EXPIRED", "POST", "/issues", {"item": "GLUE", "qty": "1"}),
    ("DUPLICATE_LOT", "POST", "/receipts", RECEIPT),
    ("DUPLICATE_ITEM", "POST", "/items", BOLT),
    ("LOOKS_LIKE", "POST", "/items", {**BOLT, "code": "bolt-m8"}),
    ("DUPLICATE_CODE", "POST", "/codes", {"code": "BOLT-M8", "item": "PAINT/RED"}),
    ("INVALID_CODE", "POST", "/codes", {"code": "9521123456787", "item": "BOLT-M8"}),
    ("QC_TRANSITION", "POST", "/lots/1/qc", {"status": "QUARANTINE"}),
    ("NOT_REVERSIBLE", "POST", "/operations/1/reversal", {}),
    ("STALE_LOT", "POST", "/lots/1/count", {"counted": "120", "lotSeq": 5}),
    ("IDEMPOTENCY_KEY_REUSED", "POST", "/receipts", {**RECEIPT, "qty": "251"}),
    ("IDEMPOTENCY_KEY_MISSING", "POST", "/receipts", RECEIPT),
    ("INVALID_QTY", "POST", "/receipts", {**RECEIPT, "lotCode": "L-9", "qty": "2.5"}),
    ("INVALID_INPUT", "POST", "/receipts", {**RECEIPT, "colour": "red", "expiresOn": "soon"}),
    ("NOT_FOUND", "POST", "/receipts", {**RECEIPT, "item": "BOLT-M9"}),
    ("FORBIDDEN", "POST", "/receipts", RECEIPT),
    ("UNAUTHENTICATED", "GET", "/items", None),
    ("MALFORMED_REQUEST", "POST", "/receipts", '{"item": "BOLT-M8", "item": "BOLT-M9"}'),
    ("METHOD_NOT_ALLOWED", "DELETE", "/items/BOLT-M8", None),
    ("CONTENT_TOO_LARGE", "POST", "/receipts", "x" * (2**20 + 1)),
    ("UNSUPPORTED_MEDIA_TYPE", "POST", "/receipts", "item=BOLT-M8"),
]  # fmt: skip
KEYS = {"IDEMPOTENCY_KEY_REUSED": "receive", "IDEMPOTENCY_KEY_MISSING": ""}
#: Refusals that no single request causes; other tests provoke them.
PROVOKED = {
    "IDEMPOTENCY_IN_PROGRESS": (
        "The first request with this key is still in progress. Try again in a moment."
    ),
    "BUSY": "The inventory is busy. Try again in a moment.",
    "NOT_READY": "The database does not answer.",
    "INTERNAL_ERROR": "Something went wrong. The error was logged.",
}


@pytest.fixture
def responses(app, caller):
    """Send all requests and return their responses in the format of the examples."""
    api, viewer = caller("admin"), caller("viewer")
    operations = {name: _send(app, api, name, path, params) for name, path, params in OPERATIONS}
    api.create("/items", PAINT)
    api.create("/receipts", PAINTED)
    api.create("/items", {"code": "GLUE", "name": "Glue"})
    api.create(
        "/receipts", {"item": "GLUE", "lotCode": "G", "qty": 5, "expiresOn": str(in_days(-1))}
    )
    refusals = {refusal[0]: _refuse(api, viewer, *refusal) for refusal in REFUSALS}
    for code, detail in PROVOKED.items():
        with app.test_request_context("/api/v1/"):
            refusals[code] = problem(code, detail, {}).json
    return {"operations": operations, "refusals": refusals}


def _send(app, api, name, path, params):
    endpoint = next(spec for spec in v1.all if spec.name == name)
    url_path = endpoint.path.format(**path)
    if name == "get_verification":
        with app.app_context(), snapshot() as reader:
            verification.store_report(report=verification.verify(reader))
    if endpoint.is_write:
        response = api.send(endpoint.method, url_path, params, key=name)
    else:
        response = api.get(url_path, **params)
    assert response.status_code == endpoint.status, response.text
    example = {"path": path, "answer": steady(response.json)}
    return example | ({"body": params} if endpoint.is_write else {})


def _refuse(api, viewer, code, method, path, body):
    caller = viewer if code == "FORBIDDEN" else api
    content = {"json": body} if not isinstance(body, str) else {"data": body}
    headers = {
        "Content-Type": "text/plain" if "=" in str(content.get("data")) else "application/json"
    }
    if code == "UNAUTHENTICATED":
        headers["Authorization"] = ""
    if body is None:
        content = {}
    response = caller.send(method, path, key=KEYS.get(code), headers=headers, **content)
    assert response.json.get("code") == code, response.text
    return steady(response.json)


def steady(answer):
    """Replace times, hashes and other changing values of a response by constants."""
    if isinstance(answer, list):
        return [steady(element) for element in answer]
    if not isinstance(answer, dict):
        return answer
    return {name: _steady(name, value) for name, value in answer.items()}


def _steady(name, value):
    if name == "user":
        return "ada"
    if name == "hash":
        return "5f2b6c0e" * 8
    if name == "nextCursor" and value:
        return "WyI1YzE3YjVkOWUwZjIiLDI0XQ"
    if name == "seconds":
        return 0.014
    if isinstance(value, str) and value != RECEIVED:
        return re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "2026-11-23T08:30:00.251873Z", value)
    return steady(value)


def without_ids(value):
    """Replace ids by 0, because on PostgreSQL refused writes use up ids."""
    text = re.sub(r'("(?:id|\w+Id|reverses)": )\d+', r"\1 0", json.dumps(value, sort_keys=True))
    text = re.sub(r"(reversal|issue|count|split|operation|return|scrap) \d+", r"\1 0", text)
    yesterday = r"\d{4}-\d\d-\d\d(?!T)"
    return json.loads(re.sub(yesterday, "some day", text))


def test_the_stored_examples_equal_the_responses(responses, database_kind):
    if os.environ.get("WRITE_EXAMPLES") and database_kind == "sqlite":
        FILE.write_text(json.dumps(responses, indent=1, ensure_ascii=False) + "\n", "utf-8")
    stored = json.loads(FILE.read_text("utf-8"))
    assert without_ids(responses) == without_ids(stored)


def test_every_operation_and_every_refusal_has_an_example():
    assert {name for name, _, _ in OPERATIONS} == {endpoint.name for endpoint in v1.all}
    assert {refusal[0] for refusal in REFUSALS} | set(PROVOKED) == set(WHEN)
    document = openapi.document()
    for operations in document["paths"].values():
        for operation in operations.values():
            for answer in operation["responses"].values():
                for kind, content in answer["content"].items():
                    examples = content.get("example") or content.get("examples")
                    assert examples, (operation["operationId"], kind)
