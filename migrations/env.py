"""Runs the migrations in one transaction, then installs the triggers of the present code.

The migrations themselves import nothing of the product: what they did stays as it was. The triggers
are the present ones on purpose: Alembic's batch mode drops those of SQLite. So are the keys of
codes that look alike and those of the search, which are derived from codes and names.
"""

from __future__ import annotations

import logging
from pathlib import Path

import sqlalchemy as sa
from alembic import context
from flask import current_app
from sqlalchemy.engine import Connection

from inventory import audit
from inventory.db import code_keys, schema_version, search_keys, triggers

log = logging.getLogger("inventory.migrations")
handle = current_app.extensions["migrate"].db


def run() -> None:
    with handle.engine.connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:
            # Batch mode rebuilds tables that others refer to; what they refer to is checked below.
            connection.connection.dbapi_connection.execute("PRAGMA foreign_keys=OFF")
        connection = connection.execution_options(write=True)
        context.configure(
            connection=connection,
            target_metadata=handle.metadata,
            transactional_ddl=True,
            **current_app.extensions["migrate"].configure_args,
        )
        was_current = _is_current(connection)
        with context.begin_transaction():
            if not sqlite:
                # Several processes may start at once: one migrates, the others find it done.
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7205759403)")
                connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            context.run_migrations()
            _finish(connection, sqlite, was_current)
        if sqlite:
            connection.connection.dbapi_connection.execute("PRAGMA foreign_keys=ON")


def _is_current(connection: Connection) -> bool:
    folder = Path(context.script.dir)
    return schema_version.schema_status(connection, folder).is_current


def _finish(connection: Connection, sqlite: bool, was_current: bool) -> None:
    if not set(triggers.APPEND_ONLY) <= set(sa.inspect(connection).get_table_names()):
        return  # downgraded to nothing
    is_current = _is_current(connection)
    if was_current and is_current and (lost := triggers.missing(connection)):
        log.error("safeguards of the database were gone and are restored: %s", ", ".join(lost))
        audit.record(
            connection,
            user_id=None,
            action="safeguards restored",
            subject="database",
            triggers=lost,
        )
    triggers.install(connection)
    if is_current:
        code_keys.fill(connection)
        search_keys.fill(connection)
    if sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first()):
        raise RuntimeError(f"the migration broke a reference: {broken}")


if context.is_offline_mode():
    raise SystemExit("Offline mode is not supported: the triggers need a connection.")
run()
