"""Fingerprint of a database: figures that two copies of it must share."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.db import schema_version
from inventory.verification import digests


def tables(conn: Connection) -> list[str]:
    """Return the names of all tables, in alphabetical order."""
    return sorted(sa.inspect(conn).get_table_names())


def counts(conn: Connection) -> dict[str, int]:
    """Return the number of rows of each table."""
    ask = "SELECT count(*) FROM {}"
    return {
        name: conn.exec_driver_sql(ask.format(conn.dialect.identifier_preparer.quote(name)))
        .scalar_one()
        for name in tables(conn)
    }  # fmt: skip


def database_fingerprint(conn: Connection) -> dict[str, Any]:
    """Return schema version, rows per table and a hash over all lots' last entries."""
    found = counts(conn)
    balances = digests.balances_hash_of(conn) if "inventory_ledger" in found else ""
    return {
        "schema": schema_version.current_version(conn) or "none",
        "tables": found,
        "heads": balances,
    }


def differences(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Return the differences of two fingerprints as messages; empty if equal."""
    message = []
    if expected["schema"] != found["schema"]:
        message.append(f"schema version {found['schema']} instead of {expected['schema']}")
    for name in sorted({*expected["tables"], *found["tables"]}):
        wanted, got = expected["tables"].get(name), found["tables"].get(name)
        if wanted != got:
            message.append(f"{_rows(got)} in {name} instead of {_rows(wanted)}")
    if expected["heads"] != found["heads"]:
        message.append("the balances of lots differ")
    return message


def _rows(count: int | None) -> str:
    return "no table" if count is None else f"{count} rows"
