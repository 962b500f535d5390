"""Fill the keys by which codes that look alike are found, and by which codes are sorted.

The keys are derived data. Rows of before the keys have none, until the migrations have run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.common.lookalikes import look_key
from inventory.common.sort_keys import natural_key

#: Each table with the columns of its code and of what the code is unique in, and its other text to
#: sort by with the key of that.
_TABLES: dict[str, tuple[str, tuple[str, ...], dict[str, str]]] = {
    "items": ("code", (), {"name": "name_key"}),
    "inventory_lots": ("lot_code", ("item_id",), {}),
}
#: Rows that are filled at once.
_CHUNK = 500


def fill(conn: Connection) -> int:
    """Give every item and lot without a key its key and its number; return how many."""
    return sum(_fill(conn, name, *columns) for name, columns in _TABLES.items())


def recompute(conn: Connection) -> None:
    """Compute all keys again, as after a change of what looks alike."""
    for name in _TABLES:
        table = sa.table(name, sa.column("look_key"))
        conn.execute(sa.update(table).values(look_key=None))
    fill(conn)


def _fill(
    conn: Connection, name: str, code: str, within: Sequence[str], more: Mapping[str, str]
) -> int:
    """Number the codes that look alike in the order of their ids."""
    columns = ["id", code, "look_key", "look_no", "sort_key", *within, *more, *more.values()]
    table = sa.table(name, *map(sa.column, columns))
    scope = [table.c[column] for column in within]
    missing = sa.select(table.c.id, table.c[code].label("code"), *scope)
    missing = missing.add_columns(*(table.c[text] for text in more))
    missing = missing.where(table.c.look_key.is_(None)).order_by(table.c.id).limit(_CHUNK)
    change = (
        sa.update(table)
        .where(table.c.id == sa.bindparam("of"))
        .values(
            {"look_key": sa.bindparam("key"), "look_no": sa.bindparam("no")}
            | {"sort_key": sa.bindparam("sort")}
            | {key: sa.bindparam(f"sort_{text}") for text, key in more.items()}
        )
    )
    filled = 0
    while rows := conn.execute(missing).all():
        keys = {look_key(row.code) for row in rows}
        used = sa.select(table.c.look_key, *scope, sa.func.max(table.c.look_no))
        used = used.where(table.c.look_key.in_(keys)).group_by(table.c.look_key, *scope)
        last = {tuple(row[:-1]): row[-1] for row in conn.execute(used)}
        changes = []
        for row in rows:
            place = (look_key(row.code), *(getattr(row, column) for column in within))
            last[place] = last.get(place, -1) + 1
            changes.append(
                {"of": row.id, "key": place[0], "no": last[place], "sort": natural_key(row.code)}
                | {f"sort_{text}": natural_key(getattr(row, text)) for text in more}
            )
        conn.execute(change, changes)
        filled += len(rows)
    return filled
