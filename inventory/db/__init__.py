"""Engine, sessions and transactions.

May import `common` and `config`.
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
    short_read_connection,
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
    enable_lsn_tracking,
    exclusive_writer,
    is_database_unavailable,
    is_retryable_conflict,
    pop_last_lsn,
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
    "enable_lsn_tracking",
    "exact_sum",
    "exclusive_writer",
    "init_app",
    "is_database_unavailable",
    "is_retryable_conflict",
    "new_engine",
    "pop_last_lsn",
    "reading_engine",
    "short_read_connection",
    "snapshot",
    "sqlite_module",
    "temporary_engine",
    "unsafe_settings",
    "url",
    "use_connection",
    "write_transaction",
]
