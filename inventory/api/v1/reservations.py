"""Promises of stock."""

from __future__ import annotations

from inventory import listing, stock
from inventory.api import answers, bodies, queries, schemas
from inventory.api.endpoints import Answered, Call, Json
from inventory.api.v1.routes import v1
from inventory.db import connection


@v1.write(
    "POST", "/reservations", schemas.WrittenReservation, role="operator",
    body=bodies.ReservationBody, tag="reservations",
    refusals=("INSUFFICIENT_STOCK", "QC_BLOCKED", "LOT_EXPIRED"),
)  # fmt: skip
def reserve(call: Call) -> Answered:
    """Promise free stock to a reference.

    From the lots named, or from those that the strategy chooses: fefo (earliest expiry first,
    the default) or fifo. All of it or nothing.
    """
    return call.post()


@v1.get(
    "/reservations",
    schemas.ReservationPage,
    query=queries.Reservations,
    tag="reservations",
)
def list_reservations(call: Call) -> Json:
    """List reservations, newest first."""
    found = listing.list_reservations(connection(), **call.query.filters())
    return answers.page(found, answers.reservation)


@v1.get("/reservations/{id}", schemas.Reservation, tag="reservations")
def get_reservation(call: Call, id: int) -> Json:
    """Get a reservation as it stands."""
    return answers.reservation(stock.get_reservation(connection(), id))


@v1.write(
    "POST", "/reservations/{id}/unreserve", schemas.WrittenReservation, role="operator",
    body=bodies.UnreserveBody, body_needed=False, tag="reservations", status=200,
    refusals=("OVER_UNRESERVE",),
)  # fmt: skip
def unreserve(call: Call, id: int) -> Answered:
    """Give back what a reservation holds: all that is open, or a quantity."""
    return call.post(reservation_id=id)
