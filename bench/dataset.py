"""Fill databases with warehouses of 1,000 to 1,000,000 entries and verify them.

    python -m bench.dataset [sqlite|postgresql] [--entries 1000 100000 1000000] [--new]

Rows are inserted in bulk, without the service, into the same schema with all triggers and
constraints. Databases are kept only if `verify` finds 0 differences. They are reused by the other
benchmarks (in DIRECTORY, bench/databases.py) until `--new`.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from flask import Flask

from bench import results
from bench.databases import BenchDatabases, bench_databases
from bench.warehouse import USER, Rows, Warehouse
from inventory import create_app, verification
from inventory.accounts import users
from inventory.common import clock
from inventory.config import Config
from inventory.db import Base, code_keys, db, search_keys, snapshot, triggers
from tests.support.databases import KINDS, migrate

SIZES = (1_000, 100_000, 1_000_000)
NAME, PASSWORD = "bench", "a quiet warehouse"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database", nargs="?", choices=KINDS, default="sqlite")
    parser.add_argument("--entries", type=int, nargs="+", default=SIZES)
    parser.add_argument("--new", action="store_true", help="create them again")
    parser.add_argument("--verify", action="store_true", help="verify existing ones again")
    options = parser.parse_args()
    with bench_databases(options.database) as databases:
        for entries in options.entries:
            if options.new:
                databases.drop(database_name(entries))
            url = ensure(databases, entries)
            if options.verify:
                with application(url) as app, app.app_context():
                    check(entries, databases.kind)


def database_name(entries: int) -> str:
    return f"bench_{entries}"


def ensure(databases: BenchDatabases, entries: int) -> str:
    """Return the URL of a migrated database with that many entries, created if needed."""
    name = database_name(entries)
    if not databases.has(name):
        new_name = f"{name}_new"
        databases.drop(new_name)
        databases.create(new_name)
        url = databases.url(new_name)
        migrate(url)
        with application(url) as app, app.app_context():
            fill(entries)
            check(entries, databases.kind)
        databases.rename(new_name, name)
    else:
        migrate(databases.url(name))
        databases.analyze(name)
    return databases.url(name)


@contextmanager
def application(url: str) -> Iterator[Flask]:
    """Create an application for the database, without an application context."""
    with tempfile.TemporaryDirectory() as directory:
        app = create_app(Config.from_env({"DATABASE_URL": url, "INSTANCE_PATH": directory}))
        try:
            yield app
        finally:
            with app.app_context():
                db.session.remove()
                db.engine.dispose()


def fill(entries: int) -> None:
    began = time.monotonic()
    user = users.create_user(name=NAME, password=PASSWORD, role="admin")
    assert user.id == USER, "the database must be empty"
    warehouse = Warehouse(entries, longest=entries // 10, now=clock.now())
    for rows in warehouse.chunks():
        with db.engine.connect().execution_options(write=True) as connection, connection.begin():
            load(connection, rows)
    _finish()
    seconds = time.monotonic() - began
    print(f"{entries} entries made in {seconds:.0f} s ({entries / seconds:,.0f}/s)", flush=True)


def load(connection: sa.Connection, rows: Rows) -> None:
    """Insert a chunk of rows, in the order of the foreign keys."""
    copy = _copy if connection.dialect.name == "postgresql" else _insert
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    for name in ("items", "inventory_lots", "operations", "reservations", "inventory_ledger",
                 "qc_decisions", "write_requests"):  # fmt: skip
        if found := getattr(rows, name):
            copy(connection, name, found)
    lots = Base.metadata.tables["inventory_lots"]
    if rows.statuses:
        connection.execute(
            sa.update(lots)
            .where(lots.c.id == sa.bindparam("lot_id"))
            .values(qc_status=sa.bindparam("status")),
            [{"lot_id": id, "status": status} for id, status in rows.statuses.items()],
        )


def _copy(connection: sa.Connection, table: str, rows: Sequence[dict[str, Any]]) -> None:
    cursor = connection.connection.cursor()
    with cursor.copy(f"COPY {table} ({', '.join(rows[0])}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(list(row.values()))


def _insert(connection: sa.Connection, table: str, rows: Sequence[dict[str, Any]]) -> None:
    placeholders = ", ".join("?" * len(rows[0]))
    cursor = connection.connection.cursor()
    cursor.executemany(
        f"INSERT INTO {table} ({', '.join(rows[0])}) VALUES ({placeholders})",
        ([_plain(value) for value in row.values()] for row in rows),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    return value.isoformat() if isinstance(value, date) else value


def _finish() -> None:
    """Fill keys, set sequences and collect statistics, as in a database that grew to this size."""
    with db.engine.connect().execution_options(write=True) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        code_keys.fill(connection)
        search_keys.fill(connection)
        if connection.dialect.name == "postgresql":
            for table in Rows.__dataclass_fields__:
                if table != "statuses":
                    connection.exec_driver_sql(
                        f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id))"
                        f" FROM {table} HAVING max(id) > 0"
                    )
            connection.exec_driver_sql("ANALYZE")  # on SQLite the product does not run it either


def check(entries: int, kind: str) -> None:
    with snapshot() as reader:
        assert triggers.missing(reader) == [], "a trigger is missing"
        report = verification.verify(reader, processes=os.cpu_count() or 1)
    print(
        f"{kind}: {report.entries} entries verified in {report.seconds:.1f} s"
        f" ({report.entries / report.seconds:,.0f}/s), {report.count} differences",
        flush=True,
    )
    speed = round(report.entries / report.seconds)
    results.save(f"verify-{entries}", kind, {"entries": report.entries, "a second": speed})
    if not report.ok or report.entries < entries:
        raise SystemExit("\n".join(map(str, report.findings[:10])))


if __name__ == "__main__":
    main()
