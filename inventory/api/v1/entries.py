"""Endpoints of the ledger."""

from __future__ import annotations

from inventory import queries, verification
from inventory.api import serializers
from inventory.api.endpoints import ApiRequest, Json
from inventory.api.schemas import query_params, responses
from inventory.api.v1.blueprint import v1
from inventory.common.errors import NotFound
from inventory.db import connection
from inventory.http.json_codec import to_camel_case


@v1.get("/ledger", responses.EntryPage, query=query_params.Entries, tag="ledger")
def list_entries(call: ApiRequest) -> Json:
    """List ledger entries, newest first."""
    found = queries.list_entries(connection(), **call.query.filters())
    return serializers.page(found, serializers.entry)


@v1.get("/ledger/verification", responses.Verification, tag="ledger", refusals=("NOT_FOUND",))
def get_verification(call: ApiRequest) -> Json:
    """Get what the last run of `flask ledger verify` found."""
    found = verification.last_run(connection())
    if found is None:
        raise NotFound("The ledger has not been verified yet.")
    return dict(to_camel_case(found))
