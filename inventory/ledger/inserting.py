"""One statement for many rows, on both databases."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Connection

from inventory.chunks import chunks
from inventory.progress import SILENT, Progress

#: From so many rows on PostgreSQL takes them as one array a column: the driver spends four
#: times as long on a VALUES list of a thousand rows.
_AS_ARRAYS = 8


def insert(
    tx: Connection,
    table: sa.Table,
    rows: Sequence[dict[str, Any]],
    progress: Progress = SILENT,
) -> Sequence[int]:
    """Insert the rows, which all have the same columns; their ids, in the same order."""
    ids: list[int] = []
    for some in chunks(rows):
        ids += _insert(tx, table, some)
        progress.step(len(some))
    return ids


def _insert(tx: Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> Sequence[int]:
    if tx.dialect.name == "sqlite" or len(rows) < _AS_ARRAYS:
        return tx.execute(_plain(table), rows).scalars().all()
    names = tuple(rows[0])
    arrays = {name: [row[name] for row in rows] for name in names}
    return sorted(tx.execute(_from_arrays(table, names), arrays).scalars())


@functools.cache
def _plain(table: sa.Table) -> Any:
    return sa.insert(table).returning(table.c.id, sort_by_parameter_order=True)


@functools.cache
def _from_arrays(table: sa.Table, names: tuple[str, ...]) -> Any:
    """Ids are drawn in the order of the rows, so sorted ids stand in that order too."""
    arrays = [
        sa.cast(sa.bindparam(name, type_=ARRAY(table.c[name].type)), ARRAY(table.c[name].type))
        for name in names
    ]
    columns = [sa.column(name, table.c[name].type) for name in names]
    new = (
        sa.func.unnest(*arrays)
        .table_valued(*columns, with_ordinality="position")
        .render_derived(name="new")
    )
    rows = sa.select(*(new.c[name] for name in names)).order_by(new.c.position)
    return sa.insert(table).from_select(names, rows, include_defaults=False).returning(table.c.id)
