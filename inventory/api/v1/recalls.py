"""Endpoints of recalls: where a lot went, putting what is left of it on hold, lifting the hold."""

from __future__ import annotations

from inventory import ledger
from inventory.api import serializers
from inventory.api.endpoints import ApiRequest, Json, WriteResult
from inventory.api.schemas import operations, responses
from inventory.api.v1.blueprint import v1
from inventory.db import connection
from inventory.stock.recall import recall


@v1.get("/lots/{id}/recall", responses.Recall, tag="lots")
def get_recall(call: ApiRequest, id: int) -> Json:
    """Get where a lot went, with every lot that was split off it or came back from it.

    Operations that were reversed do not count.
    """
    return serializers.recall(recall(connection(), id))


@v1.write(
    "POST", "/lots/{id}/hold", responses.HoldOperation, role="inspector",
    body=operations.HoldBody, tag="lots", refusals=("QC_TRANSITION",),
)  # fmt: skip
def hold(call: ApiRequest, id: int) -> WriteResult:
    """Put a lot and what is left of every lot split off it in quarantine, as one operation.

    Reservations stay in the lots, at risk.
    """
    return _post(call, call.body.to_command(lot_id=id))


@v1.write(
    "POST", "/operations/{id}/lift-hold", responses.HoldOperation, role="inspector",
    body=operations.LiftHoldBody, tag="operations", refusals=("NOT_REVERSIBLE",),
)  # fmt: skip
def lift_hold(call: ApiRequest, id: int) -> WriteResult:
    """Approve every lot that a hold put in quarantine, or none of them.

    Refused when QC has decided on one of the lots since.
    """
    return _post(call, call.body.to_command(operation_id=id))


def _post(call: ApiRequest, command: ledger.Request) -> WriteResult:
    posting = ledger.post([command], **call.write)
    answer = serializers.hold(posting.operation, posting.details[0], replayed=posting.replayed)
    return WriteResult(answer, posting.replayed)
