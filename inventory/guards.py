"""Triggers, on both databases: some keep history as it was written, some keep the read cache.

`lot_heads` and `open_lines` are the read cache. It may be dropped at any moment: `rebuild`
makes it anew from the ledger.

Alembic's batch mode drops SQLite's triggers with the table it rebuilds, so migrations/env.py
installs them anew after every upgrade; `missing` tells whether each stands.
"""

# ruff: noqa: S608 - every name in these statements stands in this file

from __future__ import annotations

from sqlalchemy.engine import Connection

#: Append-only tables, each with the column lists that identify a row.
APPEND_ONLY: dict[str, tuple[tuple[str, ...], ...]] = {
    "inventory_ledger": (("id",), ("lot_id", "lot_seq"), ("reservation_id", "lot_id", "line_seq")),
    "operations": (("id",), ("reverses_id",)),
    "reservations": (("id",),),
    "qc_decisions": (("id",), ("lot_id", "decision_seq")),
    "lot_counts": (("id",), ("operation_id",)),
    "write_requests": (("id",), ("user_id", "idempotency_key")),
    "audit": (("id",),),
}


_LAST_ENTRIES = (
    "SELECT lot_id, item_id, lot_seq, on_hand_after, reserved_after FROM inventory_ledger e"
    " WHERE lot_seq = (SELECT max(lot_seq) FROM inventory_ledger x WHERE x.lot_id = e.lot_id)"
)
_LAST_LINES = (
    "SELECT reservation_id, lot_id, item_id, open_after FROM inventory_ledger e"
    " WHERE reservation_id IS NOT NULL AND open_after > 0 AND line_seq = (SELECT max(line_seq)"
    " FROM inventory_ledger x WHERE x.reservation_id = e.reservation_id AND x.lot_id = e.lot_id)"
)
_HEAD_COLUMNS = "lot_heads (lot_id, item_id, lot_seq, on_hand, reserved)"
_HEAD_UPSERT = (
    " ON CONFLICT (lot_id) DO UPDATE SET lot_seq = excluded.lot_seq,"
    " on_hand = excluded.on_hand, reserved = excluded.reserved"
)
_LINE_COLUMNS = "open_lines (reservation_id, lot_id, item_id, open)"
_LINE_UPSERT = " ON CONFLICT (reservation_id, lot_id) DO UPDATE SET open = excluded.open"


def install(connection: Connection) -> None:
    """Create every trigger, replacing what is there."""
    for statement in _statements(connection.dialect.name):
        connection.exec_driver_sql(statement)


def rebuild(connection: Connection) -> None:
    """Make the read cache anew from the ledger."""
    connection.exec_driver_sql("DELETE FROM lot_heads")
    connection.exec_driver_sql("DELETE FROM open_lines")
    connection.exec_driver_sql(f"INSERT INTO {_HEAD_COLUMNS} {_LAST_ENTRIES}")
    connection.exec_driver_sql(f"INSERT INTO {_LINE_COLUMNS} {_LAST_LINES}")


def cache_differences(connection: Connection) -> list[str]:
    """Where the read cache is not what the ledger says: empty when all is well."""
    wrong = []
    for table, columns, truth in (
        ("lot_heads", "lot_id, item_id, lot_seq, on_hand, reserved", _LAST_ENTRIES),
        ("open_lines", "reservation_id, lot_id, item_id, open", _LAST_LINES),
    ):
        cached = f"SELECT {columns} FROM {table}"
        if (
            connection.exec_driver_sql(f"{truth} EXCEPT {cached}").first()
            or connection.exec_driver_sql(f"{cached} EXCEPT {truth}").first()
        ):
            wrong.append(table)
    return wrong


def missing(connection: Connection) -> list[str]:
    """The names of guards that do not stand as they should: empty when all is well."""
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql(
            "SELECT name, sql FROM sqlite_master WHERE type='trigger'"
        )
        standing = {name: " ".join(sql.split()) for name, sql in rows}
        return [
            name
            for name, sql in _sqlite_triggers().items()
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
    """Each trigger's name and the body of the function that it must run."""
    return {f"{table}_append_only": _REFUSE for table in APPEND_ONLY} | {
        "inventory_ledger_cache": _KEEP_CACHE
    }


def _statements(dialect: str) -> list[str]:
    if dialect == "sqlite":
        statements = []
        for name, sql in _sqlite_triggers().items():
            statements += [f"DROP TRIGGER IF EXISTS {name}", sql]
        return statements
    return [
        _function("inventory_append_only", _REFUSE),
        _function("inventory_keep_cache", _KEEP_CACHE),
        *(
            f"CREATE OR REPLACE TRIGGER {table}_append_only"
            f" BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION inventory_append_only()"
            for table in APPEND_ONLY
        ),
        "CREATE OR REPLACE TRIGGER inventory_ledger_cache AFTER INSERT ON inventory_ledger"
        " REFERENCING NEW TABLE AS fresh"
        " FOR EACH STATEMENT EXECUTE FUNCTION inventory_keep_cache()",
    ]


def _function(name: str, body: str) -> str:
    escaped = body.replace("%", "%%")
    return f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $${escaped}$$"


_REFUSE = " BEGIN RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP; END "
_KEEP_CACHE = f"""
BEGIN
    INSERT INTO {_HEAD_COLUMNS}
    SELECT DISTINCT ON (lot_id) lot_id, item_id, lot_seq, on_hand_after, reserved_after
    FROM fresh ORDER BY lot_id, lot_seq DESC
    {_HEAD_UPSERT};
    IF EXISTS (SELECT 1 FROM fresh WHERE reservation_id IS NOT NULL) THEN
        DELETE FROM open_lines o USING (
            SELECT DISTINCT ON (reservation_id, lot_id) reservation_id, lot_id, open_after
            FROM fresh WHERE reservation_id IS NOT NULL
            ORDER BY reservation_id, lot_id, line_seq DESC
        ) last WHERE last.open_after = 0
            AND o.reservation_id = last.reservation_id AND o.lot_id = last.lot_id;
        INSERT INTO {_LINE_COLUMNS}
        SELECT reservation_id, lot_id, item_id, open_after FROM (
            SELECT DISTINCT ON (reservation_id, lot_id)
                reservation_id, lot_id, item_id, open_after
            FROM fresh WHERE reservation_id IS NOT NULL
            ORDER BY reservation_id, lot_id, line_seq DESC
        ) last WHERE open_after > 0
        {_LINE_UPSERT};
    END IF;
    RETURN NULL;
END
"""


def _sqlite_triggers() -> dict[str, str]:
    triggers = {}
    for table, identities in APPEND_ONLY.items():
        for event in ("UPDATE", "DELETE"):
            name = f"{table}_no_{event.lower()}"
            triggers[name] = (
                f"CREATE TRIGGER {name} BEFORE {event} ON {table} BEGIN"
                f" SELECT RAISE(ABORT, '{table} is append-only: {event} refused'); END"
            )
        # INSERT OR REPLACE would pass both of the above. The word UNIQUE lets a writer tell this
        # refusal for what it mostly is: a lost race.
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
    triggers["inventory_ledger_heads"] = (
        "CREATE TRIGGER inventory_ledger_heads AFTER INSERT ON inventory_ledger BEGIN"
        f" INSERT INTO {_HEAD_COLUMNS} VALUES (NEW.lot_id, NEW.item_id, NEW.lot_seq,"
        f" NEW.on_hand_after, NEW.reserved_after){_HEAD_UPSERT}; END"
    )
    triggers["inventory_ledger_lines"] = (
        "CREATE TRIGGER inventory_ledger_lines AFTER INSERT ON inventory_ledger"
        " WHEN NEW.reservation_id IS NOT NULL BEGIN"
        " DELETE FROM open_lines WHERE NEW.open_after = 0"
        " AND reservation_id = NEW.reservation_id AND lot_id = NEW.lot_id;"
        f" INSERT INTO {_LINE_COLUMNS} SELECT NEW.reservation_id, NEW.lot_id, NEW.item_id,"
        f" NEW.open_after WHERE NEW.open_after > 0{_LINE_UPSERT}; END"
    )
    return triggers
