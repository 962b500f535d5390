"""Codes: what a scan is, and what people linked."""

from __future__ import annotations

from inventory import codes, listing
from inventory.api import answers, code_bodies, queries, schemas
from inventory.api.endpoints import Answered, Call, Json
from inventory.api.v1.routes import v1
from inventory.db import connection
from inventory.http_json import camel


@v1.get("/scan", schemas.Found, query=queries.Scan, tag="codes", refusals=("INVALID_CODE",))
def resolve_scan(call: Call) -> Json:
    """Get what a scanned code stands for.

    `kind` tells: a `lot`, an `item` whose lot the label does not name, a `new_lot` of a known
    item (to be received only after somebody compared the lot code with the label), a `location`,
    `several` lots or items (see `choices`), or `unknown`. `warnings` are for the person who
    scans. Nothing is stored: a label never changes a lot.
    """
    found = codes.resolve(connection(), call.query.raw, separator=call.query.separator)
    return answers.found(found)


@v1.get("/codes", schemas.CodePage, query=queries.Codes, tag="codes")
def list_codes(call: Call) -> Json:
    """List linked codes, newest first."""
    found = listing.list_codes(connection(), **call.query.filters())
    return answers.page(found, answers.code)


@v1.write(
    "POST", "/codes", schemas.Code, role="operator", body=code_bodies.CodeBody, tag="codes",
    refusals=("DUPLICATE_CODE", "INVALID_CODE"),
)  # fmt: skip
def link_code(call: Call) -> Answered:
    """Link a code to an item or to one lot.

    `code` is taken as it was scanned; of a GS1 label its GTIN is linked. `qty` is how much one
    scan stands for: 12 for the GTIN of a box of 12.
    """
    record, replayed = codes.link(**call.body.facts(), **call.write)
    return Answered(camel(record), replayed)


@v1.write(
    "DELETE", "/codes/{id}", schemas.Code, role="operator", body=None, body_needed=False,
    tag="codes", status=200,
)  # fmt: skip
def unlink_code(call: Call, id: int) -> Answered:
    """Unlink a code: labels that carry it are unknown from now on."""
    record, replayed = codes.unlink(code_id=id, **call.write)
    return Answered(camel(record), replayed)
