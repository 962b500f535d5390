"""Lookups of the floor app: a scan, and the snapshot for offline use."""

from __future__ import annotations

import hashlib
from typing import Any

import sqlalchemy as sa
from flask import Response, request

from inventory import barcodes, queries
from inventory.common import clock
from inventory.db import connection
from inventory.http.json_codec import to_camel_case, to_json
from inventory.models import Code, table
from inventory.stock import queries as stock
from inventory.stock.balance_filters import lot_balances
from inventory.stock.statements import items
from inventory.web.auth.permissions import role_required
from inventory.web.floor.blueprint import answer, blueprint
from inventory.web.floor.serializers import (
    found_record,
    item_record,
    link_record,
    lot_record,
    reservation_record,
)

codes_table = table(Code)

#: A tablet keeps only the newest of each.
MAX_LOTS = 2000
MAX_ITEMS = 2000
MAX_RESERVATIONS = 500
MAX_CODES = 5000
#: A job with more reservations is shown in part.
MAX_OF_JOB = 200


@blueprint.get("/lookup")
@role_required("operator")
def look_up() -> Response:
    """Return the meaning of a scan, with its items, lots and linked barcodes.

    Raises:
        InvalidCode: the scan cannot be read.
    """
    found = barcodes.resolve(connection(), request.args.get("scan"))
    if found.kind == "unknown" and (job := _job(found.scan.text)):
        return answer(job)
    several = [found, *found.choices]
    keys = [found.scan.key] if found.scan.key else []
    today = clock.today()
    known = {one.item.id: one.item for one in several if one.item}
    lots = [one.lot for one in several if one.lot]
    if found.kind == "item" and found.item:
        lots += stock.get_stocked_lots(connection(), [found.item.id])
    return answer(
        found_record(found)
        | {
            "items": [item_record(item) for item in known.values()],
            "lots": [lot_record(lot, today) for lot in lots],
            "codes": [link_record(link) for link in barcodes.read_links(connection(), codes_=keys)],
        }
    )


@blueprint.get("/reservations")
@role_required("operator")
def reservations() -> Response:
    """Return the open reservations of a job, with their items and lots."""
    return answer(_job(request.args.get("reference", "")) or {})


def _job(text: str) -> dict[str, Any] | None:
    """Return the open reservations of a job, or None if there are none."""
    if not 0 < len(text) <= 100:
        return None
    page = queries.list_reservations(connection(), reference=text, open=True, limit=MAX_OF_JOB)
    if not page.rows:
        return None
    lots = {line.lot.id: line.lot for row in page.rows for line in row.lines}
    return {
        "kind": "job",
        "job": text,
        "items": [item_record(row.item) for row in page.rows],
        "lots": [lot_record(lot, clock.today()) for lot in lots.values()],
        "reservations": [reservation_record(row) for row in page.rows],
    }


@blueprint.get("/snapshot")
@role_required("operator")
def snapshot() -> Response:
    """Return the newest items, lots with stock, barcodes and open reservations.

    The response is 304 if the tablet already has this snapshot.
    """
    content = to_json(to_camel_case(_snapshot()))
    response = Response(content, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    response.set_etag(hashlib.sha256(content).hexdigest()[:16], weak=True)
    response.make_conditional(request.environ)
    return response


def _snapshot() -> dict[str, Any]:
    conn, today = connection(), clock.today()
    newest = sa.select(lot_balances.c.lot_id).where(lot_balances.c.stocked)
    lot_ids = conn.execute(newest.order_by(lot_balances.c.lot_id.desc()).limit(MAX_LOTS)).scalars()
    lots = stock.read_lots(conn, lot_ids)
    item_ids = (
        sa.select(items.c.id).where(items.c.archived_at.is_(None)).order_by(items.c.id.desc())
    )
    known = {lot.item.id: lot.item for lot in lots}
    fresh = set(conn.execute(item_ids.limit(MAX_ITEMS)).scalars()) - set(known)
    known |= {item.id: item for item in stock.read_items(conn, ids=fresh)}
    newest_codes = sa.select(codes_table.c.id).order_by(codes_table.c.id.desc()).limit(MAX_CODES)
    links = barcodes.read_links(conn, ids=conn.execute(newest_codes).scalars())
    open_ids = stock.open_reservation_ids(conn)[-MAX_RESERVATIONS:]
    return {
        "today": today.isoformat(),
        "items": [item_record(known[id]) for id in sorted(known)],
        "lots": [lot_record(lot, today) for lot in lots],
        "codes": [link_record(link) for link in links],
        "reservations": [
            reservation_record(reservation)
            for reservation in stock.read_reservations(conn, open_ids)
        ],
    }
