"""List operations, newest first."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.queries.pagination import USUAL_ROWS, CursorScope, Page, id_key, in_order, read_page
from inventory.stock.entities import Operation
from inventory.stock.queries import read_operation_headers
from inventory.stock.statements import operations


def list_operations(
    conn: Connection, *, limit: int = USUAL_ROWS, cursor: object = None
) -> Page[Operation]:
    """Return operations without their entries, newest first."""
    place = CursorScope("operations", {}, (id_key,))
    chosen = sa.select(operations.c.id).order_by(operations.c.id.desc())
    if after := place.position_of(cursor):
        chosen = chosen.where(operations.c.id < after[0])
    return read_page(
        conn,
        chosen,
        place,
        limit,
        lambda row: (row.id,),
        lambda conn, ids: in_order(read_operation_headers(conn, ids), ids),
    )
