"""List linked barcodes, newest first."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.barcodes import CodeLink, read_links
from inventory.barcodes.links import codes
from inventory.queries.pagination import USUAL_ROWS, CursorScope, Page, id_key, in_order, read_page
from inventory.queries.search import contains_text, id_of_item, validate_search


def list_codes(
    conn: Connection,
    *,
    item: object = None,
    lot: int | None = None,
    q: object = None,
    limit: int = USUAL_ROWS,
    cursor: object = None,
) -> Page[CodeLink]:
    """Return linked barcodes, newest first.

    Args:
        lot: only those of this lot (id).
        q: text to find in the code.
    """
    q = validate_search(q)
    place = CursorScope("codes", {"item": item, "lot": lot, "q": q}, (id_key,))
    chosen = sa.select(codes.c.id).order_by(codes.c.id.desc())
    if item is not None:
        chosen = chosen.where(codes.c.item_id == id_of_item(conn, item))
    if lot is not None:
        chosen = chosen.where(codes.c.lot_id == lot)
    if q:
        chosen = chosen.where(contains_text(conn, q, codes.c.code))
    if after := place.position_of(cursor):
        chosen = chosen.where(codes.c.id < after[0])
    return read_page(
        conn,
        chosen,
        place,
        limit,
        lambda row: (row.id,),
        lambda conn, ids: in_order(read_links(conn, ids=ids), ids),
    )
