"""Endpoints of reservations."""

from __future__ import annotations

from inventory import queries
from inventory.api import serializers
from inventory.api.endpoints import ApiRequest, Json, WriteResult
from inventory.api.schemas import operations, query_params, responses
from inventory.api.v1.blueprint import v1
from inventory.db import connection
from inventory.stock import queries as stock


@v1.write(
    "POST", "/reservations", responses.WrittenReservation, role="operator",
    body=operations.ReservationBody, tag="reservations",
    refusals=("INSUFFICIENT_STOCK", "QC_BLOCKED", "LOT_EXPIRED"),
)  # fmt: skip
def reserve(call: ApiRequest) -> WriteResult:
    """Promise free stock to a reference.

    From the lots named, or from those that the strategy chooses: fefo (earliest expiry first,
    the default) or fifo. All of it or nothing.
    """
    return call.post()


@v1.get(
    "/reservations",
    responses.ReservationPage,
    query=query_params.Reservations,
    tag="reservations",
)
def list_reservations(call: ApiRequest) -> Json:
    """List reservations, newest first."""
    found = queries.list_reservations(connection(), **call.query.filters())
    return serializers.page(found, serializers.reservation)


@v1.get("/reservations/{id}", responses.Reservation, tag="reservations")
def get_reservation(call: ApiRequest, id: int) -> Json:
    """Get a reservation as it stands."""
    return serializers.reservation(stock.get_reservation(connection(), id))


@v1.write(
    "POST", "/reservations/{id}/unreserve", responses.WrittenReservation, role="operator",
    body=operations.UnreserveBody, body_needed=False, tag="reservations", status=200,
    refusals=("OVER_UNRESERVE",),
)  # fmt: skip
def unreserve(call: ApiRequest, id: int) -> WriteResult:
    """Unreserve the open quantity of a reservation, or a part of it."""
    return call.post(reservation_id=id)
