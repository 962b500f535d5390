"""Allocate ids and insert many rows with one statement, on both databases."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Connection

from inventory.common.chunks import chunks
from inventory.common.progress import SILENT, Progress

#: From this many rows on, PostgreSQL gets one array per column. For a VALUES list of 1,000 rows the
#: driver took four times as long.
_AS_ARRAYS = 8
#: Up to this many ids are drawn one by one, which took half as long as `generate_series`.
_FEW = 8


def allocate_ids(tx: Connection, counts: Mapping[sa.Table, int]) -> dict[sa.Table, Sequence[int]]:
    """Allocate primary keys for the rows of each table in one query.

    PostgreSQL draws them from the sequences. SQLite continues after max(id), as it has one writer.

    Args:
        counts: the number of ids for each table.

    Returns:
        The ids of each table, in ascending order.
    """
    tables = tuple(counts)
    if tx.dialect.name == "sqlite":
        last = tx.execute(_last_ids(tables)).one()
        return {
            table: range(before + 1, before + 1 + counts[table])
            for table, before in zip(tables, last, strict=True)
        }
    if sum(counts.values()) <= _FEW:
        few = tuple(table for table in tables for _ in range(counts[table]))
        drawn = list(zip(few, tx.execute(_next_few(few)).one(), strict=True))
    else:
        wanted = {table.name: count for table, count in counts.items()}
        drawn = [(tables[at], id) for at, id in tx.execute(_next_ids(tables), wanted)]
    return {table: sorted(id for of, id in drawn if of is table) for table in tables}


@functools.cache
def _last_ids(tables: tuple[sa.Table, ...]) -> sa.Select[Any]:
    last = (sa.func.coalesce(sa.func.max(table.c.id), 0) for table in tables)
    return sa.select(*(sa.select(one).scalar_subquery() for one in last))


@functools.cache
def _next_few(tables: tuple[sa.Table, ...]) -> Any:
    return sa.select(*(_next(table).label(f"id_{number}") for number, table in enumerate(tables)))


def _next(table: sa.Table) -> sa.ColumnElement[int]:
    return sa.literal_column(f"nextval('{table.name}_id_seq')", sa.BigInteger)


@functools.cache
def _next_ids(tables: tuple[sa.Table, ...]) -> sa.CompoundSelect[Any]:
    return sa.union_all(
        *(
            sa.select(sa.literal_column(str(at)), _next(table)).select_from(
                sa.func.generate_series(1, sa.bindparam(table.name, type_=sa.Integer))
            )
            for at, table in enumerate(tables)
        )
    )


def insert(
    tx: Connection,
    table: sa.Table,
    rows: Sequence[dict[str, Any]],
    progress: Progress = SILENT,
) -> None:
    """Insert the rows, which all have the same columns, in chunks of 1,000."""
    for some in chunks(rows):
        _insert(tx, table, some)
        progress.step(len(some))


def _insert(tx: Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
    if len(rows) == 1:
        tx.execute(_plain(table), rows[0])
    elif tx.dialect.name == "sqlite" or len(rows) < _AS_ARRAYS:
        tx.execute(_plain(table), rows)
    else:
        names = tuple(rows[0])
        arrays = {name: [row[name] for row in rows] for name in names}
        tx.execute(_from_arrays(table, names), arrays)


@functools.cache
def _plain(table: sa.Table) -> Any:
    return sa.insert(table).inline()


@functools.cache
def _from_arrays(table: sa.Table, names: tuple[str, ...]) -> Any:
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
    return sa.insert(table).from_select(names, rows, include_defaults=False)
