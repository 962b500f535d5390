"""Verify that the ledger's triggers and constraints are in place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.db import triggers
from inventory.models import (
    InventoryLedger,
    InventoryLot,
    LotCount,
    Operation,
    QcDecision,
    Reservation,
    WriteRequest,
    table,
)
from inventory.verification.findings import Finding

_HELD = [
    table(model)
    for model in (
        InventoryLedger,
        InventoryLot,
        LotCount,
        Operation,
        QcDecision,
        Reservation,
        WriteRequest,
    )
]


def check(conn: Connection) -> Iterator[Finding]:
    """Yield missing rules and, on SQLite, rows that break a foreign key."""
    yield from enforced(conn)
    if conn.dialect.name == "sqlite":
        for child, row, parent, _ in conn.exec_driver_sql("PRAGMA foreign_key_check"):
            yield Finding(child, row, f"refers to a row of {parent} that does not exist")


def enforced(conn: Connection) -> Iterator[Finding]:
    """Yield missing or disabled triggers and constraints, without reading rows."""
    for name in triggers.missing(conn):
        yield Finding("schema", None, f"the trigger {name} is missing or altered")
    existing = _constraint_names(conn)
    for held in _HELD:
        for constraint in held.constraints:
            if constraint.name and str(constraint.name) not in existing:
                yield Finding("schema", None, f"the constraint {constraint.name} is missing")
    if conn.dialect.name == "postgresql":
        for name in conn.exec_driver_sql(
            "SELECT conname FROM pg_constraint WHERE NOT convalidated"
            " UNION SELECT tgname FROM pg_trigger WHERE tgenabled NOT IN ('O', 'A')"
        ).scalars():
            yield Finding("schema", None, f"{name} is not enforced")


def _constraint_names(conn: Connection) -> set[str]:
    """Return the names of all constraints, with one query for each kind instead of each table."""
    inspector = sa.inspect(conn)
    names = [held.name for held in _HELD]
    by_table: list[dict[Any, Any]] = [
        dict(inspector.get_multi_check_constraints(filter_names=names)),
        dict(inspector.get_multi_unique_constraints(filter_names=names)),
        dict(inspector.get_multi_foreign_keys(filter_names=names)),
    ]
    found = {str(one["name"]) for kind in by_table for listed in kind.values() for one in listed}
    keys = dict(inspector.get_multi_pk_constraint(filter_names=names))
    return found | {str(key["name"]) for key in keys.values()}
