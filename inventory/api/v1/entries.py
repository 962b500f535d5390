"""The ledger itself."""

from __future__ import annotations

from inventory import listing, verification
from inventory.api import answers, queries, schemas
from inventory.api.endpoints import Call, Json
from inventory.api.v1.routes import v1
from inventory.db import connection
from inventory.errors import NotFound
from inventory.http_json import camel


@v1.get("/ledger", schemas.EntryPage, query=queries.Entries, tag="ledger")
def list_entries(call: Call) -> Json:
    """List ledger entries, newest first."""
    found = listing.list_entries(connection(), **call.query.filters())
    return answers.page(found, answers.entry)


@v1.get("/ledger/verification", schemas.Verification, tag="ledger", refusals=("NOT_FOUND",))
def get_verification(call: Call) -> Json:
    """Get what the last run of `flask ledger verify` found."""
    found = verification.last_run(connection())
    if found is None:
        raise NotFound("The ledger has not been verified yet.")
    return dict(camel(found))
