"""The document: true, complete, readable, and never taken back."""

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
from tests.api.breaking import breaks

STORED = Path(__file__).with_name("openapi-v1.json")

#: The contract: method and path, and the fields of its body or query.
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
    for path, found in document()["paths"].items():
        for method, operation in found.items():
            yield f"{method.upper()} {path}", operation


def schema(name):
    return document()["components"]["schemas"][name]


def validator(schema):
    whole = {**schema, "components": document()["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


def fields_of(operation):
    found = {one["name"] for one in operation.get("parameters", []) if one["in"] == "query"}
    if "requestBody" in operation:
        ref = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        found |= set(schema(ref.rpartition("/")[2])["properties"])
    return found


def test_the_document_has_the_whole_contract():
    described = dict(operations())
    for call, fields in CONTRACT.items():
        method, path = call.split()
        operation = described[f"{method} /api/v1{path}"]
        assert set(fields.split()) <= fields_of(operation), call
        if method != "GET":
            assert "dryRun" in fields_of(operation)
    for name, fields in ANSWERS.items():
        assert set(fields.split()) <= set(schema(name)["properties"]), name


def test_the_document_is_served_to_anybody(client):
    response = client.get("/api/v1/openapi.json")
    assert response.content_type == "application/json"
    assert response.json == json.loads(json.dumps(document()))
    assert response.json["openapi"].startswith("3.1.")


def test_every_example_is_what_the_document_describes():
    for call, operation in operations():
        contents = [answer["content"] for answer in operation["responses"].values()]
        if "requestBody" in operation:
            contents.append(operation["requestBody"]["content"])
        for content in contents:
            for kind in content.values():
                shown = [kind["example"]] if "example" in kind else []
                for ref in kind.get("examples", {}).values():
                    name = ref["$ref"].rpartition("/")[2]
                    shown.append(document()["components"]["examples"][name]["value"])
                assert shown, call
                for example in shown:
                    validator(kind["schema"]).validate(example)


def test_nothing_in_the_document_is_left_over():
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


def _takes(shape, value):
    try:
        shape.check(value)
    except PydanticCustomError:
        return False
    return True


@pytest.mark.parametrize("kind", [*KINDS, "code", "item code"])
def test_a_shape_takes_exactly_what_its_schema_says(kind):
    shapes = {name: kept.__metadata__[0] for name, kept in KINDS.items()}
    shape = {**shapes, "code": text(64), "item code": ITEM_CODE}[kind]
    found = validator(shape.schema)
    for value in VALUES:
        assert _takes(shape, value) == found.is_valid(value), (kind, value)


# --- for people -----------------------------------------------------------------------------------


def test_the_document_promises_each_character_that_the_core_takes_and_no_other():
    beyond = [plane * 0x10000 + last for plane in range(1, 17) for last in (0, 0xFFFE, 0xFFFF)]
    for lines in (False, True):
        promised = re.compile(text(9, multiline=lines).schema["pattern"])
        for character in map(chr, [*range(0xD800), *range(0xE000, 0x10000), *beyond]):
            try:
                validate_text(f"a{character}b", field="note", max_length=9, multiline=lines)
            except InvalidInput:
                assert not promised.match(f"a{character}b"), hex(ord(character))
            else:
                assert promised.match(f"a{character}b"), hex(ord(character))


def test_the_page_tells_all_that_the_document_does(client):
    response = client.get("/api/v1/docs")
    assert response.content_type.startswith("text/html")
    told = re.sub("</?code>", "`", response.text.replace("&#39;", "'"))
    for call, operation in operations():
        assert call in response.text
        assert operation["summary"] in told
    for code in document()["components"]["examples"]:
        assert f'id="{code}"' in response.text, code
    anchors = set(re.findall(r'href="#([^"]+)"', response.text))
    assert anchors - {"main"} <= set(re.findall(r'id="([^"]+)"', response.text))


def test_the_page_needs_nothing_from_elsewhere_and_no_inline_script(client):
    page = client.get("/api/v1/docs").text
    assert not re.search(r'(src|href)="(?!/|#)', page)
    assert not re.search(r"<script(?![^>]*src)|<style|\sstyle=|\son[a-z]+=", page)


def test_every_refusal_leads_to_its_explanation(api):
    problem = api.refused("NOT_FOUND", "/lots/7", method="GET")
    assert problem["type"] == "/api/v1/docs#NOT_FOUND"
    assert 'id="NOT_FOUND"' in api.client.get(problem["type"].partition("#")[0]).text


def test_docs_api_md_explains_every_refusal_code_with_its_status():
    told = Path(__file__).parents[2].joinpath("docs/api.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| (\d+) \|", told, flags=re.MULTILINE))
    served = set(document()["components"]["examples"])
    assert rows == {code: str(CODES[code][0]) for code in served}


# --- for ever -------------------------------------------------------------------------------------


def test_nothing_that_version_1_promised_is_broken():
    """Add what is new to the stored copy; what this names must not change."""
    assert breaks(json.loads(STORED.read_text("utf-8")), document()) == []


def _changed(change):
    new = copy.deepcopy(document())
    change(new)
    return breaks(document(), new)


BREAKS = {
    "a path goes": lambda d: d["paths"].pop("/api/v1/lots"),
    "a method goes": lambda d: d["paths"]["/api/v1/items"].pop("post"),
    "a parameter goes": lambda d: _of(d, "/api/v1/items", "get")["parameters"].pop(0),
    "a parameter is needed": lambda d: _of(d, "/api/v1/items", "get")["parameters"][0].update(
        required=True
    ),
    "a role is raised": lambda d: _of(d, "/api/v1/receipts", "post").update({"x-role": "admin"}),
    "a body is needed": lambda d: _of(d, "/api/v1/operations/{id}/reversal", "post")[
        "requestBody"
    ].update(required=True),
    "a status goes": lambda d: _of(d, "/api/v1/receipts", "post")["responses"].pop("201"),
    "a field is no longer taken": lambda d: _fields(d, "ReceiptBody").pop("note"),
    "a field is needed": lambda d: _schemas(d)["ReceiptBody"]["required"].append("note"),
    "a text gets shorter": lambda d: _fields(d, "ReceiptBody")["lotCode"].update(maxLength=10),
    "a pattern changes": lambda d: _fields(d, "ReceiptBody")["lotCode"].update(pattern="^A"),
    "a null is no longer taken": lambda d: _fields(d, "ReceiptBody")["note"]["anyOf"].pop(1),
    "a number is no longer taken": lambda d: _fields(d, "ReceiptBody")["qty"]["anyOf"].pop(1),
    "a word is no longer taken": lambda d: _fields(d, "QcBody")["status"]["enum"].pop(),
    "an operation of a batch goes": lambda d: _fields(d, "Batch")["operations"]["items"][
        "oneOf"
    ].pop(),
    "a batch takes fewer": lambda d: _fields(d, "Batch")["operations"].update(maxItems=10),
    "a field is no longer answered": lambda d: _fields(d, "Lot").pop("location"),
    "a field is not always answered": lambda d: _schemas(d)["Lot"]["required"].remove("location"),
    "a field deep down goes": lambda d: _fields(d, "ReservedLot").pop("openQty"),
    "a field changes its type": lambda d: _fields(d, "Lot")["lotSeq"].update(type="string"),
    "a field may be null": lambda d: _fields(d, "Lot").update(
        lotSeq={"anyOf": [{"type": "integer"}, {"type": "null"}]}
    ),
    "another word is answered": lambda d: _fields(d, "Entry")["txnType"]["enum"].append("MOVE"),
}
FINE = {
    "a path comes": lambda d: d["paths"].update({"/api/v1/new": {}}),
    "a parameter comes": lambda d: _of(d, "/api/v1/items", "get")["parameters"].append(
        {"name": "new", "in": "query", "schema": {"type": "string"}}
    ),
    "a field is taken": lambda d: _fields(d, "ReceiptBody").update(new={"type": "string"}),
    "a field is answered": lambda d: _fields(d, "Lot").update(new={"type": "string"}),
    "a role is lowered": lambda d: _of(d, "/api/v1/items", "post").update({"x-role": "viewer"}),
    "a text gets longer": lambda d: _fields(d, "ReceiptBody")["lotCode"].update(maxLength=100),
    "a word is taken": lambda d: _fields(d, "QcBody")["status"]["enum"].append("PARKED"),
    "an operation of a batch comes": lambda d: _fields(d, "Batch")["operations"]["items"][
        "oneOf"
    ].append({"type": "object", "properties": {"op": {"const": "move"}}}),
}


def _of(document, path, method):
    return document["paths"][path][method]


def _schemas(document):
    return document["components"]["schemas"]


def _fields(document, name):
    return _schemas(document)[name]["properties"]


@pytest.mark.parametrize("change", BREAKS.values(), ids=BREAKS)
def test_a_breaking_change_is_seen(change):
    assert _changed(change)


@pytest.mark.parametrize("change", FINE.values(), ids=FINE)
def test_what_only_adds_is_fine(change):
    assert _changed(change) == []


def test_the_stored_copy_knows_every_endpoint():
    stored = json.loads(STORED.read_text("utf-8"))
    for one in v1.all:
        assert one.method.lower() in stored["paths"][f"/api/v1{one.path}"], one.name
