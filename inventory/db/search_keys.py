"""Fill the keys by which items, lots and reservations are found (common/search_keys.py).

The keys are derived data. Rows of before the keys, and those that an older program writes during an
upgrade, have none until the next run of the migrations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Connection

from inventory.common.search_keys import item_key, lot_key, reservation_key
from inventory.db import search_index

#: The columns that are searched in each table, with the function of the key.
SEARCHED: dict[str, tuple[tuple[str, ...], Callable[..., str]]] = {
    "items": (("code", "name"), item_key),
    "inventory_lots": (("lot_code", "supplier_lot"), lot_key),
    "reservations": (("reference",), reservation_key),
}
#: Rows that are filled at once.
_CHUNK = 5000


def fill(conn: Connection) -> int:
    """Give every row without a key its key; return how many."""
    filled = sum(_write(conn, name, only_missing=True) for name in SEARCHED)
    if filled:
        search_index.merge(conn)
    return filled


def recompute(conn: Connection) -> int:
    """Compute all keys again, as after a change of the folding; return how many differed."""
    return sum(_write(conn, name, only_missing=False) for name in SEARCHED)


def _write(conn: Connection, name: str, *, only_missing: bool) -> int:
    columns, key_of = SEARCHED[name]
    table = sa.table(name, *map(sa.column, ("id", "search_key", *columns)))
    change = _change(conn.dialect.name, table)
    changed = 0
    for rows in _chunks(conn, table, only_missing):
        keys = [(row.id, row.search_key, key_of(*row[2:])) for row in rows]
        differing = [(id, key) for id, old, key in keys if key != old]
        if not differing:
            continue
        changed += len(differing)
        if conn.dialect.name == "postgresql":
            ids, new = zip(*differing, strict=True)
            conn.execute(change, {"ids": list(ids), "keys": list(new)})
        else:
            conn.execute(change, [{"of": id, "key": key} for id, key in differing])
    return changed


def _chunks(
    conn: Connection, table: sa.TableClause, only_missing: bool
) -> Iterator[list[sa.Row[tuple[object, ...]]]]:
    chosen = sa.select(*table.c).order_by(table.c.id).limit(_CHUNK)
    if only_missing:
        chosen = chosen.where(table.c.search_key.is_(None))
    last = 0
    while rows := list(conn.execute(chosen.where(table.c.id > last)).all()):
        yield rows
        last = rows[-1].id


def _change(dialect: str, table: sa.TableClause) -> sa.Update:
    if dialect != "postgresql":
        return (
            sa.update(table)
            .where(table.c.id == sa.bindparam("of"))
            .values(search_key=sa.bindparam("key"))
        )
    ids = sa.bindparam("ids", type_=ARRAY(sa.BigInteger))
    keys = sa.bindparam("keys", type_=ARRAY(sa.Text))
    new = (
        sa.func.unnest(sa.cast(ids, ARRAY(sa.BigInteger)), sa.cast(keys, ARRAY(sa.Text)))
        .table_valued("id", "key", name="new")
        .render_derived()
    )
    return sa.update(table).where(table.c.id == new.c.id).values(search_key=new.c.key)
