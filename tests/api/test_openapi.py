"""The OpenAPI document: correct, complete, readable and backwards compatible."""

import copy
import json
import re
from pathlib import Path

import jsonschema_rs
import pytest
from pydantic_core import PydanticCustomError

from inventory.api.openapi import document
from inventory.api.schemas.field_types import (
    ITEM_CODE,
    Day,
    Flag,
    Id,
    Note,
    Qty,
    QtyOrZero,
    Timestamp,
    text,
)
from inventory.api.v1 import v1
from inventory.common.errors import InvalidInput
from inventory.common.validation import validate_text
from inventory.http.error_handlers import CODES
from tests.api.breaking import find_breaking_changes

STORED = Path(__file__).with_name("openapi-v1.json")

#: Method and path, and the fields of the body or query that clients rely on.
CONTRACT = {
    "POST /items": "code name unit decimals qcRequired reorderPoint",
    "GET /items": "q lowStock archived limit cursor",
    "GET /items/{code}": "",
    "PATCH /items/{code}": "name reorderPoint archived",
    "GET /items/{code}/stock": "asOf",
    "GET /lots": "item qcStatus q expiringBefore withStock limit cursor",
    "GET /lots/{id}": "",
    "POST /lots/{id}/qc": "status reason onReservations",
    "POST /lots/{id}/count": "counted lotSeq resolution reason unreserve",
    "POST /lots/{id}/split": "qty lotCode location",
    "PATCH /lots/{id}": "location expiresOn supplierLot",
    "POST /receipts":
        "item lotCode qty expiresOn supplierLot location addToLot reference note occurredAt",
    "POST /reservations": "item qty reference lots strategy expiresAt note",
    "GET /reservations": "item reference open atRisk limit cursor",
    "GET /reservations/{id}": "",
    "POST /reservations/{id}/unreserve": "qty lots",
    "POST /issues":
        "reservation item qty lots strategy closeRemainder reference reason note",
    "POST /scraps": "lotId qty reason",
    "POST /supplier-returns": "lotId qty reason",
    "POST /operations/{id}/reversal": "reason",
    "GET /operations/{id}": "",
    "POST /batch": "operations",
    "GET /scan": "raw separator",
    "GET /codes": "item lot q limit cursor",
    "POST /codes": "code item lotId qty",
    "DELETE /codes/{id}": "",
    "GET /ledger": "item lot reservation type reference user from to limit cursor",
    "GET /ledger/verification": "",
}  # fmt: skip
ANSWERS = {
    "ItemStock": "item asOf onHand reserved available onHold free lots",
    "Lot":
        "id lotCode qcStatus expiresOn location receivedQty issuedQty onHand reserved available"
        " lotSeq",
    "Reservation":
        "id item reference qty openQty issuedQty unreservedQty expiresAt atRisk lots",
    "Operation":
        "id kind replayed reference reason note user recordedAt occurredAt reverses entries",
    "Entry":
        "id operationId kind item lotId lotCode lotSeq txnType qty onHandAfter reservedAfter"
        " reservationId reference user timestamp hash",
    "ItemPage": "data nextCursor",
    "Problem": "type title status detail code requested free onHold reserved field",
}  # fmt: skip


def operations():
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def schema(name):
    return document()["components"]["schemas"][name]


def validator(schema):
    complete = {**schema, "components": document()["components"]}
    return jsonschema_rs.Draft202012Validator(complete, validate_formats=True)


def fields_of(operation):
    parameters = operation.get("parameters", [])
    found = {parameter["name"] for parameter in parameters if parameter["in"] == "query"}
    if "requestBody" in operation:
        ref = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        found |= set(schema(ref.rpartition("/")[2])["properties"])
    return found


def test_the_document_contains_the_contract():
    documented = dict(operations())
    for call, fields in CONTRACT.items():
        method, path = call.split()
        operation = documented[f"{method} /api/v1{path}"]
        assert set(fields.split()) <= fields_of(operation), call
        if method != "GET":
            assert "dryRun" in fields_of(operation)
    for name, fields in ANSWERS.items():
        assert set(fields.split()) <= set(schema(name)["properties"]), name


def test_the_document_is_served_without_a_token(client):
    response = client.get("/api/v1/openapi.json")
    assert response.content_type == "application/json"
    assert response.json == json.loads(json.dumps(document()))
    assert response.json["openapi"].startswith("3.1.")


def test_every_example_is_valid_for_its_schema():
    for call, operation in operations():
        contents = [answer["content"] for answer in operation["responses"].values()]
        if "requestBody" in operation:
            contents.append(operation["requestBody"]["content"])
        for content in contents:
            for kind in content.values():
                examples = [kind["example"]] if "example" in kind else []
                for ref in kind.get("examples", {}).values():
                    name = ref["$ref"].rpartition("/")[2]
                    examples.append(document()["components"]["examples"][name]["value"])
                assert examples, call
                for example in examples:
                    validator(kind["schema"]).validate(example)


def test_every_schema_and_example_is_used():
    text = json.dumps(document())
    for name in document()["components"]["schemas"]:
        assert f'"#/components/schemas/{name}"' in text, name
    for name in document()["components"]["examples"]:
        if name not in ("METHOD_NOT_ALLOWED",):
            assert f'"#/components/examples/{name}"' in text, name


KINDS = {
    "qty": Qty, "qty or zero": QtyOrZero, "id": Id, "flag": Flag, "day": Day, "moment": Timestamp,
    "note": Note,
}  # fmt: skip
VALUES = [
    "", " ", "a", "a b", " a", "\n", "a\nb", "a\x00", "\u2028", "\ufeff", "\uffff", "x" * 64,
    "x" * 65, "x" * 2001, "0", "1", "00", "01", "0.0", "0.5", "0.50", "0.000001", "0.0000001",
    "1.000000", "1.0000000", "999999999999.999999", "1000000000000", "1000000000000.0",
    "1000000000000.000001", "1000000000001", "-1", "+1", "1e3", "1.", ".5", "NaN", "٣",
    0, 1, -1, 10**12, 10**12 + 1, 2**63 - 1, 2**63, True, False, None, [], {},
    "2026-01-01", "2026-02-30", "2026-01-01T00:00:00Z", "2026-01-01t00:00:00z",
    "2026-01-01T00:00:00+02:00", "2026-01-01T00:00:00", "2026-01-01 00:00:00Z",
    "2026-13-01T00:00:00Z", "2026-01-01T00:00:00.123456789Z", "\ufffd",
    "a/b", "/a", "a/", "a//b", "a/../b",
    "a/./b", ".", "..", "...", ".a", "a/.b", "stock", "a/stock", "a/stocks", "stock/a",
]  # fmt: skip


def _accepts(field_type, value):
    try:
        field_type.check(value)
    except PydanticCustomError:
        return False
    return True


@pytest.mark.parametrize("kind", [*KINDS, "code", "item code"])
def test_a_field_type_accepts_the_same_values_as_its_schema(kind):
    field_types = {name: annotated.__metadata__[0] for name, annotated in KINDS.items()}
    field_type = {**field_types, "code": text(64), "item code": ITEM_CODE}[kind]
    found = validator(field_type.schema)
    for value in VALUES:
        assert _accepts(field_type, value) == found.is_valid(value), (kind, value)


# --- documentation --------------------------------------------------------------------------------


def test_the_text_pattern_accepts_the_same_characters_as_the_core():
    beyond = [plane * 0x10000 + last for plane in range(1, 17) for last in (0, 0xFFFE, 0xFFFF)]
    for lines in (False, True):
        pattern = re.compile(text(9, multiline=lines).schema["pattern"])
        for character in map(chr, [*range(0xD800), *range(0xE000, 0x10000), *beyond]):
            try:
                validate_text(f"a{character}b", field="note", max_length=9, multiline=lines)
            except InvalidInput:
                assert not pattern.match(f"a{character}b"), hex(ord(character))
            else:
                assert pattern.match(f"a{character}b"), hex(ord(character))


def test_the_docs_page_has_every_operation_and_error_code(client):
    response = client.get("/api/v1/docs")
    assert response.content_type.startswith("text/html")
    text_of_page = re.sub("</?code>", "`", response.text.replace("&#39;", "'"))
    for call, operation in operations():
        assert call in response.text
        assert operation["summary"] in text_of_page
    for code in document()["components"]["examples"]:
        assert f'id="{code}"' in response.text, code
    anchors = set(re.findall(r'href="#([^"]+)"', response.text))
    assert anchors - {"main"} <= set(re.findall(r'id="([^"]+)"', response.text))


def test_the_docs_page_has_no_external_or_inline_resources(client):
    page = client.get("/api/v1/docs").text
    assert not re.search(r'(src|href)="(?!/|#)', page)
    assert not re.search(r"<script(?![^>]*src)|<style|\sstyle=|\son[a-z]+=", page)


def test_the_type_of_a_problem_links_to_its_explanation(api):
    problem = api.refused("NOT_FOUND", "/lots/7", method="GET")
    assert problem["type"] == "/api/v1/docs#NOT_FOUND"
    assert 'id="NOT_FOUND"' in api.client.get(problem["type"].partition("#")[0]).text


def test_docs_api_md_lists_every_error_code_with_its_status():
    docs = Path(__file__).parents[2].joinpath("docs/api.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| (\d+) \|", docs, flags=re.MULTILINE))
    served = set(document()["components"]["examples"])
    assert rows == {code: str(CODES[code][0]) for code in served}


# --- backwards compatibility ----------------------------------------------------------------------


def test_the_document_is_compatible_with_the_stored_version_1():
    """Additions belong into the stored copy; the changes reported here must not be made."""
    assert find_breaking_changes(json.loads(STORED.read_text("utf-8")), document()) == []


def _changed(change):
    new = copy.deepcopy(document())
    change(new)
    return find_breaking_changes(document(), new)


BREAKING = {
    "path removed": lambda d: d["paths"].pop("/api/v1/lots"),
    "method removed": lambda d: d["paths"]["/api/v1/items"].pop("post"),
    "parameter removed": lambda d: _of(d, "/api/v1/items", "get")["parameters"].pop(0),
    "parameter required": lambda d: _of(d, "/api/v1/items", "get")["parameters"][0].update(
        required=True
    ),
    "role raised": lambda d: _of(d, "/api/v1/receipts", "post").update({"x-role": "admin"}),
    "body required": lambda d: _of(d, "/api/v1/operations/{id}/reversal", "post")[
        "requestBody"
    ].update(required=True),
    "status removed": lambda d: _of(d, "/api/v1/receipts", "post")["responses"].pop("201"),
    "request field removed": lambda d: _fields(d, "ReceiptBody").pop("note"),
    "request field required": lambda d: _schemas(d)["ReceiptBody"]["required"].append("note"),
    "maxLength lowered": lambda d: _fields(d, "ReceiptBody")["lotCode"].update(maxLength=10),
    "pattern changed": lambda d: _fields(d, "ReceiptBody")["lotCode"].update(pattern="^A"),
    "null no longer accepted": lambda d: _fields(d, "ReceiptBody")["note"]["anyOf"].pop(1),
    "number no longer accepted": lambda d: _fields(d, "ReceiptBody")["qty"]["anyOf"].pop(1),
    "enum value no longer accepted": lambda d: _fields(d, "QcBody")["status"]["enum"].pop(),
    "batch operation removed": lambda d: _fields(d, "Batch")["operations"]["items"]["oneOf"].pop(),
    "maxItems lowered": lambda d: _fields(d, "Batch")["operations"].update(maxItems=10),
    "response field removed": lambda d: _fields(d, "Lot").pop("location"),
    "response field optional": lambda d: _schemas(d)["Lot"]["required"].remove("location"),
    "nested response field removed": lambda d: _fields(d, "ReservedLot").pop("openQty"),
    "response field type changed": lambda d: _fields(d, "Lot")["lotSeq"].update(type="string"),
    "response field nullable": lambda d: _fields(d, "Lot").update(
        lotSeq={"anyOf": [{"type": "integer"}, {"type": "null"}]}
    ),
    "enum value added to a response": lambda d: _fields(d, "Entry")["txnType"]["enum"].append(
        "MOVE"
    ),
}
COMPATIBLE = {
    "path added": lambda d: d["paths"].update({"/api/v1/new": {}}),
    "parameter added": lambda d: _of(d, "/api/v1/items", "get")["parameters"].append(
        {"name": "new", "in": "query", "schema": {"type": "string"}}
    ),
    "request field added": lambda d: _fields(d, "ReceiptBody").update(new={"type": "string"}),
    "response field added": lambda d: _fields(d, "Lot").update(new={"type": "string"}),
    "role lowered": lambda d: _of(d, "/api/v1/items", "post").update({"x-role": "viewer"}),
    "maxLength raised": lambda d: _fields(d, "ReceiptBody")["lotCode"].update(maxLength=100),
    "enum value accepted": lambda d: _fields(d, "QcBody")["status"]["enum"].append("PARKED"),
    "batch operation added": lambda d: _fields(d, "Batch")["operations"]["items"]["oneOf"].append(
        {"type": "object", "properties": {"op": {"const": "move"}}}
    ),
}


def _of(document, path, method):
    return document["paths"][path][method]


def _schemas(document):
    return document["components"]["schemas"]


def _fields(document, name):
    return _schemas(document)[name]["properties"]


@pytest.mark.parametrize("change", BREAKING.values(), ids=BREAKING)
def test_a_breaking_change_is_found(change):
    assert _changed(change)


@pytest.mark.parametrize("change", COMPATIBLE.values(), ids=COMPATIBLE)
def test_a_compatible_change_is_not_reported(change):
    assert _changed(change) == []


def test_the_stored_copy_has_every_endpoint():
    stored = json.loads(STORED.read_text("utf-8"))
    for endpoint in v1.all:
        methods = stored["paths"][f"/api/v1{endpoint.path}"]
        assert endpoint.method.lower() in methods, endpoint.name
