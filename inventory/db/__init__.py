"""Engine, sessions and transactions.

Three ways to the database: `connection()` reads what a request needs, `snapshot()` reads one state
throughout, and functions with `@atomic` write. The rest is for other databases (backups), for
downloads that outlive their request, and for the read replica.

May import `config` and the layers below.
"""

from __future__ import annotations

from inventory.db.base import Base, UtcDateTime
from inventory.db.engine import (
    _POSTGRESQL,
    _PRAGMAS,
    SQLITE_WITHOUT_RESET_BUG,
    _is_alive,
    new_engine,
    sqlite_module,
    temporary_engine,
)
from inventory.db.exact_sum import exact_sum
from inventory.db.session import (
    app_context_thread,
    connection,
    db,
    init_app,
    reading_engine,
    snapshot,
    unsafe_settings,
    url,
    use_connection,
)
from inventory.db.transaction import (
    _no_lock,
    _write_lock_of,
    atomic,
    atomic_pipelined,
    exclusive_writer,
    is_database_unavailable,
    is_retryable_conflict,
    write_transaction,
)

__all__ = [
    "SQLITE_WITHOUT_RESET_BUG",
    "_POSTGRESQL",
    "_PRAGMAS",
    "Base",
    "UtcDateTime",
    "_is_alive",
    "_no_lock",
    "_write_lock_of",
    "app_context_thread",
    "atomic",
    "atomic_pipelined",
    "connection",
    "db",
    "exact_sum",
    "exclusive_writer",
    "init_app",
    "is_database_unavailable",
    "is_retryable_conflict",
    "new_engine",
    "reading_engine",
    "snapshot",
    "sqlite_module",
    "temporary_engine",
    "unsafe_settings",
    "url",
    "use_connection",
    "write_transaction",
]
