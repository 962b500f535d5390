"""Endpoints of scans and linked barcodes."""

from __future__ import annotations

from inventory import barcodes, queries
from inventory.api import serializers
from inventory.api.endpoints import ApiRequest, Json, WriteResult
from inventory.api.schemas import codes, query_params, responses
from inventory.api.v1.blueprint import v1
from inventory.db import connection
from inventory.http.json_codec import to_camel_case


@v1.get(
    "/scan", responses.ScanResult, query=query_params.Scan, tag="codes", refusals=("INVALID_CODE",)
)
def resolve_scan(call: ApiRequest) -> Json:
    """Get the record that a scanned code identifies.

    `kind` tells: a `lot`, an `item` whose lot the label does not name, a `new_lot` of a known
    item (to be received only after a user compared the lot code with the label), a `location`,
    `several` lots or items (see `choices`), or `unknown`. `warnings` are for the person who
    scans. Nothing is stored: a label never changes a lot.
    """
    found = barcodes.resolve(connection(), call.query.raw, separator=call.query.separator)
    return serializers.scan_result(found)


@v1.get("/codes", responses.CodePage, query=query_params.Codes, tag="codes")
def list_codes(call: ApiRequest) -> Json:
    """List linked codes, newest first."""
    found = queries.list_codes(connection(), **call.query.filters())
    return serializers.page(found, serializers.code)


@v1.write(
    "POST", "/codes", responses.Code, role="operator", body=codes.CodeBody, tag="codes",
    refusals=("DUPLICATE_CODE", "INVALID_CODE"),
)  # fmt: skip
def link_code(call: ApiRequest) -> WriteResult:
    """Link a code to an item or to one lot.

    `code` is taken as it was scanned; of a GS1 label its GTIN is linked. `qty` is the quantity
    of one scan: 12 for the GTIN of a box of 12.
    """
    record, replayed = barcodes.link(**call.body.to_fields(), **call.write)
    return WriteResult(to_camel_case(record), replayed)


@v1.write(
    "DELETE", "/codes/{id}", responses.Code, role="operator", body=None, body_needed=False,
    tag="codes", status=200,
)  # fmt: skip
def unlink_code(call: ApiRequest, id: int) -> WriteResult:
    """Unlink a code: labels that carry it are unknown from now on."""
    record, replayed = barcodes.unlink(code_id=id, **call.write)
    return WriteResult(to_camel_case(record), replayed)
