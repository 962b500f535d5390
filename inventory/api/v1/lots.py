"""Endpoints of lots: read, change, decide, count, split."""

from __future__ import annotations

from inventory import catalog, queries
from inventory.api import serializers
from inventory.api.auth import require_role
from inventory.api.endpoints import ApiRequest, Json, WriteResult
from inventory.api.schemas import operations, query_params, responses
from inventory.api.schemas.items import LotChanges
from inventory.api.v1.blueprint import v1
from inventory.common.quantity import format_qty
from inventory.db import connection
from inventory.http.json_codec import to_camel_case
from inventory.stock import queries as stock

#: A lot's response contains at most this many of its open reservations, the oldest first.
_MAX_RESERVATIONS = 1000


@v1.get("/lots", responses.LotPage, query=query_params.Lots, tag="lots")
def list_lots(call: ApiRequest) -> Json:
    """List lots, newest first."""
    return serializers.page(
        queries.list_lots(connection(), **call.query.filters()), serializers.lot
    )


@v1.get("/lots/{id}", responses.LotDetail, tag="lots")
def get_lot(call: ApiRequest, id: int) -> Json:
    """Get a lot with its figures, its open reservations and its QC history.

    Of more than 1,000 reservations the oldest are shown.
    """
    conn = connection()
    lot = stock.get_lot(conn, id)
    holders = stock.open_reservation_ids(conn, lot_id=id, limit=_MAX_RESERVATIONS)
    found = stock.read_reservations(conn, holders, lots_known=[lot])
    net = stock.net_quantities(conn, id)
    return {
        **serializers.lot(lot),
        "netReceivedQty": format_qty(net.received),
        "netIssuedQty": format_qty(net.issued),
        "reservations": [serializers.reservation(one) for one in found],
        "qcHistory": [serializers.decision(one) for one in queries.decisions_on(conn, id)],
    }


@v1.write(
    "PATCH", "/lots/{id}", responses.Lot, role="operator", body=LotChanges, tag="lots", status=200,
)  # fmt: skip
def change_lot(call: ApiRequest, id: int) -> WriteResult:
    """Move a lot, or correct what is known of it.

    Another expiry date decides what may be used: that needs the role inspector.
    """
    changes = call.body.to_fields()
    if "expires_on" in changes:
        require_role(call.caller, "inspector")
    record, replayed = catalog.update_lot(lot_id=id, **changes, **call.write)
    return WriteResult(to_camel_case(record), replayed)


@v1.write(
    "POST", "/lots/{id}/qc", responses.DecidedLot, role="inspector", body=operations.QcBody,
    tag="lots", status=200,
    refusals=("QC_TRANSITION",),
)  # fmt: skip
def decide(call: ApiRequest, id: int) -> WriteResult:
    """Take a QC decision on a lot.

    `onReservations` says what becomes of its open reservations, whenever the lot goes to
    QUARANTINE or REJECTED, from whatever status: `keep` (at risk until the lot is approved
    again), `reallocate`, or `unreserve`. `reallocate` moves what fits into other lots, earliest
    expiry first, the oldest reservation first, and a part of one where not all of it fits; the
    rest is kept. A decision is never refused for lack of other stock: `moved`, `unreserved` and
    `kept` list what became of each reservation. With APPROVED the reservations stay.

    Everything but the first approval needs a reason.
    """
    return call.post(lot_id=id)


@v1.write(
    "POST", "/lots/{id}/count", responses.WrittenOperation, role="operator",
    body=operations.CountBody,
    tag="lots", refusals=("STALE_LOT", "INSUFFICIENT_STOCK", "OVER_UNRESERVE"),
)  # fmt: skip
def count(call: ApiRequest, id: int) -> WriteResult:
    """Set a lot right after a count.

    The difference becomes an entry. With `lotSeq` (the lot's when it was counted), a lot that
    moved on since is refused until `resolution` says whether the number counted or the
    difference holds. Less than is reserved is refused until `unreserve` names what to cut.
    """
    return call.post(lot_id=id)


@v1.write(
    "POST", "/lots/{id}/split", responses.WrittenOperation, role="operator",
    body=operations.SplitBody,
    tag="lots", refusals=("INSUFFICIENT_STOCK", "DUPLICATE_LOT", "LOOKS_LIKE"),
)  # fmt: skip
def split(call: ApiRequest, id: int) -> WriteResult:
    """Make part of a lot a lot of its own.

    The new lot, in `lot`, has the same item, expiry date, age and QC status.
    """
    return call.post(lot_id=id)
