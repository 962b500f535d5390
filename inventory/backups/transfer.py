"""Move a whole site to another database, of the same or the other kind.

Everything is copied in one transaction of the target, with all its constraints and triggers; then
both databases are read and compared by row and by item. The source is only read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory import verification
from inventory.backups import fingerprint, postgresql, sqlite
from inventory.common.errors import EnvironmentProblem
from inventory.db import Base, schema_version, snapshot, temporary_engine, write_transaction
from inventory.models import table
from inventory.models.balances import ItemBalance, LotBalance, OpenReservationLine

BATCH = 5_000
#: Rows per COPY; the triggers run once per COPY.
CHUNK = 50_000
#: Tables that the target's triggers fill.
DERIVED = {table(model).name for model in (LotBalance, ItemBalance, OpenReservationLine)}

item_balances = table(ItemBalance)


@dataclass(frozen=True, slots=True)
class TransferResult:
    """What was moved, after both sides were found equal."""

    rows: dict[str, int]
    items: int
    balances_hash: str
    report: verification.Report


def require_empty_target(url: sa.URL) -> None:
    """Require that the target has no rows; empty tables are allowed.

    Raises:
        EnvironmentProblem: a table has rows.
    """
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return
    with temporary_engine(url) as engine, snapshot(engine) as conn:
        held = [name for name, rows in fingerprint.counts(conn).items() if rows and _is_ours(name)]
    if held:
        raise EnvironmentProblem(
            f"The target is not empty: there are rows in {', '.join(held[:5])}. Create a new"
            " database; a move never overwrites data."
        )


def _is_ours(name: str) -> bool:
    """Return whether the table is neither the schema version nor a search index's."""
    return name != schema_version.TABLE and "_search" not in name


def move(source: sa.URL, target: sa.URL, migrations: Path) -> TransferResult:
    """Copy everything into an empty target that has this program's schema.

    Raises:
        EnvironmentProblem: the target is not empty, the source is in use or has another schema
            version, or the copy differs.
    """
    require_empty_target(target)
    with ExitStack() as stack:
        stack.enter_context(_exclusive_source(source))
        reader = stack.enter_context(snapshot(stack.enter_context(temporary_engine(source))))
        standing = schema_version.schema_status(reader, migrations)
        if not standing.is_current:
            raise EnvironmentProblem(f"The move cannot begin: {standing}")
        to = stack.enter_context(temporary_engine(target))
        with write_transaction(to) as tx:
            sums = {name.name: _copy(reader, tx, name) for name in _tables()}
            _set_sequences(tx)
        with snapshot(to) as copy:
            return _compared(reader, copy, sums)


def _tables() -> list[sa.Table]:
    return [one for one in Base.metadata.sorted_tables if one.name not in DERIVED]


@contextmanager
def _exclusive_source(source: sa.URL) -> Iterator[None]:
    """Keep others from writing to the source; later writes would not be copied."""
    if source.get_backend_name() == "sqlite":
        with sqlite.serving(source, alone=True):
            yield
        return
    with temporary_engine(source) as engine, snapshot(engine) as conn:
        postgresql.require_alone(conn)
    yield


def _copy(reader: Connection, tx: Connection, what: sa.Table) -> tuple[int, int]:
    """Copy a table; return the number of rows and the sum of their hashes."""
    count, total = 0, 0
    for rows in _rows(reader, what):
        (_put_postgresql if tx.dialect.name == "postgresql" else _put)(tx, what, rows)
        count += len(rows)
        total += _sum(rows)
    return count, total


def _rows(reader: Connection, what: sa.Table) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the rows in chunks, ordered by key: an entry follows its predecessor."""
    ordered = sa.select(*what.c).order_by(*what.primary_key.columns)
    found = reader.execution_options(yield_per=BATCH).execute(ordered)
    chunk: list[tuple[Any, ...]] = []
    for batch in found.partitions():
        chunk += [tuple(map(_plain, row)) for row in batch]
        if len(chunk) >= CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


def _put(tx: Connection, what: sa.Table, rows: Sequence[tuple[Any, ...]]) -> None:
    names = what.c.keys()
    tx.execute(sa.insert(what), [dict(zip(names, row, strict=True)) for row in rows])


def _put_postgresql(tx: Connection, what: sa.Table, rows: Sequence[tuple[Any, ...]]) -> None:
    names = ", ".join(what.c.keys())
    with tx.connection.cursor().copy(f"COPY {what.name} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _sum(rows: Sequence[tuple[Any, ...]]) -> int:
    """Return the sum of the rows' hashes, equal for the same rows in any order."""
    return sum(
        int.from_bytes(hashlib.sha256(repr([*map(_canonical, row)]).encode()).digest())
        for row in rows
    )


def _canonical(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _set_sequences(tx: Connection) -> None:
    """Set PostgreSQL's sequences after the last ids; SQLite has none."""
    if tx.dialect.name != "postgresql":
        return
    for what in _counted():
        tx.exec_driver_sql(
            f"SELECT setval(pg_get_serial_sequence('{what.name}', 'id'), max(id))"  # noqa: S608
            f" FROM {what.name} HAVING max(id) > 0"
        )


def _counted() -> list[sa.Table]:
    """Return the tables whose ids the database assigns."""
    return [
        one
        for one in _tables()
        if "id" in one.c and isinstance(one.c.id.type, sa.Integer) and one.c.id.primary_key
    ]


def next_ids(conn: Connection) -> dict[str, int]:
    """Return the id that the next row of each table gets."""
    found = {}
    for what in _counted():
        last = conn.execute(sa.select(sa.func.max(what.c.id))).scalar() or 0
        found[what.name] = last + 1
        if conn.dialect.name == "postgresql":
            sequence = conn.exec_driver_sql(
                f"SELECT pg_get_serial_sequence('{what.name}', 'id')"
            ).scalar_one()
            found[what.name] = conn.exec_driver_sql(
                f"SELECT last_value + is_called::int FROM {sequence}"  # noqa: S608
            ).scalar_one()
    return found


def _compared(
    source: Connection, copy: Connection, sums: dict[str, tuple[int, int]]
) -> TransferResult:
    """Compare both databases and return the result.

    Raises:
        EnvironmentProblem: they differ.
    """
    for what in _tables():
        count, total = 0, 0
        for rows in _rows(copy, what):
            count += len(rows)
            total += _sum(rows)
        if (count, total) != sums[what.name]:
            expected = sums[what.name][0]
            _raise_difference(
                f"{what.name} has {count} rows, instead of {expected}, or they differ"
            )
    following = next_ids(copy)
    for what in _counted():
        if following[what.name] <= (copy.execute(sa.select(sa.func.max(what.c.id))).scalar() or 0):
            _raise_difference(f"the next id of {what.name} is in use")
    old, new = fingerprint.database_fingerprint(source), fingerprint.database_fingerprint(copy)
    if old["heads"] != new["heads"]:
        _raise_difference("the balances of lots differ")
    figures = [dict(_figures(conn)) for conn in (source, copy)]
    if figures[0] != figures[1]:
        _raise_difference("the figures of items differ")
    report = verification.verify(copy)
    counts = {name: count for name, (count, _) in sums.items()}
    return TransferResult(counts, len(figures[1]), new["heads"], report)


def _figures(conn: Connection) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Yield the sums of each item's lots."""
    for row in conn.execute(sa.select(*item_balances.c)):
        yield row.item_id, tuple(row)


def _raise_difference(what: str) -> NoReturn:
    raise EnvironmentProblem(
        f"The move did not succeed: {what}. Keep the old database, and create the target again."
    )
