"""Linked barcodes in the API: link, list, resolve and unlink."""

import json
from pathlib import Path

import pytest

from inventory.api.schemas import responses

GTIN = "09521123456785"
SCANS = json.loads((Path(__file__).parent.parent / "support/scans.json").read_text())


@pytest.fixture
def box(api):
    """The linked barcode of a box of 12 bolts."""
    api.item()
    return api.create("/codes", {"code": "9521123456785", "item": "BOLT-M8", "qty": "12.0"})


def test_a_linked_barcode_is_resolved_until_it_is_unlinked(api, box):
    assert (box["code"], box["kind"], box["qty"], box["item"]) == (GTIN, "GTIN", "12", "BOLT-M8")
    found = api.get("/scan", raw=f"]C101{GTIN}10L-9").json
    assert (found["kind"], found["how"], found["qty"]) == ("new_lot", "gtin", "12")
    assert (found["lotCode"], found["item"]["code"], found["lot"]) == ("L-9", "BOLT-M8", None)
    unlinked = api.send("DELETE", f"/codes/{box['id']}")
    assert unlinked.json == box
    assert api.get("/scan", raw=GTIN).json["kind"] == "unknown"
    assert api.refused("NOT_FOUND", f"/codes/{box['id']}", method="DELETE")


def test_barcodes_are_filtered_and_paginated(api, box):
    lot = api.lot()
    created = [api.create("/codes", {"code": f"BIN {n}", "lotId": lot})["code"] for n in range(3)]
    newest = [*reversed(created), GTIN]
    assert [link["code"] for link in api.get("/codes").json["data"]] == newest
    assert [link["code"] for link in api.get("/codes", lot=lot).json["data"]] == newest[:3]
    assert [link["code"] for link in api.get("/codes", q="bin 1").json["data"]] == ["BIN 1"]
    assert [link["code"] for link in api.get("/codes", item="BOLT-M8", limit=1).json["data"]] == [
        "BIN 2"
    ]
    assert api.get("/codes", item="NONE").json["data"] == []
    first = api.get("/codes", limit=3).json
    rest = api.get("/codes", limit=3, cursor=first["nextCursor"]).json
    assert [link["code"] for link in (*first["data"], *rest["data"])] == newest
    assert rest["nextCursor"] is None


@pytest.mark.parametrize("row", SCANS, ids=[row["about"] for row in SCANS])
def test_each_scan_of_the_table_gives_the_listed_result(shared_api, row):
    if not 0 < len(row["raw"]) <= 512:
        shared_api.refused("INVALID_INPUT", "/scan", method="GET", query_string={"raw": row["raw"]})
    elif "refused" in row:
        problem = shared_api.refused(
            "INVALID_CODE", "/scan", method="GET", query_string={"raw": row["raw"]}
        )
        assert (problem["problem"], problem["field"]) == (row["refused"], "raw")
    elif "own" not in row["reads"]:
        answer = shared_api.get("/scan", raw=row["raw"]).json["scan"]
        assert {name: answer[name] for name in row["reads"]} == row["reads"]
        assert set(answer) == {
            field.alias or name for name, field in responses.Scan.model_fields.items()
        }


def test_the_separator_of_a_scan_can_be_set(api, box):
    raw = f"01{GTIN}10L-9|17281231"
    found = api.get("/scan", raw=raw, separator="|").json
    assert (found["lotCode"], found["expiresOn"]) == ("L-9", "2028-12-31")
    api.refused("INVALID_CODE", "/scan", method="GET", query_string={"raw": raw})


def test_a_differing_expiry_date_is_a_warning_with_both_dates(api, box):
    api.lot(lotCode="L-9", expiresOn="2027-06-30")
    (warning,) = api.get("/scan", raw=f"01{GTIN}1728010110L-9").json["warnings"]
    assert (warning["code"], warning["labelExpiresOn"], warning["storedExpiresOn"]) == (
        "EXPIRY_DIFFERS", "2028-01-01", "2027-06-30",
    )  # fmt: skip


def test_a_label_of_another_warehouse_is_refused(api):
    problem = api.refused(
        "INVALID_CODE", "/scan", method="GET", query_string={"raw": "INV1L1X000000"}
    )
    assert problem["problem"] == "FOREIGN_LABEL"


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"code": "X"}, "INVALID_INPUT", "item"),
        ({"code": "X", "item": "BOLT-M8", "lotId": 1}, "INVALID_INPUT", "item"),
        ({"code": "", "item": "BOLT-M8"}, "INVALID_INPUT", "code"),
        ({"item": "BOLT-M8"}, "INVALID_INPUT", "code"),
        ({"code": "X", "item": "BOLT-M8", "qty": "0.5"}, "INVALID_QTY", "qty"),
        ({"code": "9521123456787", "item": "BOLT-M8"}, "INVALID_CODE", "code"),
        ({"code": "A\u0007", "item": "BOLT-M8"}, "INVALID_CODE", "code"),
        ({"code": "X", "item": "NONE"}, "NOT_FOUND", None),
    ],
)
def test_an_invalid_link_is_refused_with_its_field(api, body, code, field):
    api.item()
    problem = api.refused(code, "/codes", body)
    assert problem.get("field") == field


def test_a_refused_link_of_a_used_barcode_is_replayed(api, box):
    api.item("NUT")
    body = {"code": GTIN, "item": "NUT"}
    assert api.refused("DUPLICATE_CODE", "/codes", body, key="k")["codeId"] == box["id"]
    api.send("DELETE", f"/codes/{box['id']}")
    again = api.post("/codes", body, key="k")
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (409, "true")
