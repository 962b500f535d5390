"""What a tablet keeps to look things up without a connection."""

from __future__ import annotations

import hashlib
from typing import Any

import sqlalchemy as sa
from flask import Response, request

from inventory import clock, stock
from inventory.db import connection
from inventory.http_json import camel, to_json
from inventory.stock import heads, items
from inventory.web.floor.records import item_record, lot_record, reservation_record
from inventory.web.floor.routes import blueprint
from inventory.web.roles import requires

#: A tablet keeps the newest of each: so many lots with stock, items, and open reservations.
MOST_LOTS = 2000
MOST_ITEMS = 2000
MOST_RESERVATIONS = 500


@blueprint.get("/snapshot")
@requires("operator")
def snapshot() -> Response:
    """Items, lots with stock and open reservations, the newest of them; 304 where the tablet has
    the same already."""
    content = to_json(camel(_snapshot()))
    response = Response(content, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    response.set_etag(hashlib.sha256(content).hexdigest()[:16], weak=True)
    response.make_conditional(request.environ)
    return response


def _snapshot() -> dict[str, Any]:
    conn, today = connection(), clock.today()
    newest = sa.select(heads.c.lot_id).where(heads.c.on_hand > 0)
    lot_ids = conn.execute(newest.order_by(heads.c.lot_id.desc()).limit(MOST_LOTS)).scalars()
    lots = stock.read_lots(conn, lot_ids)
    item_ids = (
        sa.select(items.c.id).where(items.c.archived_at.is_(None)).order_by(items.c.id.desc())
    )
    known = {lot.item.id: lot.item for lot in lots}
    fresh = set(conn.execute(item_ids.limit(MOST_ITEMS)).scalars()) - set(known)
    known |= {item.id: item for item in stock.read_items(conn, ids=fresh)}
    open_ids = stock.open_reservation_ids(conn)[-MOST_RESERVATIONS:]
    return {
        "today": today.isoformat(),
        "items": [item_record(known[id]) for id in sorted(known)],
        "lots": [lot_record(lot, today) for lot in lots],
        "reservations": [
            reservation_record(one) for one in stock.read_reservations(conn, open_ids)
        ],
    }
