"""Engine, sessions and transactions. Imports `inventory.common` alone."""

from __future__ import annotations

from inventory.db.base import Base, UtcDateTime
from inventory.db.engine import (
    _POSTGRESQL,
    _PRAGMAS,
    SQLITE_WITHOUT_RESET_BUG,
    _lives,
    engine_on,
    new_engine,
    sqlite_module,
)
from inventory.db.session import (
    connection,
    db,
    in_a_thread,
    init_app,
    reading_briefly,
    reading_engine,
    reading_from,
    snapshot,
    url,
    weaknesses,
)
from inventory.db.transaction import (
    _gate_of,
    _open_gate,
    atomic,
    atomic_in_few_journeys,
    is_lost_race,
    is_outage,
    last_position,
    nobody_else_writes,
    tell_positions,
    writing_to,
)

__all__ = [
    "SQLITE_WITHOUT_RESET_BUG",
    "_POSTGRESQL",
    "_PRAGMAS",
    "Base",
    "UtcDateTime",
    "_gate_of",
    "_lives",
    "_open_gate",
    "atomic",
    "atomic_in_few_journeys",
    "connection",
    "db",
    "engine_on",
    "in_a_thread",
    "init_app",
    "is_lost_race",
    "is_outage",
    "last_position",
    "new_engine",
    "nobody_else_writes",
    "reading_briefly",
    "reading_engine",
    "reading_from",
    "snapshot",
    "sqlite_module",
    "tell_positions",
    "url",
    "weaknesses",
    "writing_to",
]
