"""Triggers: some keep tables append-only, some update the balance tables.

Alembic's batch mode drops SQLite's triggers with the table it rebuilds, so migrations/env.py
installs them again after every upgrade. `missing` finds triggers that are absent or differ.
"""

# ruff: noqa: S608 - every name in these statements is defined in this file

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.db import balance_triggers, search_index

#: Append-only tables, each with the column lists that identify a row.
APPEND_ONLY: dict[str, tuple[tuple[str, ...], ...]] = {
    "inventory_ledger": (("id",), ("lot_id", "lot_seq"), ("reservation_id", "lot_id", "line_seq")),
    "operations": (("id",), ("reverses_id",)),
    "reservations": (("id",),),
    "qc_decisions": (("id",), ("lot_id", "decision_seq")),
    "lot_counts": (("id",), ("operation_id", "lot_id")),
    "write_requests": (("id",), ("user_id", "idempotency_key")),
    "audit": (("id",),),
}
#: A derived column of such a table, which may be filled later.
_DERIVED = {"reservations": "search_key"}


def install(connection: Connection) -> None:
    """Create or replace every trigger."""
    for statement in _statements(connection):
        connection.exec_driver_sql(statement)


def missing(connection: Connection) -> list[str]:
    """Return the names of triggers that are absent or differ from their definition."""
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql(
            "SELECT name, sql FROM sqlite_master WHERE type='trigger'"
        )
        standing = {name: " ".join(sql.split()) for name, sql in rows}
        return [
            name
            for name, sql in _sqlite_triggers(connection).items()
            if standing.get(name) != " ".join(sql.split())
        ]
    rows = connection.exec_driver_sql(
        "SELECT t.tgname, p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
        " WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')"
    )
    standing = {name: " ".join(source.split()) for name, source in rows}
    return [
        name
        for name, body in _postgresql_triggers().items()
        if standing.get(name) != " ".join(body.split())
    ]


def _postgresql_triggers() -> dict[str, str]:
    """Return each trigger's name with the body of its function."""
    return {f"{table}_append_only": _REFUSE for table in APPEND_ONLY} | {
        name: balance_triggers.FUNCTIONS[function]
        for name, (function, _) in balance_triggers.POSTGRESQL.items()
    }


def _statements(connection: Connection) -> list[str]:
    if connection.dialect.name == "sqlite":
        statements = []
        for name, sql in _sqlite_triggers(connection).items():
            statements += [f"DROP TRIGGER IF EXISTS {name}", sql]
        return statements
    return [
        _function("inventory_append_only", _REFUSE),
        *(_function(name, body) for name, body in balance_triggers.FUNCTIONS.items()),
        *(
            f"CREATE OR REPLACE TRIGGER {table}_append_only"
            f" BEFORE {_update(connection, table)} OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION inventory_append_only()"
            for table in APPEND_ONLY
        ),
        *(
            f"CREATE OR REPLACE TRIGGER {name} {when} EXECUTE FUNCTION {function}()"
            for name, (function, when) in balance_triggers.POSTGRESQL.items()
        ),
    ]


def _update(connection: Connection, table: str) -> str:
    """Return the event of a change of any column of the table but the derived one."""
    derived = _DERIVED.get(table)
    columns = _columns(connection, table) if derived else []
    if derived not in columns:
        return "UPDATE"
    return f"UPDATE OF {', '.join(name for name in columns if name != derived)}"


def _columns(connection: Connection, table: str) -> list[str]:
    return [column["name"] for column in sa.inspect(connection).get_columns(table)]


def _function(name: str, body: str) -> str:
    escaped = body.replace("%", "%%")
    return f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $${escaped}$$"


_REFUSE = " BEGIN RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP; END "


def _sqlite_triggers(connection: Connection) -> dict[str, str]:
    triggers = {}
    for table, identities in APPEND_ONLY.items():
        for event, of in (("UPDATE", _update(connection, table)), ("DELETE", "DELETE")):
            name = f"{table}_no_{event.lower()}"
            triggers[name] = (
                f"CREATE TRIGGER {name} BEFORE {of} ON {table} BEGIN"
                f" SELECT RAISE(ABORT, '{table} is append-only: {event} refused'); END"
            )
        # INSERT OR REPLACE would pass both triggers above. UNIQUE in the message makes
        # `is_retryable_conflict` retry the write, because the cause is mostly a lost race.
        exists = " OR ".join(
            f"EXISTS (SELECT 1 FROM {table} WHERE "
            + " AND ".join(f"{column} = NEW.{column}" for column in columns)
            + ")"
            for columns in identities
        )
        name = f"{table}_no_replace"
        triggers[name] = (
            f"CREATE TRIGGER {name} BEFORE INSERT ON {table} WHEN {exists} BEGIN"
            f" SELECT RAISE(ABORT, '{table} is append-only: UNIQUE row exists'); END"
        )
    triggers |= balance_triggers.SQLITE
    # A migration that renames a table fails if a trigger names a column of a later version.
    if "search_key" in _columns(connection, "items"):
        triggers |= search_index.SQLITE
    return triggers
