"""Invalid requests are refused in JSON with the name of the field, never with a 500."""

import json
from urllib.parse import quote

import pytest

from inventory.api.v1 import v1

RECEIPT = {"item": "BOLT-M8", "lotCode": "L-1", "qty": "1"}


@pytest.fixture(scope="module", autouse=True)
def item(shared_api):
    shared_api.item(decimals=6)


def send(shared_api, data, content_type="application/json", path="/receipts", **headers):
    """Send raw bytes as a body."""
    return shared_api.send(
        "POST", path, data=data, headers={"Content-Type": content_type, **headers}
    )


def problem_of(response, status, code):
    assert response.content_type == "application/problem+json"
    assert (response.status_code, response.json["code"]) == (status, code), response.text
    return response.json


# --- unreadable bodies ----------------------------------------------------------------------------

UNREADABLE = {
    "nothing": b"",
    "a blank": b"  ",
    "half": b'{"item":',
    "two": b"{} {}",
    "a comma too many": b'{"item": "X",}',
    "single quotes": b"{'item': 'X'}",
    "NaN": b'{"qty": NaN}',
    "Infinity": b'{"qty": -Infinity}',
    "100,000 brackets": b"[" * 100_000,
    "100,000 objects": b'{"a":' * 100_000,
    "100,000 brackets, closed": b"[" * 100_000 + b"]" * 100_000,
    "latin-1": '{"item": "Größe"}'.encode("latin-1"),
    "utf-16": json.dumps(RECEIPT).encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf" + json.dumps(RECEIPT).encode(),
    "a raw NUL": b'{"item": "\x00"}',
    "a control character": b'{"item": "a\nb"}',
    "bytes": bytes(range(256)),
    "overlong UTF-8": b'{"item": "\xc0\x80"}',
    "half a pair in UTF-8": b'{"item": "\xed\xa0\x80"}',
    "an incomplete escape": b'{"item": "\\u12"}',
    "a form": b"item=X&qty=1",
    "XML": b"<item>X</item>",
}


@pytest.mark.parametrize("data", UNREADABLE.values(), ids=UNREADABLE)
def test_an_unreadable_body_is_malformed(shared_api, data):
    problem = problem_of(send(shared_api, data), 400, "MALFORMED_REQUEST")
    assert problem["field"] == "body"


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (b'{"item": "A", "item": "B", "lotCode": "L", "qty": "1"}', "item"),
        (b'{"lots": [{"lotId": 1, "lotId": 2, "qty": 1}]}', "lotId"),
        (b'{"a": 1, "\\u0061": 2}', "a"),
        ('{"ключ": 1, "ключ": 2}'.encode(), "ключ"),
        (b'{"\\ud800": 1, "\\ud800": 2}', "?"),
    ],
)
def test_a_duplicate_name_in_json_is_malformed(shared_api, data, field):
    assert problem_of(send(shared_api, data), 400, "MALFORMED_REQUEST")["field"] == field


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "text/html", "application/xml", "application/x-www-form-urlencoded",
     "multipart/form-data; boundary=x", "application/json; charset=latin-1", "application/jsonp",
     "application/vnd.api+json", "json", ";;;", "application/json, text/plain"],
)  # fmt: skip
def test_an_unsupported_content_type_is_refused(shared_api, content_type):
    response = send(shared_api, json.dumps(RECEIPT), content_type)
    problem_of(response, 415, "UNSUPPORTED_MEDIA_TYPE")


def test_json_content_type_can_have_a_charset(shared_api):
    for content_type in ("application/json; charset=utf-8", "Application/JSON; charset=UTF-8"):
        assert send(shared_api, b'{"item": 7}', content_type).status_code == 422


def test_a_compressed_body_is_refused(shared_api):
    response = send(shared_api, b"{}", **{"Content-Encoding": "gzip"})
    problem_of(response, 415, "UNSUPPORTED_MEDIA_TYPE")


def test_a_huge_body_is_too_large(shared_api):
    response = send(shared_api, b'{"item": "' + b"x" * 2**20 + b'"}')
    problem_of(response, 413, "CONTENT_TOO_LARGE")


# --- invalid values -------------------------------------------------------------------------------

LONG = "9" * 5000


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"[]", "body"),
        (b"null", "body"),
        (b'"x"', "body"),
        (b"12", "body"),
        (b"true", "body"),
        (f"{LONG}".encode(), "body"),
        (b"{}", "item"),
        (b'{"item": null}', "item"),
        (b'{"item": ["X"]}', "item"),
        (b'{"item": {"code": "X"}}', "item"),
        (b'{"item": ""}', "item"),
        (b'{"item": "   "}', "item"),
        (b'{"item": "\\u0000"}', "item"),
        (b'{"item": "a\\u0000b"}', "item"),
        (b'{"item": "\\ud800"}', "item"),
        (b'{"item": "a\\nb"}', "item"),
        (b'{"item": "\\u2028x"}', "item"),
        (b'{"item": "\\uffff"}', "item"),
        (b'{"item": "' + b"x" * 65 + b'"}', "item"),
        (b'{"item": "' + b"x" * 500_000 + b'"}', "item"),
        (b'{"__proto__": {}, "item": "X", "lotCode": "L", "qty": 1}', "__proto__"),
        (b'{"lot_code": "L", "item": "X", "lotCode": "L", "qty": 1}', "lot_code"),
        (b'{"": 1, "item": "X", "lotCode": "L", "qty": 1}', "body"),
    ],
)  # fmt: skip
def test_an_invalid_body_is_refused_with_its_field(shared_api, body, field):
    problem = problem_of(send(shared_api, body), 422, "INVALID_INPUT")
    assert problem["field"] == field


@pytest.mark.parametrize(
    "qty",
    ["1e400", "1E+999999999999999999999", "-1", "0", "0.0", "1e-400", LONG, f"0.{LONG}",
     f"1.{'0' * 5000}", "1e13", "1000000000000.1", "1000000000001", "9223372036854775808",
     "0.0000001", "true", "null", "[]", "{}", '""', '"1e3"', '"+1"', '"0x1"', '"1_000"', '"1 000"',
     '"1,5"', '"٣"', '"１"', '"1."', '".5"', '"01"', '" 1"', '"1 "', '"1\\u0000"', '"NaN"',
     '"Infinity"', '"-0"', f'"{LONG}"', '"½"', '"0.50000000"'],
)  # fmt: skip
def test_an_invalid_quantity_is_refused(shared_api, qty):
    body = json.dumps({**RECEIPT, "qty": None}).replace("null", qty)
    problem = problem_of(send(shared_api, body), 422, "INVALID_QTY")
    assert problem["field"] == "qty"


@pytest.mark.parametrize(
    ("qty", "stored"),
    [("1e3", "1000"), ("0.000001", "0.000001"), ("1.50", "1.5"), ("1000000000000", "1000000000000"),
     ("1E-6", "0.000001"), ('"0.50"', "0.5"), ('"1000000000000.000000"', "1000000000000"),
     ("0.1", "0.1"), ("123456789012.123456", "123456789012.123456")],
)  # fmt: skip
def test_a_quantity_is_stored_exactly_as_written(shared_api, qty, stored):
    body = {**RECEIPT, "lotCode": f"as {qty}", "qty": None}
    response = send(shared_api, json.dumps(body).replace("null", qty))
    assert response.json["entries"][0]["qty"] == stored


@pytest.mark.parametrize(
    "field_and_value",
    [
        ("expiresOn", "2026-02-30"), ("expiresOn", "tomorrow"), ("expiresOn", 20260101),
        ("expiresOn", "2026-1-1"), ("expiresOn", "2026-01-01T00:00:00Z"), ("expiresOn", ""),
        ("expiresOn", "٢٠٢٦-٠١-٠١"), ("expiresOn", "0000-01-01"), ("expiresOn", "99999-01-01"),
        ("occurredAt", "2026-01-01"), ("occurredAt", "2026-01-01T00:00:00"),
        ("occurredAt", "2026-01-01T24:00:00Z"), ("occurredAt", "2026-01-01T00:00:00+25:00"),
        ("occurredAt", "0001-01-01T00:00:00+01:00"), ("occurredAt", "9999-12-31T23:59:59-01:00"),
        ("occurredAt", 1767225600), ("occurredAt", "now"), ("occurredAt", "2026-01-01T00:00:60Z"),
        ("occurredAt", "2026-01-01T00:00:00Z\u0000"), ("addToLot", "true"), ("addToLot", 1),
        ("note", "a\u0000"), ("note", "x" * 2001), ("note", 7), ("reference", "a\tb"),
        ("reference", "x" * 101), ("location", "\u200b" * 65), ("supplierLot", {}),
    ],
)  # fmt: skip
def test_an_invalid_receipt_field_is_refused_with_its_name(shared_api, field_and_value):
    field, value = field_and_value
    problem = problem_of(
        shared_api.post("/receipts", {**RECEIPT, field: value}), 422, "INVALID_INPUT"
    )
    assert problem["field"] == field


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/reservations", {"item": "X", "reference": "J"}, "qty"),
        ("/reservations", {"item": "X", "reference": "J", "lots": []}, "lots"),
        ("/reservations", {"item": "X", "reference": "J", "lots": [1]}, "lots[0]"),
        ("/reservations", {"item": "X", "reference": "J", "lots": {"lotId": 1}}, "lots"),
        ("/reservations", {"item": "X", "reference": "J", "lots": [{"lotId": 1}]}, "lots[0].qty"),
        ("/reservations",
         {"item": "X", "reference": "J", "lots": [{"lotId": 1, "qty": 1}, {"lotId": "2"}]},
         "lots[1].lotId"),
        ("/reservations",
         {"item": "X", "reference": "J", "lots": [{"lotId": 1, "qty": 1}, {"lotId": 1, "qty": 1}]},
         "lots"),
        ("/issues", {"item": "X", "qty": 1, "strategy": "lifo"}, "strategy"),
        ("/issues", {"qty": 1}, "reservation"),
        ("/issues", {"item": "X", "reservation": 1, "qty": 1}, "item"),
        ("/issues", {"item": "X", "qty": 1, "closeRemainder": True}, "closeRemainder"),
        ("/issues", {"reservation": 0}, "reservation"),
        ("/issues", {"reservation": 2**63}, "reservation"),
        ("/issues", {"reservation": 1.5}, "reservation"),
        ("/issues", {"reservation": "1"}, "reservation"),
        ("/issues", {"reservation": True}, "reservation"),
        ("/scraps", {"lotId": 1, "qty": 1}, "reason"),
        ("/scraps", {"lotId": 1, "qty": 1, "reason": ""}, "reason"),
        ("/customer-returns", RECEIPT, "reason"),
        ("/lots/1/qc", {"status": "approved"}, "status"),
        ("/lots/1/qc", {"status": "APPROVED", "onReservations": "drop"}, "onReservations"),
        ("/lots/1/count", {"counted": 1, "resolution": "keep"}, "resolution"),
        ("/lots/1/count", {"counted": 1, "lotSeq": 0}, "lotSeq"),
        ("/lots/1/count", {"counted": 1, "unreserve": [{"lotId": 1, "qty": 1}]},
         "unreserve[0].reservationId"),
        ("/items", {"code": "a//b", "name": "x"}, "code"),
        ("/items", {"code": "/a", "name": "x"}, "code"),
        ("/items", {"code": "a/", "name": "x"}, "code"),
        ("/items", {"code": "a/../b", "name": "x"}, "code"),
        ("/items", {"code": "a/stock", "name": "x"}, "code"),
        ("/items", {"code": "..", "name": "x"}, "code"),
        ("/items", {"code": "X", "name": "x", "decimals": 7}, "decimals"),
        ("/items", {"code": "X", "name": "x", "decimals": "2"}, "decimals"),
        ("/items", {"code": "X", "name": "x", "decimals": True}, "decimals"),
        ("/items", {"code": "X", "name": "x", "decimals": 10**30}, "decimals"),
        ("/items", {"code": "X", "name": "x", "unit": "x" * 17}, "unit"),
        ("/batch", {}, "operations"),
        ("/batch", {"operations": []}, "operations"),
        ("/batch", {"operations": {}}, "operations"),
        ("/batch", {"operations": [{}] * 1001}, "operations"),
        ("/batch", {"operations": [None]}, "operations[0]"),
        ("/batch", {"operations": [{"item": "X"}]}, "operations[0].op"),
        ("/batch", {"operations": [{"op": "steal"}]}, "operations[0].op"),
        ("/batch", {"operations": [{"op": ["issue"]}]}, "operations[0].op"),
        ("/batch", {"operations": [{"op": "unreserve"}]}, "operations[0].reservation"),
        ("/batch", {"operations": [{"op": "receipt", **RECEIPT, "x": 1}]}, "operations[0].x"),
        ("/batch", {"operations": [{"op": "issue", "item": "X", "lots": [{"lotId": 1, "qty": 0}]}]},
         "operations[0].lots[0].qty"),
    ],
)  # fmt: skip
def test_an_invalid_nested_field_is_refused_with_its_path(shared_api, path, body, field):
    response = shared_api.post(path, body)
    assert response.status_code == 422, response.text
    assert response.json["code"] in ("INVALID_INPUT", "INVALID_QTY")
    assert response.json["field"] == field
    assert response.json.get("index") == (0 if "[0]" in field and path == "/batch" else None)


def test_all_invalid_fields_are_listed(shared_api):
    problem = shared_api.refused(
        "INVALID_INPUT", "/receipts", {"item": 1, "qty": 0, "colour": "red"}
    )
    assert [(error["field"], error["code"]) for error in problem["errors"]] == [
        ("item", "INVALID_INPUT"),
        ("lotCode", "INVALID_INPUT"),
        ("qty", "INVALID_QTY"),
        ("colour", "INVALID_INPUT"),
    ]


def test_at_most_20_errors_are_listed(shared_api):
    problem = shared_api.refused("INVALID_INPUT", "/batch", {"operations": [{"op": "x"}] * 1000})
    assert len(problem["errors"]) == 20


# --- paths and parameters -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/items?colour=red", "colour"),
        ("/items?limit=0", "limit"),
        ("/items?limit=201", "limit"),
        ("/items?limit=-1", "limit"),
        ("/items?limit=1e2", "limit"),
        ("/items?limit=%D9%A3", "limit"),
        (f"/items?limit={LONG}", "limit"),
        ("/items?limit=", "limit"),
        ("/items?limit=5&limit=6", "limit"),
        ("/items?lowStock=yes", "lowStock"),
        ("/items?lowStock=TRUE", "lowStock"),
        ("/items?archived=", "archived"),
        ("/items?q=%00", "q"),
        ("/items?q=" + "x" * 101, "q"),
        ("/items?cursor=", "cursor"),
        ("/items?cursor=abc", "cursor"),
        ("/items?cursor=%00", "cursor"),
        ("/items?cursor=" + "A" * 9000, "cursor"),
        ("/items?low_stock=true", "low_stock"),
        ("/items?dryRun=true", "dryRun"),
        ("/lots?item=%00", "item"),
        ("/lots?qcStatus=approved", "qcStatus"),
        ("/lots?expiringBefore=soon", "expiringBefore"),
        ("/ledger?lot=0", "lot"),
        ("/ledger?lot=1.0", "lot"),
        ("/ledger?lot=9223372036854775808", "lot"),
        ("/ledger?type=receive", "type"),
        ("/ledger?from=yesterday", "from"),
        ("/ledger?to=2026-01-01", "to"),
        ("/ledger?user=%00", "user"),
        ("/items/BOLT-M8/stock?asOf=now", "asOf"),
        ("/items/BOLT-M8/stock?asOf=2026-01-01T00:00:00+01:00", "asOf"),
        ("/items/BOLT-M8/stock?as_of=2026-01-01T00:00:00Z", "as_of"),
        ("/items/%00", "code"),
        ("/items/%FF", "code"),
        ("/items/" + "x" * 65, "code"),
        ("/items/%00/stock", "code"),
    ],
)
def test_an_invalid_parameter_is_refused_with_its_name(shared_api, path, field):
    problem = shared_api.refused("INVALID_INPUT", path, method="GET")
    assert problem["field"] == field


@pytest.mark.parametrize(
    "path",
    ["/", "//items", "/items//x", "/items/", "/lots/abc", "/lots/0", "/lots/01", "/lots/-1",
     "/lots/1.0", "/lots/%D9%A3", f"/lots/{LONG}", "/lots/9223372036854775808", "/lots/1/",
     "/lots/1/nothing", "/operations/1%00", "/items/x/stock/stock", "/../items",
     "/items/%2e%2e/x", "/docs/", "/openapi.yaml", "/%00", "/items/a%0Ab"],
)  # fmt: skip
def test_an_unknown_path_is_not_found(shared_api, path):
    shared_api.refused("NOT_FOUND", path, method="GET")


@pytest.mark.parametrize(
    "method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "X"]
)
def test_an_unsupported_method_is_refused_with_the_allowed_ones(shared_api, method):
    for path in {endpoint.path for endpoint in v1.all}:
        known = {endpoint.method for endpoint in v1.all if endpoint.path == path}
        if method not in known:
            url_path = path.replace("{code}", "X").replace("{id}", "1")
            response = shared_api.send(method, url_path)
            problem_of(response, 405, "METHOD_NOT_ALLOWED")
            allowed = set(response.headers["Allow"].split(", "))
            assert allowed - {"HEAD"} == known


def test_head_equals_get_without_a_body(shared_api):
    response = shared_api.send("HEAD", "/items")
    assert (response.status_code, response.data) == (200, b"")
    assert shared_api.send("HEAD", "/items/NIX").status_code == 404


def test_names_in_any_script_are_returned_as_sent(shared_api):
    for code in (
        "螺栓 M8",
        "Größe/Ø5",
        "болт",
        "🔩",
        "a b%c?d#e&f=g+h",
        "🫩",
        "e\u0301",
        'q"\\',
        "<b>",
    ):
        shared_api.item(code, name=f"{code} ✓")
        shown = shared_api.get(f"/items/{quote(code)}").json
        expected = code.replace("e\u0301", "é")
        assert (shown["code"], shown["name"]) == (expected, f"{expected} ✓")
        lot = shared_api.lot("3", item=code, lotCode=code)
        assert shared_api.get(f"/lots/{lot}").json["lotCode"] == expected
        assert shared_api.get(f"/items/{quote(code)}/stock").json["onHand"] == "3"
        found = [item["code"] for item in shared_api.get("/items", q=code).json["data"]]
        assert expected in found


def test_unknown_paths_outside_the_api_get_html(client):
    response = client.get("/nothing")
    assert response.content_type.startswith("text/html")
    assert client.get("/apis/v1/items").content_type.startswith("text/html")
